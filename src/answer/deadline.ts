import { NearfarError } from '../chat/error.ts';

/** The client's signal and the request's deadline as one. */
export interface Deadline {
  readonly signal: AbortSignal;
  abort(reason: NearfarError): void;
  /** Stops the clock. What is under way goes on. */
  end(): void;
}

/** Longest delay that a timer takes. */
const longestTimerMs = 2 ** 31 - 1;

export function createDeadline(client: AbortSignal, deadlineAt: number | null): Deadline {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(new NearfarError('aborted', 'The client went away.'));
  };
  if (client.aborted) onAbort();
  else client.addEventListener('abort', onAbort, { once: true });
  const timer =
    deadlineAt === null
      ? undefined
      : setTimeout(
          () => {
            controller.abort(new NearfarError('timeout', 'The deadline of this request passed.'));
          },
          Math.min(longestTimerMs, Math.max(0, deadlineAt - Date.now())),
        );
  timer?.unref();
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason);
    },
    end: () => {
      clearTimeout(timer);
      client.removeEventListener('abort', onAbort);
    },
  };
}
