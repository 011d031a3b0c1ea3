import type { Sequence } from '../sequence.ts';
import type { BatchEntry } from '../step-batch.ts';
import type { StepCost, StepWork } from '../step-cost.ts';
import { createPurse, type Purse } from './purse.ts';
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

/** What a step takes longer than this over its prediction is other processes' doing, and not its drafts'. */
const mostDelay = 1.5;

/** @param isAuto whether drafts of a sequence are chosen by what they are worth, or asked for */
export function createPurses(cost: StepCost, isAuto: (sequence: Sequence) => boolean): Purses {
  const purses = new WeakMap<Sequence, Purse>();

  function purseOf(sequence: Sequence): Purse {
    let purse = purses.get(sequence);
    if (purse === undefined) {
      purse = createPurse();
      purses.set(sequence, purse);
    }
    return purse;
  }

  return {
    of: purseOf,
    settle(entries, work, milliseconds, draftingMs) {
      const drafting = entries.filter(({ draft }) => draft.length > 0);
      if (drafting.length === 0) {
        for (const { sequence } of entries) purseOf(sequence).earn();
        return;
      }
      // What was asked for is not for a purse to judge.
      if (!drafting.every(({ sequence }) => isAuto(sequence))) return;
      const draftedCount = drafting.reduce((sum, { draft }) => sum + draft.length, 0);
      const acceptedCount = drafting.reduce((sum, entry) => sum + entry.acceptedCount, 0);
      const stepMs = draftingMs + Math.min(milliseconds, mostDelay * cost.predictMs(work));
      const costSteps = stepMs / undraftedMs(cost, work, draftedCount);
      const gainedStepCount = 1 + acceptedCount / entries.length - costSteps;
      for (const { sequence } of entries) purseOf(sequence).settle(gainedStepCount);
    },
  };
}
