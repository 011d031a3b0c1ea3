import type { PromptShape } from './prompt-shape.ts';
import type { TaskType } from './task-type.ts';

/** One sign that a prompt is of a task. */
export interface Cue {
  readonly task: Exclude<TaskType, 'low_resource'>;
  /** Said where it speaks for the task that won. */
  readonly reason: string;
  /** How much it says: 1 is a hint, 2 a sign, 3 nearly certain. */
  readonly weight: number;
  readonly isThere: (shape: PromptShape) => boolean;
}

/** What a sign counts for where it stands in the material only, and not in what is asked. */
const materialShare = 0.3;

/** Pure: what a cue says of a prompt, 0 to its weight. */
export function strengthOf(cue: Cue, shape: PromptShape): number {
  return cue.isThere(shape) ? cue.weight : 0;
}

const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
/** A letter or digit of a script that puts spaces between words. */
const inWord = String.raw`[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Greek}\p{N}\p{M}]`;

/**
 * Any of these patterns (split at `|`) as whole words; a `*` behind a letter leaves its end open, and `.*` is a few words of the
 * same sentence. In scripts without spaces: anywhere.
 */
export function anyOf(list: string): RegExp {
  const parts = alternativesOf(list);
  const spaced = parts
    .filter((part) => !unspaced.test(part))
    .map((part) =>
      part.replaceAll('.*', String.raw`[^.\n]{0,40}?`).replaceAll(/(?<=\p{L})\*/gu, String.raw`\p{L}*`),
    );
  const anywhere = parts.filter((part) => unspaced.test(part));
  return new RegExp(
    [
      ...(spaced.length === 0 ? [] : [`(?<!${inWord})(?:${spaced.join('|')})(?!${inWord})`]),
      ...anywhere,
    ].join('|'),
    'u',
  );
}

/** Split at each `|` outside of brackets. */
function alternativesOf(list: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of list) {
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    if (character === '|' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part].map((one) => one.trim()).filter((one) => one !== '');
}

/** A cue in what is asked. */
export function asked(task: Cue['task'], weight: number, reason: string, pattern: RegExp): Cue {
  return { task, weight, reason, isThere: ({ instruction }) => pattern.test(instruction) };
}

/** A cue that counts wherever it stands, less in the material. */
export function anywhere(task: Cue['task'], weight: number, reason: string, pattern: RegExp): readonly Cue[] {
  return [
    asked(task, weight * (1 - materialShare), reason, pattern),
    { task, weight: weight * materialShare, reason, isThere: ({ whole }) => pattern.test(whole) },
  ];
}

/** A cue of the whole, with its case. */
export function written(task: Cue['task'], weight: number, reason: string, pattern: RegExp): Cue {
  return { task, weight, reason, isThere: ({ original }) => pattern.test(original) };
}

export function shaped(task: Cue['task'], weight: number, reason: string, isThere: Cue['isThere']): Cue {
  return { task, weight, reason, isThere };
}
