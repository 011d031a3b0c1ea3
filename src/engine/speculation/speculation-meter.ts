import type { BatchEntry } from '../step-batch.ts';
import type { StepCost, StepWork } from '../step-cost.ts';

/** What speculation did so far. */
export interface SpeculationStats {
  /** Tokens that were drafted and computed. */
  readonly draftedTokenCount: number;
  /** Of these, tokens that were drawn as drafted. */
  readonly acceptedTokenCount: number;
  /** Milliseconds of the steps with drafts, */
  readonly draftedStepMs: number;
  /** and what their tokens would have taken without drafts, by the step-cost model. */
  readonly undraftedStepMs: number;
}

export interface SpeculationMeter {
  /** To be called after a step's draws, with what it had to do and how long that took. */
  note(entries: readonly BatchEntry[], work: StepWork, milliseconds: number): void;
  readonly stats: SpeculationStats;
}

export function createSpeculationMeter(cost: StepCost): SpeculationMeter {
  const stats = { draftedTokenCount: 0, acceptedTokenCount: 0, draftedStepMs: 0, undraftedStepMs: 0 };
  return {
    note(entries, { tokenCount, readPairCount, cellCount }, milliseconds) {
      let draftedCount = 0;
      let acceptedCount = 0;
      for (const entry of entries) {
        draftedCount += entry.draft.length;
        acceptedCount += entry.acceptedCount;
      }
      if (draftedCount === 0) return;
      const plainCount = tokenCount - draftedCount;
      const plainMs = cost.predictMs({
        tokenCount: plainCount,
        readPairCount: (readPairCount * plainCount) / tokenCount,
        cellCount,
      });
      stats.draftedTokenCount += draftedCount;
      stats.acceptedTokenCount += acceptedCount;
      stats.draftedStepMs += milliseconds;
      stats.undraftedStepMs += (plainMs * (plainCount + acceptedCount)) / plainCount;
    },
    stats,
  };
}
