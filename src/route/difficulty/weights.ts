import type { FeatureName, Features } from './features.ts';

/** What scripts/train-difficulty.ts writes. */
export interface DifficultyWeights {
  readonly version: 1;
  /** Amounts that count beside the length of the question. */
  readonly amounts: readonly FeatureName[];
  /** What each of them weighs; the length weighs 1. */
  readonly amountWeight: number;
  /**
   * The raw score below which 1%, 2%, ... 99% of the public questions lie, each benchmark counting the same: what makes a score a
   * share.
   */
  readonly percentiles: readonly number[];
}

/** Pure. How much there is to read, to hold and to tell apart in a question; in logarithms, without bounds. */
export function rawDifficulty(
  features: Features,
  { amounts, amountWeight }: Pick<DifficultyWeights, 'amounts' | 'amountWeight'>,
): number {
  let raw = features.stemLength;
  for (const name of amounts) raw += amountWeight * features[name];
  return raw;
}

/**
 * The share of the public questions that are easier, 0-1, exclusive; strictly rising, beyond the outermost percentiles too, so that
 * no two raw scores become one.
 */
export function shareBelow(raw: number, percentiles: readonly number[]): number {
  const first = percentiles[0] ?? 0;
  const last = percentiles.at(-1) ?? 0;
  const step = 1 / (percentiles.length + 1);
  if (raw <= first) return step / (1 + (first - raw));
  if (raw >= last) return 1 - step / (1 + (raw - last));
  let at = 0;
  while ((percentiles[at + 1] ?? last) <= raw) at++;
  const low = percentiles[at] ?? first;
  const high = percentiles[at + 1] ?? last;
  return step * (at + 1 + (raw - low) / (high - low));
}
