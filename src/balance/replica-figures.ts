/** What was measured of one replica, beside the figures that all share. */
export interface ReplicaFigures {
  /** Of what was expected to be cached, the share that was, 0-1. */
  readonly trust: number;
  /** Its answers tell how much was cached: one told of more than nothing. */
  readonly tells: boolean;
  /**
   * Its times over the expected ones, 0.25-4; 1 unless it was measured to differ by more than chance and 25%, and 1 again
   * when it was not measured for a while. @param now milliseconds
   */
  slowness(now: number): number;
  /** @param told share of the prompt that was cached @param expected share that should have been */
  sawCached(told: number, expected: number): void;
  sawTime(milliseconds: number, expectedMs: number, now: number): void;
}

/** Weight of the newest answer. */
const newest = 0.2;
/** A replica that was slow once is asked again some time. */
const halfLifeMs = 60_000;
const largest = 4;
/** Within it replicas are taken for equally quick. */
const noise = Math.log(1.25);
/** Fewer answers say nothing. */
const leastCount = 4;
/** Less was expected than this share of a prompt: what came says nothing. */
const leastShare = 0.05;

export function createReplicaFigures(): ReplicaFigures {
  let trust = 1;
  let tells = false;
  // Of the logarithm of measured over expected times: mean, mean square and how many answers stand behind them.
  let mean = 0;
  let square = 0;
  let count = 0;
  let measuredAt = 0;
  const ageOf = (now: number): number => 0.5 ** (Math.max(0, now - measuredAt) / halfLifeMs);
  return {
    get trust() {
      return trust;
    },
    get tells() {
      return tells;
    },
    slowness(now) {
      const aged = mean * ageOf(now);
      // Two standard errors of a moving average, which holds no more than about nine answers.
      const doubt = 2 * Math.sqrt(Math.max(0, square - mean ** 2) / Math.min(9, Math.max(1, count)));
      return count >= leastCount && Math.abs(aged) > noise + doubt ? Math.exp(aged) : 1;
    },
    sawCached(told, expected) {
      if (told > 0) tells = true;
      if (!tells || expected < leastShare) return;
      trust += newest * (Math.min(1, told / expected) - trust);
    },
    sawTime(milliseconds, expectedMs, now) {
      const bound = Math.log(largest);
      const measured = Math.log(Math.max(1, milliseconds) / Math.max(1, expectedMs));
      const ratio = Math.min(bound, Math.max(-bound, measured));
      const age = ageOf(now);
      count = count * age + 1;
      const weight = Math.max(newest, 1 / count);
      mean = mean * age + weight * (ratio - mean * age);
      square += weight * (ratio ** 2 - square);
      measuredAt = now;
    },
  };
}
