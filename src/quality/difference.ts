import { totalOf, type OutcomeCounts } from './outcome.ts';

/** How much better the lower tier's answers were judged than those of the tier above: (wins - losses) / all, -1 to 1. */
export interface QualityDifference {
  readonly answerCount: number;
  readonly difference: number;
  /** Of 95%. */
  readonly low: number;
  readonly high: number;
}

/** The two-sided 95% quantile of the normal distribution. */
const z = 1.959964;

/**
 * Pure; null where nothing was judged. The interval is Tango's score interval for a difference of paired proportions (T. Tango,
 * "Equivalence test and confidence interval for the difference in proportions for the paired-sample design", Statistics in
 * Medicine 17, 1998): unlike a bootstrap it does not shrink to nothing where all of a few answers were ties.
 */
export function qualityDifference(counts: OutcomeCounts): QualityDifference | null {
  const answerCount = totalOf(counts);
  if (answerCount === 0) return null;
  const { win, loss } = counts;
  const difference = (win - loss) / answerCount;
  return {
    answerCount,
    difference,
    low: boundOf(win, loss, answerCount, -1, difference, 1),
    high: boundOf(win, loss, answerCount, difference, 1, -1),
  };
}

/** Where the score statistic passes z, between `from` and `to`, by bisection; it falls as the assumed difference grows. */
function boundOf(win: number, loss: number, count: number, from: number, to: number, sign: 1 | -1): number {
  let [low, high] = [from, to];
  for (let turn = 0; turn < 60; turn += 1) {
    const middle = (low + high) / 2;
    if (statistic(win, loss, count, middle) > sign * z) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function statistic(win: number, loss: number, count: number, assumed: number): number {
  // The share of losses that is likeliest where wins exceed losses by `assumed`: the root of its score equation.
  const a = 2 * count;
  const b = (2 * count - win + loss) * assumed - win - loss;
  const c = -loss * assumed * (1 - assumed);
  const losses = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = count * (2 * losses + assumed * (1 - assumed));
  const excess = win - loss - count * assumed;
  if (variance <= 0) return excess === 0 ? 0 : Math.sign(excess) * Infinity;
  return excess / Math.sqrt(variance);
}
