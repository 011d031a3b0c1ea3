import { NearfarError } from '../chat/error.ts';
import { Stopper, type StopSignal } from '../chat/stop-signal.ts';

/** The client's signal and the request's deadline as one. */
export interface Deadline {
  readonly signal: StopSignal;
  abort(reason: NearfarError): void;
  /** Stops the clock. What is under way goes on. */
  end(): void;
}

/** Longest delay that a timer takes. */
const longestTimerMs = 2 ** 31 - 1;

export function createDeadline(client: StopSignal, deadlineAt: number | null): Deadline {
  const stopper = new Stopper();
  const onAbort = (): void => {
    stopper.abort(new NearfarError('aborted', 'The client went away.'));
  };
  if (client.aborted) onAbort();
  else client.addEventListener('abort', onAbort, { once: true });
  const timer =
    deadlineAt === null
      ? undefined
      : setTimeout(
          () => {
            stopper.abort(new NearfarError('timeout', 'The deadline of this request passed.'));
          },
          Math.min(longestTimerMs, Math.max(0, deadlineAt - Date.now())),
        );
  timer?.unref();
  return {
    signal: stopper,
    abort: (reason) => {
      stopper.abort(reason);
    },
    end: () => {
      clearTimeout(timer);
      client.removeEventListener('abort', onAbort);
    },
  };
}
