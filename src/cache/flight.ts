import type { ChatPart } from '../chat/part.ts';

/**
 * One answer under way and everybody who reads it: each reader gets every part, from the first on, in order. The model
 * goes on while one of them reads.
 */
export interface Flight {
  /**
   * A new reader. Its end is the answer's, or what the model threw. Where `signal` aborts it ends at once, unless it was
   * the last one: then the model is told to stop, and the reader hears how far it came.
   */
  read(signal: AbortSignal): AsyncIterableIterator<ChatPart, undefined>;
  /** Still to be joined: neither over nor given up. */
  readonly isOpen: boolean;
}

export interface FlightOptions {
  /** Begins the answer. The signal aborts when the last reader has left. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<ChatPart>>;
  /** Called once, whether somebody still reads or not, with the whole answer where it ended in `finish`, else null. */
  readonly onEnd: (answer: readonly ChatPart[] | null) => void;
}

type Result = IteratorResult<ChatPart, undefined>;
type End = { readonly type: 'over' } | { readonly type: 'thrown'; readonly reason: unknown };

export function createFlight({ open, onEnd }: FlightOptions): Flight {
  const parts: ChatPart[] = [];
  const abort = new AbortController();
  /** Readers that have read all there is. */
  let waiting: (() => void)[] = [];
  let readerCount = 0;
  let end: End | null = null;

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const goOn of woken) goOn();
  }

  async function fly(): Promise<void> {
    try {
      for await (const part of await open(abort.signal)) {
        parts.push(part);
        wake();
        if (part.type === 'finish' || part.type === 'error') break;
      }
      end = { type: 'over' };
    } catch (thrown) {
      end = { type: 'thrown', reason: thrown };
    }
    onEnd(parts.at(-1)?.type === 'finish' ? parts : null);
    wake();
  }

  function read(signal: AbortSignal): AsyncIterableIterator<ChatPart, undefined> {
    let index = 0;
    let hasLeft = false;
    readerCount++;

    function leave(): void {
      if (hasLeft) return;
      hasLeft = true;
      signal.removeEventListener('abort', onAbort);
      readerCount--;
      if (readerCount === 0 && end === null) abort.abort(signal.reason);
      // A `next` that waits ends too.
      wake();
    }
    function onAbort(): void {
      if (readerCount > 1) leave();
      else abort.abort(signal.reason);
    }
    async function next(): Promise<Result> {
      for (;;) {
        const part = parts[index];
        if (hasLeft) return { done: true, value: undefined };
        if (part !== undefined) {
          index++;
          return { done: false, value: part };
        }
        if (end !== null) leave();
        if (end?.type === 'thrown') throw end.reason;
        if (end !== null) return { done: true, value: undefined };
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    return {
      next,
      return() {
        leave();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  void fly();
  return {
    read,
    get isOpen() {
      return end === null && !abort.signal.aborted;
    },
  };
}
