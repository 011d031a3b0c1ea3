import { NearfarError } from '../chat/error.ts';

/** One clock of an exchange: it runs until the next sign of life, and aborts what is waited for when it runs out. */
export interface Patience {
  /** Aborted by the client, or by running out of patience; the reason is a NearfarError. */
  readonly signal: AbortSignal;
  /** Starts anew. @param what completes "The upstream ..." */
  wait(milliseconds: number, what: string): void;
  /** Starts anew with what was waited for last. */
  refresh(): void;
  /** Ends the clock, and what is still under way. */
  end(): void;
  /** Ends the clock where nothing is under way any more. */
  finish(): void;
}

export function createPatience(client: AbortSignal): Patience {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    controller.abort(abortedError(client));
  };
  const finish = (): void => {
    clearTimeout(timer);
    client.removeEventListener('abort', onAbort);
  };
  if (client.aborted) onAbort();
  else client.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    wait(milliseconds, what) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        controller.abort(
          new NearfarError('timeout', `The upstream ${what} within ${milliseconds / 1000} seconds.`),
        );
      }, milliseconds);
    },
    refresh() {
      timer?.refresh();
    },
    end() {
      finish();
      controller.abort(isOver);
    },
    finish,
  };
}

/** Made once: an abort without a reason makes one with a stack, for each request. */
const isOver = new Error('The exchange is over.');

function abortedError(signal: AbortSignal): NearfarError {
  const reason: unknown = signal.reason;
  return reason instanceof NearfarError ? reason : new NearfarError('aborted', 'The client went away.');
}
