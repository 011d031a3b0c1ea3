import { levelOf, watch, type DriftWatch } from './drift.ts';
import type { Outcome, OutcomeShares } from './outcome.ts';

/** Runs a watch over outcomes drawn by chance: what `bench -- drift` and the tests judge it by. Pure, given `random`. */

export function drawOutcome(shares: OutcomeShares, random: () => number): Outcome {
  const drawn = random();
  if (drawn < shares.loss) return 'loss';
  return drawn < shares.loss + shares.tie ? 'tie' : 'win';
}

export interface Run {
  /** Judged answers until the tier first lost a part of its share, and until the alarm; null: not within the run. */
  readonly watchedAfter: number | null;
  readonly alarmAfter: number | null;
  /** Answers at which the tier stood watched or fallen. */
  readonly loweredCount: number;
}

/** Ends at the alarm, or after `longest` answers. */
export function runUntilAlarm(
  begun: DriftWatch,
  shares: OutcomeShares,
  longest: number,
  random: () => number,
): Run {
  let now = begun;
  let watchedAfter: number | null = null;
  let loweredCount = 0;
  for (let count = 1; count <= longest; count += 1) {
    now = watch(now, drawOutcome(shares, random));
    const level = levelOf(now);
    if (level === 'as expected') continue;
    loweredCount += 1;
    watchedAfter ??= count;
    if (level === 'fallen') return { watchedAfter, alarmAfter: count, loweredCount };
  }
  return { watchedAfter, alarmAfter: null, loweredCount };
}

/** An expectation as the first so many answers of a tier give it. */
export function expectationFrom(shares: OutcomeShares, answerCount: number, random: () => number) {
  const counts = { win: 0, tie: 0, loss: 0 };
  for (let count = 0; count < answerCount; count += 1) counts[drawOutcome(shares, random)] += 1;
  return {
    shares: {
      win: counts.win / answerCount,
      tie: counts.tie / answerCount,
      loss: counts.loss / answerCount,
    },
    answerCount,
    source: 'first answers',
  } as const;
}
