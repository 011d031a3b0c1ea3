import type { NearfarError } from '../chat/error.ts';

export interface RetrySettings {
  /** Tries after the first. */
  readonly retryCount: number;
  /** Longest that a request waits before it is tried again; an upstream that asks for more is not asked again. */
  readonly longestWaitMs: number;
}

const firstWaitMs = 250;

/**
 * How long to wait before the next try, or null where there is none. Exponential with full jitter (Brooker 2015), so that
 * clients that failed together do not come back together; never sooner than the upstream's Retry-After.
 * @param tries how many there were
 * @param random from 0 up to 1
 */
export function retryWaitMs(
  error: NearfarError,
  tries: number,
  settings: RetrySettings,
  random: number,
): number | null {
  if (tries > settings.retryCount || !error.retryable) return null;
  // Who waited that long for a first token has waited long enough.
  if (error.kind === 'timeout') return null;
  const backoff = random * Math.min(settings.longestWaitMs, firstWaitMs * 2 ** (tries - 1));
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  const wait = asked > 0 ? asked + random * Math.min(asked * 0.25, firstWaitMs) : backoff;
  return wait > settings.longestWaitMs ? null : wait;
}
