/**
 * When a second is asked: `off`, never; `auto`, once the first token is later than 95% of the last ones were; a number,
 * after so many milliseconds.
 */
export type HedgeSetting = 'off' | 'auto' | number;

/** Fewer first tokens say nothing of their 95th percentile. */
const leastSampleCount = 20;
const lateShare = 0.95;

/** @returns milliseconds after which the first is late; null: no second is asked */
export function hedgeAfterMs(setting: HedgeSetting, firstTokenTimes: readonly number[]): number | null {
  if (setting === 'off') return null;
  if (setting !== 'auto') return setting;
  if (firstTokenTimes.length < leastSampleCount) return null;
  const sorted = firstTokenTimes.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * lateShare) - 1)] ?? null;
}

/**
 * Keeps hedging from doubling the load of an upstream that is slow because it has too much of it: each request earns a
 * share of a second question, and a few may be saved.
 */
export interface HedgeBudget {
  earn(): void;
  /** False: no more for now. */
  spend(): boolean;
}

const earned = 0.1;
const most = 5;

export function createHedgeBudget(): HedgeBudget {
  let saved = most;
  return {
    earn() {
      saved = Math.min(most, saved + earned);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
