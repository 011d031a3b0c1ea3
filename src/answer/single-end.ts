import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { createPartCheck } from './protocol.ts';
import type { PartCheck } from './protocol.ts';

export type LastPart = Extract<ChatPart, { type: 'finish' | 'error' }>;

export interface SingleEndOptions {
  /** Runs at once; its failure becomes the error part. The signal aborts when nobody wants the answer any more. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<ChatPart>>;
  readonly choiceCount: number;
  /** The client's. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; null = none. */
  readonly deadlineAt: number | null;
  /** How long a model may take to end by itself after an abort or a deadline, in milliseconds. */
  readonly graceMs: number;
  /** Sees each part that goes out, the last one excepted. */
  readonly onPart: (part: ChatPart) => void;
  /** Called exactly once, before the last part goes out or when the reader leaves. Must not throw. */
  readonly onEnd: (last: LastPart) => void;
}

/**
 * One stream out of a model, ending in exactly one `finish` or `error`, whatever the model does: throws, ends
 * early, goes on after its end, breaks the order of parts, or hangs. `onEnd` runs also where the reader stops.
 *
 * Written by hand and not as an async generator: a generator's `return()` waits for a pending `next()`, so a hung
 * model would hold the reader, the settlement and the model's cells for ever. It also saves a hop per token.
 */
export function singleEnd(options: SingleEndOptions): AsyncIterableIterator<ChatPart, undefined> {
  return new SingleEndStream(options);
}

type Result = IteratorResult<ChatPart, undefined>;
type Deliver = (result: Result) => void;

const exhausted: Result = { done: true, value: undefined };

/** Longest delay that a timer takes; beyond it Node fires at once. */
const longestTimerMs = 2 ** 31 - 1;

class SingleEndStream implements AsyncIterableIterator<ChatPart, undefined> {
  readonly #options: SingleEndOptions;
  readonly #check: PartCheck;
  readonly #modelAbort = new AbortController();
  readonly #source: Promise<AsyncIterator<ChatPart>>;
  #iterator: AsyncIterator<ChatPart> | null = null;
  /** Why the model was told to stop; decides the error where it only says `aborted`. */
  #interruption: NearfarError | null = null;
  #isEnded = false;
  /** The last part, while nobody has taken it yet. */
  #undelivered: LastPart | null = null;
  #deliver: Deliver | null = null;
  /** Readers that call `next()` before the last one was answered wait here, in order. */
  #tail: Promise<Result> | null = null;
  #deadlineTimer: ReturnType<typeof setTimeout> | undefined;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SingleEndOptions) {
    this.#options = options;
    this.#check = createPartCheck(options.choiceCount);
    this.#source = this.#open();
    // Whoever awaits it handles the failure; without a reader it must not bring the process down.
    this.#source.catch((thrown: unknown) => {
      this.#fail(thrown);
    });
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#armDeadline();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#deliver === null && this.#tail === null) return this.#pull();
    // Unusual: a second `next()` while one is pending.
    const tail = (this.#tail ?? this.#pending()).then(() => this.#pull());
    this.#tail = tail;
    void tail.finally(() => {
      if (this.#tail === tail) this.#tail = null;
    });
    return tail;
  }

  /** The reader leaves: what the request held is freed and it is settled now. */
  return(): Promise<Result> {
    if (!this.#isEnded) {
      this.#end({ type: 'error', error: new NearfarError('aborted', 'The client went away.') });
    }
    this.#undelivered = null;
    return Promise.resolve(exhausted);
  }

  async #open(): Promise<AsyncIterator<ChatPart>> {
    const parts = await this.#options.open(this.#modelAbort.signal);
    const iterator = parts[Symbol.asyncIterator]();
    this.#iterator = iterator;
    if (this.#isEnded) this.#release();
    return iterator;
  }

  #pull(): Promise<Result> {
    if (this.#isEnded) return Promise.resolve(this.#takeLast());
    return new Promise((resolve) => {
      this.#deliver = resolve;
      if (this.#iterator !== null) this.#ask(this.#iterator);
      else this.#source.then(this.#ask, this.#fail);
    });
  }

  #pending(): Promise<Result> {
    const deliver = this.#deliver;
    return new Promise((resolve) => {
      this.#deliver = (result) => {
        deliver?.(result);
        resolve(result);
      };
    });
  }

  readonly #ask = (iterator: AsyncIterator<ChatPart>): void => {
    if (this.#isEnded) return;
    try {
      iterator.next().then(this.#take, this.#fail);
    } catch (thrown) {
      this.#fail(thrown);
    }
  };

  readonly #take = (result: IteratorResult<ChatPart>): void => {
    // Too late: an interruption ended the request meanwhile.
    if (this.#isEnded) return;
    if (result.done === true) {
      this.#fail(new NearfarError('internal', 'The model stopped without finishing its answer.'));
      return;
    }
    const part = result.value;
    const fault = this.#faultOf(part);
    if (fault !== null) {
      this.#fail(new NearfarError('internal', `The model broke the order of its answer: ${fault}.`));
    } else if (part.type === 'finish' || part.type === 'error') {
      this.#end(part.type === 'error' ? this.#explained(part) : part);
    } else {
      this.#options.onPart(part);
      const deliver = this.#deliver;
      this.#deliver = null;
      deliver?.({ done: false, value: part });
    }
  };

  #faultOf(part: ChatPart): string | null {
    try {
      return this.#check(part);
    } catch {
      return 'something that is no part';
    }
  }

  readonly #fail = (thrown: unknown): void => {
    if (this.#isEnded) return;
    // A model that was told to stop may throw the abort itself.
    const error = this.#interruption ?? toNearfarError(thrown);
    this.#end({ type: 'error', error });
  };

  /** A model says `aborted` to any abort; where the abort was ours, the reason is ours too. */
  #explained(part: Extract<ChatPart, { type: 'error' }>): LastPart {
    if (this.#interruption === null || part.error.kind !== 'aborted') return part;
    return { ...part, error: this.#interruption };
  }

  readonly #onAbort = (): void => {
    this.#interrupt(new NearfarError('aborted', 'The client went away.'));
  };

  /** Tells the model to stop and gives it a moment to say how far it came. */
  #interrupt(error: NearfarError): void {
    if (this.#isEnded || this.#interruption !== null) return;
    this.#interruption = error;
    this.#modelAbort.abort(error);
    this.#graceTimer = setTimeout(() => {
      this.#fail(error);
    }, this.#options.graceMs);
  }

  #armDeadline(): void {
    const { deadlineAt } = this.#options;
    if (deadlineAt === null || this.#isEnded) return;
    const leftMs = deadlineAt - Date.now();
    if (leftMs > longestTimerMs) {
      this.#deadlineTimer = setTimeout(() => {
        this.#armDeadline();
      }, longestTimerMs);
    } else {
      this.#deadlineTimer = setTimeout(
        () => {
          this.#interrupt(new NearfarError('timeout', 'The deadline of this request passed.'));
        },
        Math.max(0, leftMs),
      );
    }
    // A page's timer is a number.
    if (typeof this.#deadlineTimer === 'object') this.#deadlineTimer.unref();
  }

  #end(last: LastPart): void {
    this.#isEnded = true;
    clearTimeout(this.#deadlineTimer);
    clearTimeout(this.#graceTimer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    if (last.type === 'error') this.#modelAbort.abort(last.error);
    this.#release();
    this.#undelivered = last;
    try {
      // Before the last part goes out: who has read the end finds the request settled.
      this.#options.onEnd(last);
    } finally {
      const deliver = this.#deliver;
      this.#deliver = null;
      deliver?.(this.#takeLast());
    }
  }

  #takeLast(): Result {
    const last = this.#undelivered;
    this.#undelivered = null;
    return last === null ? exhausted : { done: false, value: last };
  }

  /** Not awaited: a hung model never answers it. Its failure comes after the end and changes nothing. */
  #release(): void {
    try {
      this.#iterator?.return?.().then(undefined, ignoreLateFailure);
    } catch {
      // Thrown instead of rejected: the same late failure.
    }
  }
}

function ignoreLateFailure(): void {
  // The request has ended and is settled; the model's own log has it.
}
