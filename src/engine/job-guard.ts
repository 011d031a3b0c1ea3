import { NearfarError } from '../chat/error.ts';

const longestTimerMs = 2 ** 31 - 1;

export function abortedError(): NearfarError {
  return new NearfarError('aborted', 'The client went away.');
}

export function deadlineError(): NearfarError {
  return new NearfarError('timeout', 'The deadline passed before the answer was complete.');
}

/** The reason not to begin at all, if there is one. */
export function alreadyOver(signal: AbortSignal | undefined, deadlineAt: number | null): NearfarError | null {
  if (signal?.aborted === true) return abortedError();
  if (deadlineAt !== null && deadlineAt <= Date.now()) return deadlineError();
  return null;
}

/**
 * Calls `end` at the abort of `signal` or at `deadlineAt` (milliseconds since the epoch), at most once, and not after
 * the returned function was called. The deadline is kept here too, because a child that hangs keeps none.
 */
export function guardJob(
  signal: AbortSignal | undefined,
  deadlineAt: number | null,
  end: (error: NearfarError) => void,
): () => void {
  let timer: NodeJS.Timeout | null = null;

  function release(): void {
    signal?.removeEventListener('abort', onAbort);
    if (timer !== null) clearTimeout(timer);
  }
  function finish(error: NearfarError): void {
    release();
    end(error);
  }
  function onAbort(): void {
    finish(abortedError());
  }
  function watchDeadline(at: number): void {
    const leftMs = at - Date.now();
    if (leftMs <= 0) finish(deadlineError());
    // Timers hold 24.8 days at most, and may fire a moment early.
    else
      timer = setTimeout(
        () => {
          watchDeadline(at);
        },
        Math.min(leftMs, longestTimerMs),
      );
  }

  signal?.addEventListener('abort', onAbort, { once: true });
  if (deadlineAt !== null) watchDeadline(deadlineAt);
  return release;
}
