import { NearfarError } from '../chat/error.ts';

/** Settles with the promise, or fails when the signal aborts: native calls cannot always be broken off. */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) return Promise.reject(aborted());
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(aborted());
    };
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

export function aborted(): NearfarError {
  return new NearfarError('aborted', 'The request was aborted.');
}
