/**
 * One answer under way and everybody who reads it: each reader gets every piece (a part, or bytes), from the first on, in
 * order. The model goes on while one of them reads.
 */
export interface Flight<Piece> {
  /**
   * A new reader. Its end is the answer's, or what the model threw. Where `signal` aborts it ends at once, unless it was
   * the last one: then the model is told to stop, and the reader hears how far it came.
   */
  read(signal: AbortSignal): AsyncIterableIterator<Piece, undefined>;
  /** Still to be joined: neither over nor given up. */
  readonly isOpen: boolean;
}

export interface FlightOptions<Piece> {
  /** Begins the answer. The signal aborts when the last reader has left. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<Piece>>;
  /** Behind this piece nothing more is read. @default only the end of what was opened ends it */
  readonly isLast?: (piece: Piece) => boolean;
  /**
   * Called once, whether somebody still reads or not, with what there was.
   * @param isUncut false: something was thrown, or the last reader left before the end
   */
  readonly onEnd: (pieces: readonly Piece[], isUncut: boolean) => void;
}

type End = { readonly type: 'over' } | { readonly type: 'thrown'; readonly reason: unknown };

export function createFlight<Piece>({
  open,
  isLast = () => false,
  onEnd,
}: FlightOptions<Piece>): Flight<Piece> {
  type Result = IteratorResult<Piece, undefined>;
  const pieces: Piece[] = [];
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
      for await (const piece of await open(abort.signal)) {
        pieces.push(piece);
        wake();
        if (isLast(piece)) break;
      }
      end = { type: 'over' };
    } catch (thrown) {
      end = { type: 'thrown', reason: thrown };
    }
    onEnd(pieces, end.type === 'over' && !abort.signal.aborted);
    wake();
  }

  function read(signal: AbortSignal): AsyncIterableIterator<Piece, undefined> {
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
        const piece = pieces[index];
        if (hasLeft) return { done: true, value: undefined };
        if (piece !== undefined) {
          index++;
          return { done: false, value: piece };
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
