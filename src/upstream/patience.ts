import { NearfarError } from '../chat/error.ts';
import { Stopper, type StopSignal } from '../chat/stop-signal.ts';

/** One clock of an exchange: it runs until the next sign of life, and aborts what is waited for when it runs out. */
export interface Patience {
  /** Aborted by the client, or by running out of patience; the reason is a NearfarError. */
  readonly signal: StopSignal;
  /** Starts anew. @param what completes "The upstream ..." */
  wait(milliseconds: number, what: string): void;
  /** Starts anew with what was waited for last. */
  refresh(): void;
  /** Ends the clock, and what is still under way. */
  end(): void;
  /** Ends the clock where nothing is under way any more. */
  finish(): void;
}

export function createPatience(client: StopSignal): Patience {
  const stopper = new Stopper();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    stopper.abort(abortedError(client));
  };
  const finish = (): void => {
    clearTimeout(timer);
    client.removeEventListener('abort', onAbort);
  };
  if (client.aborted) onAbort();
  else client.addEventListener('abort', onAbort, { once: true });
  return {
    signal: stopper,
    wait(milliseconds, what) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        stopper.abort(
          new NearfarError('timeout', `The upstream ${what} within ${milliseconds / 1000} seconds.`),
        );
      }, milliseconds);
    },
    refresh() {
      timer?.refresh();
    },
    end() {
      finish();
      stopper.abort(isOver);
    },
    finish,
  };
}

/** Made once: an abort without a reason makes one with a stack, for each request. */
const isOver = new Error('The exchange is over.');

function abortedError(signal: StopSignal): NearfarError {
  const reason: unknown = signal.reason;
  return reason instanceof NearfarError ? reason : new NearfarError('aborted', 'The client went away.');
}
