import type { Sequence } from '../sequence.ts';
import type { BatchEntry } from '../step-batch.ts';
import type { StepCost, StepWork } from '../step-cost.ts';
import { createPurse, earnedShare, firstStepCount, type Purse } from './purse.ts';
import { undraftedMs } from './speculation-meter.ts';

export type SettledEntry = Pick<BatchEntry, 'sequence' | 'draft' | 'acceptedCount'>;

/** The purse of each sequence, and what steps do to it. */
export interface Purses {
  of(sequence: Sequence): Purse;
  /**
   * What a step's drafts brought, and what they cost. All wait for the step as long, so what it gains or loses is shared
   * alike.
   * @param draftingMs what went into making them, before the step
   */
  settle(entries: readonly SettledEntry[], work: StepWork, milliseconds: number, draftingMs: number): void;
}

/**
 * What a sequence begins with is lent by all: what drafts brought or cost lately, whoever's they were. Where answers only lose,
 * as stories do, each would else lose its first steps anew, which is a twentieth of a short one.
 */
const mostReserveCount = 5;
/** So much is lent in any case: drafts that are nearly certain need no more, and what they bring is lent to the next. */
const leastLoanCount = 0.2;
/** Behind a step with drafts the next one is slower: libllama builds its graph anew for another width. No more than this share is theirs. */
const mostAftermath = 0.25;
/** What a step takes longer than this over its prediction is other processes' doing, and not its drafts'. */
const mostDelay = 1.5;

/** @param isAuto whether drafts of a sequence are chosen by what they are worth, or asked for */
export function createPurses(cost: StepCost, isAuto: (sequence: Sequence) => boolean): Purses {
  const purses = new WeakMap<Sequence, Purse>();
  let reserveCount = firstStepCount;
  /** Those who had drafts in the step before. */
  let before: readonly Sequence[] = [];

  function purseOf(sequence: Sequence): Purse {
    let purse = purses.get(sequence);
    if (purse === undefined) {
      purse = createPurse(Math.min(firstStepCount, Math.max(leastLoanCount, reserveCount)));
      purses.set(sequence, purse);
    }
    return purse;
  }

  function add(sequences: readonly Sequence[], stepCount: number): void {
    reserveCount = Math.min(mostReserveCount, Math.max(0, reserveCount + stepCount));
    for (const sequence of sequences) purseOf(sequence).settle(stepCount);
  }

  return {
    of: purseOf,
    settle(entries, work, milliseconds, draftingMs) {
      const drafting = entries.filter(({ draft }) => draft.length > 0);
      if (drafting.length === 0) {
        for (const { sequence } of entries) purseOf(sequence).earn();
        reserveCount = Math.min(mostReserveCount, reserveCount + earnedShare);
        const delay = milliseconds / cost.predictMs(work) - 1;
        if (before.length > 0) add(before, -Math.min(mostAftermath, Math.max(-mostAftermath, delay)));
        before = [];
        return;
      }
      before = [];
      // What was asked for is not for a purse to judge.
      if (!drafting.every(({ sequence }) => isAuto(sequence))) return;
      const draftedCount = drafting.reduce((sum, { draft }) => sum + draft.length, 0);
      const acceptedCount = drafting.reduce((sum, entry) => sum + entry.acceptedCount, 0);
      const stepMs = draftingMs + Math.min(milliseconds, mostDelay * cost.predictMs(work));
      const costSteps = stepMs / undraftedMs(cost, work, draftedCount);
      const gainedStepCount = 1 + acceptedCount / entries.length - costSteps;
      const sequences = entries.map(({ sequence }) => sequence);
      add(sequences, gainedStepCount);
      before = sequences;
    },
  };
}
