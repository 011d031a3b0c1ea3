import { NearfarError, toNearfarError } from '../chat/error.ts';
import { retryWaitMs } from './retry-policy.ts';
import { sleepUnless } from './sleep.ts';
import { isFault, named, restingError, type UpstreamModelDependencies } from './upstream-model.ts';

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
  attempt: (report: (end: 'good' | 'failed' | 'neither') => void) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const pauseMs = breaker.ask(now());
    if (pauseMs > 0) throw restingError(id, pauseMs);
    let hasReported = false;
    const report = (end: 'good' | 'failed' | 'neither'): void => {
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
        throw error instanceof NearfarError ? named(error, upstream.name) : error;
      }
    }
  }
}
