import { taskOf } from '../src/route/task/task-of.ts';
import { taskNames } from '../src/route/task/task-type.ts';
import type { Benchmark } from './benchmark.ts';
import { median, quantile, rounded } from './stats.ts';
import { readTaskPrompts, scoreTasks } from './task-score.ts';

/** How well `taskOf` tells the guide's tasks apart on prompts that it was not written with, and how quick it is. */
export const tasks: Benchmark = async (setup) => {
  setup.progress('test prompts');
  const prompts = await readTaskPrompts('test');
  const score = scoreTasks(prompts);
  const development = scoreTasks(await readTaskPrompts('development'));
  setup.progress('speed');
  const long = Array.from({ length: 40 }, (_, index) =>
    prompts
      .slice(index * 7, index * 7 + 40)
      .map(({ text }) => text)
      .join('\n')
      .slice(0, 2000),
  );
  const times = (texts: readonly string[]) =>
    Array.from({ length: setup.repeatCount ?? (setup.quick ? 2 : 10) }, () =>
      texts.map((text) => {
        const startedAt = performance.now();
        taskOf(text);
        return performance.now() - startedAt;
      }),
    ).flat();
  const [asTheyAre, of2000] = [times(prompts.map(({ text }) => text)), times(long)];
  const [low, high] = score.interval;
  return {
    figures: {
      macro_f1: rounded(score.macroF1),
      macro_f1_low: rounded(low),
      macro_f1_high: rounded(high),
      accuracy: rounded(score.accuracy),
      ms: rounded(median(asTheyAre)),
      ms_2000_characters: rounded(median(of2000)),
    },
    targets: [
      { key: 'macro_f1', value: score.macroF1, atLeast: 0.8 },
      { key: 'ms', value: median(asTheyAre), atMost: 1 },
      { key: 'ms_2000_characters', value: median(of2000), atMost: 1 },
    ],
    rows: [...score.ofTask].map(([task, { precision, recall, f1 }]) => ({
      label: `${task} (${taskNames[task]})`,
      cells: {
        prompts: prompts.filter((prompt) => prompt.task === task).length,
        precision: rounded(precision, 3),
        recall: rounded(recall, 3),
        F1: rounded(f1, 3),
      },
    })),
    notes: [
      `${score.promptCount} prompts in ${new Set(prompts.map(({ language }) => language)).size} languages (bench/workloads/tasks/test.jsonl), ` +
        `written and committed before the rules and not read while those were written; macro-F1 ${rounded(score.macroF1, 3)}, 95% by ` +
        `bootstrap ${rounded(low, 3)}-${rounded(high, 3)}. The same hand wrote both, so prompts of strangers will be recognised less well.`,
      `On the ${development.promptCount} prompts that the rules were written with: ${rounded(development.macroF1, 3)}.`,
      `Milliseconds: medians in one thread; 99 of 100 prompts take at most ${rounded(quantile(asTheyAre, 0.99), 2)} ms.`,
    ],
  };
};
