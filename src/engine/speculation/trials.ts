/**
 * What does not seem to pay is tried now and then: what it costs is learnt by paying it, and texts change. Trials that
 * show nothing new become rarer.
 */
export interface Trials {
  /** Counts a step in which a draft was declined. True if this one should be tried all the same. */
  isDue(): boolean;
  /** Drafting pays again. */
  reset(): void;
}

const firstStepCount = 128;
const mostStepCount = 1024;

export function createTrials(): Trials {
  let stepCount = firstStepCount;
  let declinedCount = 0;
  return {
    isDue() {
      declinedCount++;
      if (declinedCount < stepCount) return false;
      declinedCount = 0;
      stepCount = Math.min(mostStepCount, 2 * stepCount);
      return true;
    },
    reset() {
      declinedCount = 0;
      stepCount = firstStepCount;
    },
  };
}
