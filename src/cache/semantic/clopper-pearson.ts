/** A 95% confidence interval of a share, 0 to 1. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Pure: Clopper and Pearson's (1934) exact interval of a binomial share, 2.5% on either side.
 * @param count of `total` trials, 0 to `total`; without trials nothing is known: 0 to 1
 */
export function clopperPearson(count: number, total: number): Interval {
  return {
    lower: count === 0 ? 0 : solve((share) => 1 - cumulative(count - 1, total, share) >= 0.025),
    upper: count >= total ? 1 : solve((share) => cumulative(count, total, share) <= 0.025),
  };
}

/** The smallest share for which `isReached`, which stays true from there on. */
function solve(isReached: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (isReached(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Probability of at most `count` of `total`. */
function cumulative(count: number, total: number, share: number): number {
  if (share <= 0) return 1;
  if (share >= 1) return count >= total ? 1 : 0;
  let logTerm = total * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let index = 1; index <= count; index++) {
    logTerm += Math.log((total - index + 1) / index) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
