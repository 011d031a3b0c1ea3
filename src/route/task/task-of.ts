import { askedLanguage } from './asked-language.ts';
import { classificationCues } from './classification-cues.ts';
import { codeCues } from './code-cues.ts';
import { creativeCues } from './creative-cues.ts';
import { strengthOf, type Cue } from './cue.ts';
import { identifyLanguage } from './identify-language.ts';
import { otherCues } from './other-cues.ts';
import { shapeOf } from './prompt-shape.ts';
import { qaCues } from './qa-cues.ts';
import { reasoningCues } from './reasoning-cues.ts';
import type { TaskType } from './task-type.ts';

export interface RecognisedTask {
  readonly task: TaskType;
  /** What spoke for it, strongest first; never text of the prompt. */
  readonly reasons: readonly string[];
}

const cues: readonly Cue[] = [
  ...classificationCues,
  ...codeCues,
  ...creativeCues,
  ...reasoningCues,
  ...otherCues,
  ...qaCues,
];

/** Less than this says nothing. */
const leastStrength = 0.5;

/**
 * Pure: what kind of task a prompt is, by rules over its structure, its words and its language. Rules were written by hand;
 * `npm run bench -- tasks` scores them. Under 1 ms a prompt: of a long one the beginning and the end are read.
 */
export function taskOf(text: string): RecognisedTask {
  const shape = shapeOf(text);
  const asked = askedLanguage(shape.instruction);
  if (asked !== null) return { task: 'low_resource', reasons: [`asks for an answer in ${asked}`] };
  // Code is in no language, and what is asked about it is.
  const language = identifyLanguage(shape.instruction) ?? identifyLanguage(shape.whole);
  if (language?.isLowResource === true)
    return { task: 'low_resource', reasons: [`is written in ${language.code}`] };
  const found = cues.flatMap((cue) => {
    const strength = strengthOf(cue, shape);
    return strength === 0 ? [] : [{ task: cue.task, reason: cue.reason, strength }];
  });
  const sums = new Map<TaskType, number>();
  for (const { task, strength } of found) sums.set(task, (sums.get(task) ?? 0) + strength);
  const [best] = [...sums].toSorted(([, a], [, b]) => b - a);
  if (best === undefined || best[1] < leastStrength)
    return { task: 'other', reasons: ['nothing spoke for another'] };
  return {
    task: best[0],
    reasons: [
      ...new Set(
        found
          .filter(({ task }) => task === best[0])
          .toSorted((a, b) => b.strength - a.strength)
          .map(({ reason }) => reason),
      ),
    ],
  };
}
