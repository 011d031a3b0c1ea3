import { designDrift, leastThreshold, tilted, usualDrift } from './drift-design.ts';
import type { DriftDesign, DriftSettings } from './drift-design.ts';
import { meanScore, noOutcomes, outcomes, scoreOf, totalOf } from './outcome.ts';
import type { Outcome, OutcomeCounts, OutcomeShares } from './outcome.ts';

/** What a tier is expected to do, and from how many judged answers that is known. */
export interface Expectation {
  readonly shares: OutcomeShares;
  readonly answerCount: number;
  readonly source: 'calibration' | 'first answers';
}

/** The watch over one tier. Pure: `watch` takes it from one judged answer to the next. */
export interface DriftWatch {
  readonly expectation: Expectation;
  readonly design: DriftDesign;
  /** The sum at which a lowered tier is given its share back, in nats. */
  readonly recoveryThreshold: number;
  readonly state: DriftState;
}

export type DriftState =
  | { readonly type: 'as expected'; readonly sum: number }
  | {
      readonly type: 'fallen';
      /** Speaks for the expectation; at the recovery threshold the tier is as expected again. */
      readonly sum: number;
      /** Outcomes since the alarm: what the fall is estimated from, which those that led to the alarm would overstate. */
      readonly since: OutcomeCounts;
    };

/** Of a tier that is still fallen, the chance to be taken for recovered within so many judged answers. */
const falseRecovery = { rate: 0.05, horizon: 1000 };
/** One-sided 95%. */
const deviations = 1.645;

/**
 * Where the expectation itself is an estimate, the sum begins from its lower 95% bound: without that an expectation that was
 * a little too high by chance would give false alarms much oftener than is promised (bench drift shows both).
 */
export function beginWatch(expectation: Expectation, settings: DriftSettings = usualDrift): DriftWatch {
  const { shares, answerCount } = expectation;
  const mean = meanScore(shares);
  const variance = outcomes.reduce((sum, one) => sum + shares[one] * (scoreOf(one) - mean) ** 2, 0);
  const below = deviations * Math.sqrt(variance / Math.max(1, answerCount));
  const careful = Number.isFinite(answerCount) ? tilted(shares, Math.max(0.02, mean - below)) : shares;
  const design = designDrift(careful, settings);
  const recovering = { win: -design.steps.win, tie: -design.steps.tie, loss: -design.steps.loss };
  const recoveryThreshold = leastThreshold(
    recovering,
    design.fallen,
    falseRecovery.rate,
    falseRecovery.horizon,
  );
  return { expectation, design, recoveryThreshold, state: { type: 'as expected', sum: 0 } };
}

/** Pure: one judged answer more. */
export function watch(before: DriftWatch, outcome: Outcome): DriftWatch {
  const { design, recoveryThreshold, state } = before;
  const step = design.steps[outcome];
  if (state.type === 'as expected') {
    const sum = Math.max(0, state.sum + step);
    return sum < design.threshold
      ? { ...before, state: { type: 'as expected', sum } }
      : { ...before, state: { type: 'fallen', sum: 0, since: noOutcomes } };
  }
  const sum = Math.max(0, state.sum - step);
  return sum < recoveryThreshold
    ? { ...before, state: { ...state, sum, since: { ...state.since, [outcome]: state.since[outcome] + 1 } } }
    : { ...before, state: { type: 'as expected', sum: 0 } };
}

export type DriftLevel = 'as expected' | 'watched' | 'fallen';

export function levelOf({ state, design }: DriftWatch): DriftLevel {
  if (state.type === 'fallen') return 'fallen';
  return state.sum < design.watchThreshold ? 'as expected' : 'watched';
}

/** What the mean score has lost, as far as is known since the alarm: never less than half of the fall that was looked for. */
export function fallOf({ expectation, state }: DriftWatch, drop = usualDrift.drop): number {
  if (state.type === 'as expected') return 0;
  const seen = totalOf(state.since);
  if (seen < 30) return drop;
  return Math.min(1, Math.max(drop / 2, meanScore(expectation.shares) - meanScore(state.since)));
}
