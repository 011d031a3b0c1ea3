import { expect, test } from 'vitest';
import { macroF1, readTaskPrompts, scoreTasks } from './task-score.ts';

test('tasks are recognised on prompts that the rules were not written with', async () => {
  const prompts = await readTaskPrompts('test');
  expect(prompts).toHaveLength(300);
  const score = scoreTasks(prompts);
  process.stderr.write(
    `macro-F1 ${score.macroF1.toFixed(3)} [${score.interval.map((x) => x.toFixed(3)).join(', ')}]\n`,
  );
  expect(score.macroF1).toBeGreaterThanOrEqual(0.8);
  expect(score.interval[0]).toBeLessThan(score.macroF1);
});

test('no prompt of the test is among those that the rules were written with', async () => {
  const known = new Set((await readTaskPrompts('development')).map(({ text }) => text.toLowerCase()));
  expect((await readTaskPrompts('test')).filter(({ text }) => known.has(text.toLowerCase()))).toEqual([]);
});

test('macro-F1 counts each task alike, whatever its number of prompts', () => {
  const right = { task: 'code', recognised: 'code' } as const;
  const wrong = { task: 'creative', recognised: 'code' } as const;
  // code: precision 9/10, recall 1; creative: never recognised.
  expect(macroF1([...Array.from({ length: 9 }, () => right), wrong])).toBeCloseTo((18 / 19 + 0) / 2);
});
