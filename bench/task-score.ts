import { readFile } from 'node:fs/promises';
import { taskOf } from '../src/route/task/task-of.ts';
import { taskTypes, type TaskType } from '../src/route/task/task-type.ts';
import { bootstrapInterval } from './bootstrap.ts';

/** A prompt whose task is known, of bench/workloads/tasks/. */
export interface TaskPrompt {
  readonly id: string;
  readonly language: string;
  readonly task: TaskType;
  readonly text: string;
}

export interface Recognition {
  readonly task: TaskType;
  readonly recognised: TaskType;
}

export interface TaskScore {
  readonly promptCount: number;
  readonly macroF1: number;
  /** 95%, by bootstrap over the prompts. */
  readonly interval: readonly [number, number];
  readonly accuracy: number;
  readonly ofTask: ReadonlyMap<
    TaskType,
    { readonly precision: number; readonly recall: number; readonly f1: number }
  >;
}

export async function readTaskPrompts(name: 'test' | 'development'): Promise<readonly TaskPrompt[]> {
  const text = await readFile(new URL(`workloads/tasks/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TaskPrompt);
}

export function scoreTasks(prompts: readonly TaskPrompt[]): TaskScore {
  const pairs = prompts.map(({ task, text }) => ({ task, recognised: taskOf(text).task }));
  return {
    promptCount: pairs.length,
    macroF1: macroF1(pairs),
    interval: bootstrapInterval(pairs, macroF1),
    accuracy: pairs.filter(({ task, recognised }) => task === recognised).length / pairs.length,
    ofTask: new Map(taskTypes.map((task) => [task, scoreOf(task, pairs)])),
  };
}

function scoreOf(task: TaskType, pairs: readonly Recognition[]) {
  const right = pairs.filter((pair) => pair.task === task && pair.recognised === task).length;
  const recognised = pairs.filter((pair) => pair.recognised === task).length;
  const known = pairs.filter((pair) => pair.task === task).length;
  return {
    precision: recognised === 0 ? 0 : right / recognised,
    recall: known === 0 ? 0 : right / known,
    f1: known + recognised === 0 ? NaN : (2 * right) / (known + recognised),
  };
}

/** The mean F1 of the tasks that are there, each counted alike. */
export function macroF1(pairs: readonly Recognition[]): number {
  const scores = taskTypes.map((task) => scoreOf(task, pairs).f1).filter((f1) => !Number.isNaN(f1));
  return scores.reduce((sum, f1) => sum + f1, 0) / scores.length;
}
