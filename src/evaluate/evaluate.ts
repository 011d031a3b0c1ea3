import { isRight } from './check-answer.ts';
import type { EvaluatedTask, EvaluationItem } from './item.ts';
import { measureAll } from './measure-all.ts';
import { wilsonInterval } from './wilson.ts';

/** What became of one item. */
export interface ItemResult {
  readonly id: string;
  readonly task: EvaluatedTask;
  readonly isRight: boolean;
  /** What the model wrote. */
  readonly answer: string;
  readonly promptTokenCount: number;
  readonly completionTokenCount: number;
  /** Milliseconds from asking to the whole answer, beside `atOnce` others. */
  readonly ms: number;
}

export interface AskedAnswer {
  readonly text: string;
  readonly promptTokenCount: number;
  readonly completionTokenCount: number;
}

export interface EvaluateOptions {
  readonly items: readonly EvaluationItem[];
  /** What stands of an earlier run. */
  readonly known: readonly ItemResult[];
  /** Asked at the same time, at least 1. */
  readonly atOnce: number;
  /** A whole answer, greedy. What it throws ends the run: an item that cannot be asked is no wrong answer. */
  readonly ask: (item: EvaluationItem, signal: AbortSignal) => Promise<AskedAnswer>;
  /** Called for each new result, one after another. */
  readonly keep: (result: ItemResult) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Asks every item that has no result yet. @returns the results of all that were asked by now or before, in the items' order */
export async function evaluate(options: EvaluateOptions): Promise<readonly ItemResult[]> {
  const { ask, ...others } = options;
  return measureAll({
    ...others,
    measure: async (item, signal) => {
      const startedAt = performance.now();
      const { text, promptTokenCount, completionTokenCount } = await ask(item, signal);
      const ms = Math.round(performance.now() - startedAt);
      const { id, task, check } = item;
      return {
        id,
        task,
        isRight: isRight(text, check),
        answer: text,
        promptTokenCount,
        completionTokenCount,
        ms,
      };
    },
  });
}

export interface TaskAccuracy {
  readonly task: EvaluatedTask;
  readonly rightCount: number;
  readonly count: number;
  /** 0 to 1. */
  readonly accuracy: number;
  /** 95%, by Wilson. */
  readonly interval: readonly [low: number, high: number];
}

/** Pure: per task, in the order in which tasks first come. */
export function accuracies(results: readonly ItemResult[]): readonly TaskAccuracy[] {
  return [...Map.groupBy(results, ({ task }) => task)].map(([task, own]) => {
    const rightCount = own.filter((result) => result.isRight).length;
    return {
      task,
      rightCount,
      count: own.length,
      accuracy: rightCount / own.length,
      interval: wilsonInterval(rightCount, own.length),
    };
  });
}

/** The first `limit` items of each of these tasks. */
export function chosenItems<Item extends { readonly task: EvaluatedTask }>(
  items: readonly Item[],
  tasks: readonly EvaluatedTask[],
  limit: number,
): readonly Item[] {
  return tasks.flatMap((task) => items.filter((item) => item.task === task).slice(0, limit));
}
