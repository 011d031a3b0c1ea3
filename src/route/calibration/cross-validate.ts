import { setImmediate } from 'node:timers/promises';
import type { Blend } from './blend.ts';
import {
  blendedScores,
  blendOf,
  createComponentReader,
  fitComponents,
  type ComponentScores,
} from './predictor.ts';
import type { CountedText } from './text-space.ts';

export interface CrossValidation {
  /** The expected score of each model for each text, none of which was seen by what expects it. */
  readonly expected: readonly Float64Array[];
  /** From all texts together: for what is fitted to all of them. */
  readonly blend: Blend;
}

interface Hooks {
  readonly signal?: AbortSignal | undefined;
  /** Before each fold, from 0. */
  readonly onFold?: (fold: number) => void;
}

/**
 * Of each fold what is expected comes from the other folds: the components, and how far each is trusted, which is learned from what they
 * said of texts of those other folds that they had not seen.
 * @param folds the fold of each text, 0 to foldCount - 1
 * @throws the signal's reason when aborted
 */
export async function crossValidate(
  texts: readonly CountedText[],
  scores: readonly Float64Array[],
  folds: Uint8Array,
  foldCount: number,
  { signal, onFold = () => undefined }: Hooks = {},
): Promise<CrossValidation> {
  const said: ComponentScores[] = [];
  for (let fold = 0; fold < foldCount; fold++) {
    onFold(fold);
    await pause(signal);
    const isInside = (_: unknown, at: number): boolean => folds[at] !== fold;
    const components = fitComponents(
      texts.filter(isInside),
      scores.map((one) => one.filter(isInside)),
    );
    await pause(signal);
    const read = createComponentReader(components);
    texts.forEach((text, at) => {
      if (folds[at] === fold) said[at] = read(text);
    });
  }
  const expected = scores.map((one) => new Float64Array(one.length));
  for (let fold = 0; fold < foldCount; fold++) {
    const isOther = (_: unknown, at: number): boolean => folds[at] !== fold;
    const blend = blendOf(
      said.filter(isOther),
      scores.map((one) => one.filter(isOther)),
    );
    said.forEach((one, at) => {
      if (folds[at] !== fold) return;
      blendedScores(one, blend).forEach((score, model) => {
        const list = expected[model];
        if (list !== undefined) list[at] = score;
      });
    });
  }
  return { expected, blend: blendOf(said, scores) };
}

/** Lets signals and whoever else waits in this process have their turn. */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
