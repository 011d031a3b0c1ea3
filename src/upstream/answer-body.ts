import { afterTurn } from './after-turn.ts';

/** What holds the socket that an answer comes from. */
export interface AnswerSource {
  pause(): void;
  resume(): void;
  /** Cuts the connection. */
  abort(reason: Error): void;
}

/** Bytes that wait for their reader; from here on the upstream waits too. */
const heldBytes = 64 * 1024;

const leftEarly = new Error('The reader left before the end of the answer.');

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The bytes of an answer on their way from the socket to the one who reads them. What came from the socket at once, or
 * while its reader did something else, is one chunk: a stream's events mostly come several at a time, and each chunk costs
 * its way through the gateway and a write. For one reader. Leaving before the end cuts the connection.
 *
 * In place of undici's own body, which is a stream of Node's with all that belongs to one: that took a fifth of a
 * gateway's time.
 */
export class AnswerBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: AnswerSource;
  #chunks: Uint8Array[] = [];
  #byteCount = 0;
  #isPaused = false;
  #isUnread = true;
  #end: { readonly error: unknown } | 'good' | null = null;
  #waiting: Waiting | null = null;

  constructor(source: AnswerSource) {
    this.#source = source;
  }

  /** Whether all of it was read, and it came to its end by itself. */
  get isAtEnd(): boolean {
    return this.#end === 'good' && this.#chunks.length === 0;
  }

  push(chunk: Uint8Array): void {
    // Behind whatever else the socket gives at once.
    if (this.#waiting !== null && this.#chunks.length === 0) afterTurn(this.#deliver);
    this.#chunks.push(chunk);
    this.#byteCount += chunk.byteLength;
    if (this.#byteCount >= heldBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
  }

  finish(): void {
    this.#end ??= 'good';
    if (this.#waiting !== null) afterTurn(this.#deliver);
  }

  /** What came before is read first. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#deliver();
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#chunks.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#end === 'good') return Promise.resolve({ done: true, value: undefined });
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the network threw it
    if (this.#end !== null) return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** To a reader that waits: what is there, else the end. */
  readonly #deliver = (): void => {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (this.#chunks.length > 0) waiting.resolve({ done: false, value: this.#take() });
    else if (this.#end === 'good') waiting.resolve({ done: true, value: undefined });
    else if (this.#end !== null) waiting.reject(this.#end.error);
    else return;
    this.#waiting = null;
  };

  /** All that is there. */
  #take(): Uint8Array {
    this.#isUnread = false;
    const [first] = this.#chunks;
    const all = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#byteCount = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#source.resume();
    }
    return all;
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#end === null) {
      this.#end = 'good';
      this.#source.abort(leftEarly);
    }
    this.#chunks = [];
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** All of it, where it has come to its end and nobody has read any yet; else null. */
  takeWhole(): Uint8Array | null {
    return this.#end === 'good' && this.#waiting === null && this.#isUnread ? this.#take() : null;
  }

  /** Reads to the end, so that the connection can be used again; beyond so many bytes it is cut instead. */
  async dump({ limit }: { readonly limit: number }): Promise<void> {
    let byteCount = 0;
    for await (const chunk of this) {
      byteCount += chunk.byteLength;
      if (byteCount > limit) return;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
