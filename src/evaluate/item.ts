import type { TaskType } from '../route/task/task-type.ts';

/** The tasks that are evaluated: all of the guide's. */
export type EvaluatedTask = Exclude<TaskType, 'other'>;

/** How an answer is checked: by a program, never by another model. */
export type Check =
  /** One of `options` is named, and the first or last that is named is `answer`. */
  | { readonly type: 'choice'; readonly options: readonly string[]; readonly answer: string }
  /** All of it, apart from case, quotes, code fences and a full stop, is one of these. */
  | { readonly type: 'exact'; readonly answers: readonly string[] }
  /** Names at least one of each list. */
  | { readonly type: 'mentions'; readonly all: readonly (readonly string[])[]; readonly mostWords?: number }
  /** The last number in it. */
  | { readonly type: 'number'; readonly value: number }
  /** JSON with these values, the first object or array in it. */
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'form'; readonly rules: readonly FormRule[] };

/** What a program can see of a piece of writing: its form, never whether it is any good. */
export type FormRule =
  | { readonly rule: 'words'; readonly least?: number; readonly most?: number }
  | { readonly rule: 'lines'; readonly count: number }
  | { readonly rule: 'sentences'; readonly count: number }
  | { readonly rule: 'uses'; readonly words: readonly string[] }
  | { readonly rule: 'avoids'; readonly words: readonly string[] }
  | { readonly rule: 'begins'; readonly text: string }
  | { readonly rule: 'ends'; readonly text: string }
  | { readonly rule: 'initials'; readonly letters: string }
  | { readonly rule: 'items'; readonly count: number };

export interface EvaluationItem {
  /** Unique: the task and a number. */
  readonly id: string;
  readonly task: EvaluatedTask;
  readonly prompt: string;
  readonly maxTokenCount: number;
  readonly check: Check;
}
