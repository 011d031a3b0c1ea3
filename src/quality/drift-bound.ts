import { scoreOf, type OutcomeShares } from './outcome.ts';

/**
 * What no test can do better, by Neyman and Pearson's lemma: a sequential test that has raised an alarm with chance `power` within so
 * many answers after a fall, and with at most `falseRate` within as many answers of a tier that is as expected, is a test between the
 * two on that many answers; of those the likelihood ratio is the most powerful one, and where the fall is an exponential tilting it
 * grows with the sum of scores alone. Pure, exact.
 * @returns the least number of answers with which both can be kept; null: not within `longest`
 */
export function leastAnswersFor(
  expected: OutcomeShares,
  fallen: OutcomeShares,
  {
    power,
    falseRate,
    longest = 4000,
  }: { readonly power: number; readonly falseRate: number; readonly longest?: number },
): number | null {
  // Chances of each sum of scores, in halves.
  let before = Float64Array.of(1);
  let after = Float64Array.of(1);
  for (let count = 1; count <= longest; count += 1) {
    before = oneMore(before, expected);
    after = oneMore(after, fallen);
    if (bestPower(before, after, falseRate) >= power) return count;
  }
  return null;
}

function oneMore(sums: Float64Array, shares: OutcomeShares): Float64Array<ArrayBuffer> {
  const next = new Float64Array(sums.length + 2);
  for (const outcome of ['win', 'tie', 'loss'] as const) {
    const by = 2 * scoreOf(outcome);
    for (let sum = 0; sum < sums.length; sum += 1)
      next[sum + by] = (next[sum + by] ?? 0) + (sums[sum] ?? 0) * shares[outcome];
  }
  return next;
}

/** Of the test that takes low sums for a fall, by chance where it stands on the border. */
function bestPower(before: Float64Array, after: Float64Array, falseRate: number): number {
  let left = falseRate;
  let power = 0;
  for (let sum = 0; sum < before.length; sum += 1) {
    const chance = before[sum] ?? 0;
    if (chance >= left) return power + (chance === 0 ? 0 : ((after[sum] ?? 0) * left) / chance);
    left -= chance;
    power += after[sum] ?? 0;
  }
  return power;
}
