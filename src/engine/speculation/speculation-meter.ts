import type { BatchEntry } from '../step-batch.ts';
import type { StepCost, StepWork } from '../step-cost.ts';

/** What speculation did so far. */
export interface SpeculationStats {
  /** Tokens that were drafted and computed. */
  readonly draftedTokenCount: number;
  /** Of these, tokens that were drawn as drafted. */
  readonly acceptedTokenCount: number;
  /** Milliseconds of the steps with drafts and of all drafting, */
  readonly draftedStepMs: number;
  /** and what their tokens would have taken without drafts, by the step-cost model. */
  readonly undraftedStepMs: number;
}

export interface SpeculationMeter {
  /** Milliseconds that went into drafting before the next step. */
  spend(milliseconds: number): void;
  /** To be called after a step's draws, with what it had to do and how long that took. */
  note(entries: readonly BatchEntry[], work: StepWork, milliseconds: number): void;
  readonly stats: SpeculationStats;
}

export function createSpeculationMeter(cost: StepCost): SpeculationMeter {
  const stats = { draftedTokenCount: 0, acceptedTokenCount: 0, draftedStepMs: 0, undraftedStepMs: 0 };
  let spentMs = 0;
  return {
    spend(milliseconds) {
      spentMs += milliseconds;
    },
    note(entries, work, milliseconds) {
      let draftedCount = 0;
      let acceptedCount = 0;
      for (const entry of entries) {
        draftedCount += entry.draft.length;
        acceptedCount += entry.acceptedCount;
      }
      if (draftedCount === 0 && spentMs === 0) return;
      const totalMs = milliseconds + spentMs;
      spentMs = 0;
      const plainCount = work.tokenCount - draftedCount;
      const plainMs = undraftedMs(cost, work, draftedCount);
      stats.draftedTokenCount += draftedCount;
      stats.acceptedTokenCount += acceptedCount;
      stats.draftedStepMs += totalMs;
      stats.undraftedStepMs += (plainMs * (plainCount + acceptedCount)) / plainCount;
      // Each waits for the whole step, and gets tokens of its own.
      for (const { sequence, acceptedCount: ownCount } of entries) {
        sequence.request.draftedMs += totalMs;
        sequence.request.undraftedMs += plainMs * (1 + ownCount);
      }
    },
    stats,
  };
}

/** What the step would have taken without its drafted tokens. */
export function undraftedMs(
  cost: StepCost,
  { tokenCount, readPairCount, cellCount }: StepWork,
  draftedCount: number,
): number {
  const plainCount = tokenCount - draftedCount;
  return cost.predictMs({
    tokenCount: plainCount,
    readPairCount: (readPairCount * plainCount) / tokenCount,
    cellCount,
  });
}
