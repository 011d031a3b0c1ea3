/**
 * What came of one comparison, from the view of the lower of the two tiers: its answer was better, as good, or worse than
 * that of the tier above it.
 */
export type Outcome = 'win' | 'tie' | 'loss';

/** Worst first, as `scoreOf` orders them. */
export const outcomes: readonly Outcome[] = ['loss', 'tie', 'win'];

const scores: Readonly<Record<Outcome, number>> = { loss: 0, tie: 0.5, win: 1 };

/** 0 worse, 0.5 as good, 1 better. */
export function scoreOf(outcome: Outcome): number {
  return scores[outcome];
}

/** The same comparison from the other side. */
export function reversed(outcome: Outcome): Outcome {
  if (outcome === 'tie') return 'tie';
  return outcome === 'win' ? 'loss' : 'win';
}

/** How many of each. */
export interface OutcomeCounts {
  readonly win: number;
  readonly tie: number;
  readonly loss: number;
}

export const noOutcomes: OutcomeCounts = { win: 0, tie: 0, loss: 0 };

export function totalOf({ win, tie, loss }: OutcomeCounts): number {
  return win + tie + loss;
}

/** Shares of all, or expected shares; they add up to 1. */
export type OutcomeShares = Readonly<Record<Outcome, number>>;

export function meanScore({ win, tie, loss }: OutcomeCounts): number {
  return (win + tie / 2) / (win + tie + loss);
}
