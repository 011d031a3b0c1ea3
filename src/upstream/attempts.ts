import { NearfarError, toNearfarError } from '../chat/error.ts';
import { retryWaitMs } from './retry-policy.ts';
import { sleepUnless } from './sleep.ts';
import type { BreakerEnd } from './circuit-breaker.ts';
import type { UpstreamModelDependencies } from './upstream-model.ts';

/** Tells the breaker how a try ended; what comes after the first time does not count. */
export type ReportEnd = (end: BreakerEnd) => void;

/**
 * Tries until something can be delivered, or trying is of no more use. The breaker hears of each try that failed here;
 * one that succeeds reports its end itself, for it is not over yet.
 * @throws NearfarError of the last try, naming the upstream
 */
export async function askInTurn<Result>(
  { upstream, breaker, random = Math.random, now = () => performance.now() }: UpstreamModelDependencies,
  id: string,
  deadlineAt: number | null,
  signal: AbortSignal,
  attempt: (report: ReportEnd) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const pauseMs = breaker.ask(now());
    if (pauseMs > 0) throw restingError(id, pauseMs);
    let hasReported = false;
    const report: ReportEnd = (end) => {
      if (hasReported) return;
      hasReported = true;
      breaker.report(end, now());
    };
    try {
      return await attempt(report);
    } catch (thrown) {
      const error = toNearfarError(thrown);
      report(isFault(error) ? 'failed' : 'neither');
      const waitMs = signal.aborted ? null : retryWaitMs(error, tries, upstream.retry, random());
      const comesInTime = deadlineAt === null || Date.now() + (waitMs ?? 0) < deadlineAt;
      if (waitMs === null || !comesInTime || !(await sleepUnless(waitMs, signal))) {
        throw named(error, upstream.name);
      }
    }
  }
}

/** What says something about the upstream's health: not what a client did, and not that others ask too much of it. */
export function isFault(error: NearfarError): boolean {
  return (
    error.retryable &&
    (error.kind === 'unavailable' || error.kind === 'upstream_failed' || error.kind === 'timeout')
  );
}

export function restingError(id: string, pauseMs: number): NearfarError {
  return new NearfarError('unavailable', `${id} failed too often and is left alone for a moment.`, {
    retryAfterSeconds: pauseMs / 1000,
  });
}

/** Says which upstream it was. */
export function named(error: NearfarError, upstream: string): NearfarError {
  const message = error.message.replace(/^The upstream\b/, `The upstream ${upstream}`);
  return new NearfarError(error.kind, message, {
    retryable: error.retryable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    cause: error.cause,
  });
}
