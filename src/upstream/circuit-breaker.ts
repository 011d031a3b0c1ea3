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
  /** As `ask` would see it, without asking. `ready`: the pause is over and nobody tries it yet. */
  state(now: number): 'closed' | 'ready' | 'resting';
  /** Milliseconds until it may be asked, without asking. */
  pauseMs(now: number): number;
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

  /** Whoever comes while the one that tries it is under way is told to come back soon. */
  function pauseLeft(now: number): number {
    if (openUntil === null) return 0;
    if (now < openUntil) return openUntil - now;
    return isTrying ? 1000 : 0;
  }

  return {
    pauseMs: pauseLeft,
    get isOpen() {
      return openUntil !== null;
    },
    state(now) {
      if (openUntil === null) return 'closed';
      return pauseLeft(now) > 0 ? 'resting' : 'ready';
    },
    ask(now) {
      const left = pauseLeft(now);
      if (left === 0 && openUntil !== null) isTrying = true;
      return left;
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
      while (outcomes.length >= windowLength || now - (outcomes[0]?.at ?? now) >= windowMs) outcomes.shift();
      outcomes.push({ at: now, failed: end === 'failed' });
      if (end === 'good') return;
      const failureCount = outcomes.filter(({ failed }) => failed).length;
      if (failureCount >= leastFailureCount && failureCount * 2 >= outcomes.length) {
        openUntil = now + pauseMs;
      }
    },
  };
}
