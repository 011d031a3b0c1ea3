import { meanScore, outcomes, scoreOf, type Outcome, type OutcomeShares } from './outcome.ts';

/**
 * How a fall of a tier's quality is noticed: Page's cumulative sum (E. S. Page, "Continuous inspection schemes", Biometrika
 * 41, 1954) of the log-likelihood ratio of "fallen" over "as expected", stopped at a threshold that keeps false alarms rare.
 *
 * `fallen` is the expectation tilted exponentially until its mean score is lower by `drop`: of all distributions with that
 * mean the one that is hardest to tell from the expectation (least Kullback-Leibler divergence), so that others with the
 * same mean are no harder. For outcomes without ties it is the ratio of two Bernoulli variables.
 */
export interface DriftDesign {
  readonly expected: OutcomeShares;
  readonly fallen: OutcomeShares;
  /** Added for each outcome: above 0 it speaks for a fall. In nats. */
  readonly steps: OutcomeShares;
  /** The sum at which the alarm is given, in nats. */
  readonly threshold: number;
  /** A lower one: from here on the tier is watched, and loses a part of its share until the sum falls again. */
  readonly watchThreshold: number;
}

export interface DriftSettings {
  /** The fall that is to be noticed, in points of mean score (0-1). */
  readonly drop: number;
  /** The highest chance of one or more alarms in `horizon` judged answers of a tier that is as expected. */
  readonly falseAlarmRate: number;
  /** In judged answers. */
  readonly horizon: number;
  /** The share of its answers at which a tier that is as expected may stand watched. */
  readonly watchedShare: number;
}

/** 1% is promised; half of it leaves room for what the chain rounds. */
export const usualDrift: DriftSettings = {
  drop: 0.1,
  falseAlarmRate: 0.005,
  horizon: 10_000,
  watchedShare: 0.01,
};

/** No outcome is taken to be impossible: the first that comes would otherwise prove everything. */
const leastShare = 0.005;

/** Pure. The threshold is the lowest that keeps the bound, found with the chain of `alarmChance`. */
export function designDrift(given: OutcomeShares, settings: DriftSettings = usualDrift): DriftDesign {
  const expected = withoutZeros(given);
  const fallen = tilted(expected, Math.max(0.01, meanScore(expected) - settings.drop));
  const steps = sharesOf((outcome) => Math.log(fallen[outcome] / expected[outcome]));
  const threshold = leastThreshold(steps, expected, settings.falseAlarmRate, settings.horizon);
  const watchThreshold = quantileOf(steps, expected, threshold, 1 - settings.watchedShare);
  return { expected, fallen, steps, threshold, watchThreshold };
}

/** The lowest sum, to a twentieth of a nat, that outcomes of these shares pass within the horizon no more often than `rate`. */
export function leastThreshold(
  steps: OutcomeShares,
  shares: OutcomeShares,
  rate: number,
  horizon: number,
): number {
  let low = 0;
  // Wald: the sum passes h before it falls below 0 with a chance of at most e^-h, and begins at most once an outcome.
  let high = Math.log(horizon / rate) + Math.max(steps.win, steps.tie, steps.loss);
  while (high - low > 0.05) {
    const middle = (low + high) / 2;
    if (alarmChance(steps, shares, middle, horizon) <= rate) high = middle;
    else low = middle;
  }
  return high;
}

/** How many judged answers pass from a fall to the alarm, where the sum stands at 0 as it happens. */
export interface Delay {
  readonly median: number;
  /** 95 of 100 falls are noticed by then. */
  readonly percentile95: number;
}

/** Pure. What the chain predicts for answers that come by `shares` (by default those that the design calls fallen). */
export function delayOf(
  { steps, fallen }: DriftDesign,
  threshold: number,
  shares: OutcomeShares = fallen,
): Delay {
  let median = longest;
  const percentile95 = walk(steps, shares, threshold, longest, (chance, count) => {
    if (chance >= 0.5) median = Math.min(median, count);
    return chance >= 0.95;
  });
  return { median, percentile95 };
}

/** Judged answers after which a fall is taken for never noticed. */
const longest = 20_000;

/** Pure: the chance that the sum passes the threshold within so many outcomes, from 0. */
export function alarmChance(
  steps: OutcomeShares,
  shares: OutcomeShares,
  threshold: number,
  horizon: number,
): number {
  let chance = 0;
  let last = 0;
  let hazard = 0;
  const seen = walk(steps, shares, threshold, horizon, (now, count) => {
    const next = (now - last) / Math.max(1e-300, 1 - last);
    const isSteady = count > 100 && Math.abs(next - hazard) <= 1e-4 * next;
    [last, hazard, chance] = [now, next, now];
    return isSteady;
  });
  // The chain has forgotten its beginning: from here on the same part of what is left goes with each outcome.
  return 1 - (1 - chance) * (1 - hazard) ** Math.max(0, horizon - seen);
}

/** The sum below which it stands at this share of all outcomes, once it has forgotten its beginning. */
function quantileOf(steps: OutcomeShares, shares: OutcomeShares, threshold: number, share: number): number {
  let quantile = threshold;
  walk(steps, shares, threshold, forgottenAfter, (alarmed, count, sums) => {
    if (count < forgottenAfter) return false;
    let below = 0;
    const cell = sums.findIndex((mass) => (below += mass) >= share * (1 - alarmed));
    quantile = ((cell + 1) * threshold) / sums.length;
    return true;
  });
  return quantile;
}

const forgottenAfter = 1000;

/** Cells of the sum from 0 to the threshold. A step that ends between two cells is shared by them, its mean kept. */
const cellsPerNat = 25;

/** Walks the chain until `isOver` says so. Returns the number of outcomes by then, at most `most`. */
function walk(
  steps: OutcomeShares,
  shares: OutcomeShares,
  threshold: number,
  most: number,
  isOver: (alarmed: number, count: number, sums: Float64Array) => boolean,
): number {
  const cellCount = Math.max(1, Math.ceil(threshold * cellsPerNat));
  const width = threshold / cellCount;
  const moves = outcomes.flatMap((outcome) => {
    const cells = steps[outcome] / width;
    const below = Math.floor(cells);
    const part = cells - below;
    return [
      { by: below, chance: shares[outcome] * (1 - part) },
      { by: below + 1, chance: shares[outcome] * part },
    ].filter(({ chance }) => chance > 0);
  });
  let now = new Float64Array(cellCount);
  let next = new Float64Array(cellCount);
  now[0] = 1;
  let alarmed = 0;
  for (let count = 1; count <= most; count += 1) {
    next.fill(0);
    for (const { by, chance } of moves) {
      const first = Math.min(cellCount, Math.max(0, 1 - by));
      const last = Math.max(first, Math.min(cellCount, cellCount - by));
      let atZero = 0;
      for (let cell = 0; cell < first; cell += 1) atZero += now[cell] ?? 0;
      next[0] = (next[0] ?? 0) + atZero * chance;
      for (let cell = first; cell < last; cell += 1) {
        next[cell + by] = (next[cell + by] ?? 0) + (now[cell] ?? 0) * chance;
      }
      for (let cell = last; cell < cellCount; cell += 1) alarmed += (now[cell] ?? 0) * chance;
    }
    [now, next] = [next, now];
    if (isOver(alarmed, count, now)) return count;
  }
  return most;
}

/** Of the same support, with another mean: each share times e^(t score), by bisection over t. */
export function tilted(shares: OutcomeShares, mean: number): OutcomeShares {
  const at = (t: number): OutcomeShares => {
    const weights = sharesOf((outcome) => shares[outcome] * Math.exp(t * scoreOf(outcome)));
    const sum = weights.win + weights.tie + weights.loss;
    return sharesOf((outcome) => weights[outcome] / sum);
  };
  let low = -60;
  let high = 60;
  for (let turn = 0; turn < 80; turn += 1) {
    const middle = (low + high) / 2;
    if (meanScore(at(middle)) < mean) low = middle;
    else high = middle;
  }
  return at((low + high) / 2);
}

function withoutZeros(shares: OutcomeShares): OutcomeShares {
  const raised = sharesOf((outcome) => Math.max(leastShare, shares[outcome]));
  const sum = raised.win + raised.tie + raised.loss;
  return sharesOf((outcome) => raised[outcome] / sum);
}

export function sharesOf(of: (outcome: Outcome) => number): OutcomeShares {
  return { win: of('win'), tie: of('tie'), loss: of('loss') };
}
