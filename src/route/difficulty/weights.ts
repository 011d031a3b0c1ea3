import type { FeatureName, Features } from './features.ts';

/** What scripts/train-difficulty.ts writes. */
export interface DifficultyWeights {
  readonly version: 2;
  /** Amounts that count beside the length of the question itself. */
  readonly amounts: readonly FeatureName[];
  /** What each of them weighs in `amountOf`; the length weighs 1. */
  readonly amountWeight: number;
  /**
   * The raw score below which 1%, 2%, ... 99% of the public questions lie, asked without answers to choose from, each benchmark
   * counting the same: what makes a score a share.
   */
  readonly percentiles: readonly number[];
}

/** Pure. How much there is to read and to hold in a question, without its answers to choose from; in logarithms, without bounds. */
export function amountOf(
  features: Features,
  { amounts, amountWeight }: Pick<DifficultyWeights, 'amounts' | 'amountWeight'>,
): number {
  let amount = features.stemLength;
  for (const name of amounts) amount += amountWeight * features[name];
  return amount;
}

/** What one standard deviation is among public questions, rounded: texts were measured for it, outcomes were not looked at. */
const spreads = {
  length: 0.75,
  amount: 3,
  demand: 0.3,
  rareWordShare: 0.1,
  optionSimilarity: 0.25,
  negationCount: 0.4,
  compoundOptionCount: 0.24,
};
/** What a standard deviation of each sign weighs where one of the whole length weighs 1; the amounts count twice. */
const signWeight = 0.25;

/**
 * Pure, without bounds. The length of the whole prompt, and a quarter as much each: the amounts in the question (twice), what its words
 * demand, how rare they are, how alike the answers to choose from are, negations, and answers that hold other answers.
 */
export function rawDifficulty(
  features: Features,
  weights: Pick<DifficultyWeights, 'amounts' | 'amountWeight'>,
): number {
  const signs =
    (2 * amountOf(features, weights)) / spreads.amount +
    features.demand / spreads.demand +
    features.rareWordShare / spreads.rareWordShare +
    features.optionSimilarity / spreads.optionSimilarity +
    features.negationCount / spreads.negationCount +
    features.compoundOptionCount / spreads.compoundOptionCount;
  return features.length / spreads.length + signWeight * signs;
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
