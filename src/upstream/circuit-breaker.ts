/** `neither`: it says nothing of the upstream's health. */
export type BreakerEnd = 'good' | 'failed' | 'neither';

/**
 * Whether an upstream's model is worth asking. Closed: it is. Open: it failed at least `leastFailureCount` times and at
 * least half of the time among its last answers, and is left alone for a while, twice as long each time in a row. Then
 * one request tries it, and decides.
 */
export interface CircuitBreaker {
  /**
   * Milliseconds until it may be asked; 0: now. A 0 given while it is open is for one caller, who must report an end.
   * @param now milliseconds of any clock that only goes forward
   */
  ask(now: number): number;
  report(end: BreakerEnd, now: number): void;
  readonly isOpen: boolean;
}

const windowLength = 20;
const windowMs = 30_000;
const leastFailureCount = 5;
const firstPauseMs = 5_000;
const longestPauseMs = 120_000;

export function createCircuitBreaker(): CircuitBreaker {
  let outcomes: { at: number; failed: boolean }[] = [];
  let openUntil: number | null = null;
  let pauseMs = firstPauseMs;
  let isTrying = false;

  return {
    get isOpen() {
      return openUntil !== null;
    },
    ask(now) {
      if (openUntil === null) return 0;
      if (now < openUntil) return openUntil - now;
      // Half open. Whoever comes while the one is under way is told to come back soon.
      if (isTrying) return 1000;
      isTrying = true;
      return 0;
    },
    report(end, now) {
      if (openUntil !== null) {
        // Also answers that began before it opened come in here: a good one is as good a sign.
        isTrying = false;
        if (end === 'good') {
          openUntil = null;
          outcomes = [];
          pauseMs = firstPauseMs;
        } else if (end === 'failed' && now >= openUntil) {
          pauseMs = Math.min(longestPauseMs, pauseMs * 2);
          openUntil = now + pauseMs;
        }
        return;
      }
      if (end === 'neither') return;
      outcomes = outcomes.filter(({ at }) => now - at < windowMs).slice(-(windowLength - 1));
      outcomes.push({ at: now, failed: end === 'failed' });
      const failureCount = outcomes.filter(({ failed }) => failed).length;
      if (end === 'failed' && failureCount >= leastFailureCount && failureCount * 2 >= outcomes.length) {
        openUntil = now + pauseMs;
      }
    },
  };
}
