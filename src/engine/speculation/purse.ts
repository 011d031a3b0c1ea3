/**
 * What drafting may lose in one sequence, in steps as they take without drafts. It begins with a little, earns a small
 * share of every step, and what drafts really brought or cost, by the clock, is added or taken: so drafting that gains may
 * dare more, and drafting that loses, for whatever reason, ends after about as much as was put in.
 */
export interface Purse {
  /** Steps that may be lost now; negative where more was lost than there was. */
  readonly stepCount: number;
  /** A step without drafts. */
  earn(): void;
  /** A step with drafts brought `gainedStepCount` more than it cost; negative: less. */
  settle(gainedStepCount: number): void;
}

export const firstStepCount = 0.8;
export const earnedShare = 0.01;
/** However much was gained: texts change, and no more than this is lost on what was true before. */
const mostStepCount = 5;
/** However much was lost at once: another process may have held up the machine. */
const leastStepCount = -3;

/** @param firstCount steps that it begins with */
export function createPurse(firstCount: number): Purse {
  let stepCount = firstCount;
  const add = (more: number): void => {
    stepCount = Math.min(mostStepCount, Math.max(leastStepCount, stepCount + more));
  };
  return {
    get stepCount() {
      return stepCount;
    },
    earn: () => {
      add(earnedShare);
    },
    settle: add,
  };
}
