import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { LoadProgress } from '../backend.ts';

export type LoadModel = (onProgress: (progress: LoadProgress) => void, signal: AbortSignal) => Promise<void>;

/**
 * Makes calls at the same time share one load. Who aborts stops waiting; the load itself stops only when nobody waits any more.
 * A load that failed is tried again by the next call.
 */
export function shareLoad(
  load: LoadModel,
): LoadModel & { readonly isLoaded: () => boolean; readonly reset: () => void } {
  interface Running {
    done: Promise<void>;
    readonly stop: AbortController;
    last: LoadProgress | null;
    isLoaded: boolean;
  }
  let current: Running | null = null;
  const waiting = new Set<(progress: LoadProgress) => void>();

  function begin(): Running {
    const stop = new AbortController();
    const running: Running = { done: Promise.resolve(), stop, last: null, isLoaded: false };
    running.done = load((progress) => {
      running.last = progress;
      for (const tell of waiting) tell(progress);
    }, stop.signal).then(
      () => {
        running.isLoaded = true;
      },
      (thrown: unknown) => {
        if (current === running) current = null;
        throw toNearfarError(thrown);
      },
    );
    running.done.catch(() => undefined);
    return running;
  }

  const shared: LoadModel = async (onProgress, signal) => {
    const isAborted = (): boolean => signal.aborted;
    if (isAborted()) throw aborted();
    current ??= begin();
    const mine = current;
    const tell = (progress: LoadProgress): void => {
      onProgress(progress);
    };
    if (mine.last !== null && !mine.isLoaded) onProgress(mine.last);
    waiting.add(tell);
    let giveUp = (): void => undefined;
    const left = new Promise<never>((_, reject) => {
      giveUp = () => {
        reject(aborted());
      };
    });
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.race([mine.done, left]);
    } finally {
      signal.removeEventListener('abort', giveUp);
      waiting.delete(tell);
      if (isAborted() && waiting.size === 0 && !mine.isLoaded) {
        if (current === mine) current = null;
        mine.stop.abort();
      }
    }
  };
  return Object.assign(shared, {
    isLoaded: () => current?.isLoaded === true,
    reset: () => {
      current = null;
    },
  });
}

function aborted(): NearfarError {
  return new NearfarError('aborted', 'It was aborted.');
}
