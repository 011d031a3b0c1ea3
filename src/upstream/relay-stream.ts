import { toNearfarError, NearfarError } from '../chat/error.ts';
import type { AnswerBody } from './answer-body.ts';
import type { BreakerEnd } from './circuit-breaker.ts';
import { networkFailure } from './connection.ts';
import type { Patience } from './patience.ts';
import type { WirePart } from './protocol.ts';
import type { SideReader } from './side-reader.ts';
import type { UsageFilter } from './usage-filter.ts';
import { withoutSecrets } from './wire-error.ts';

/** Bytes for the client, and what they say. The item with `finish` is the last one that matters. */
export interface RelayItem {
  readonly bytes: Uint8Array;
  readonly parts: readonly WirePart[];
  /** The connection was lost here, behind the end of the answer and before the end of the stream. */
  readonly isCut?: true;
}

export interface RelayItems {
  /** For one reader at a time. @throws NearfarError where the answer breaks off */
  next(): Promise<IteratorResult<RelayItem, undefined>>;
  /** The reader leaves; safe while `next` waits. */
  return(): void;
  /** True: `next` has nothing more; else that is not known yet. */
  readonly isOver?: boolean;
}

export interface RelayStreamOptions {
  readonly body: AsyncIterator<Uint8Array> & Partial<Pick<AnswerBody, 'isAtEnd'>>;
  readonly side: SideReader;
  /** What the client did not ask for is taken out; null: nothing is. */
  readonly filter: UsageFilter | null;
  readonly patience: Patience;
  /** Longest silence behind the first token. */
  readonly idleMs: number;
  /** The first token came. */
  readonly onFirst: () => void;
  /** Sees every part before its bytes go out. */
  readonly onPart: (part: WirePart) => void;
  readonly report: (end: BreakerEnd) => void;
  /** Texts that no error may show. */
  readonly secrets: readonly string[];
}

/** How long an upstream may take to end its stream behind the last event. */
const lateEndMs = 1_000;
/** An answer that says nothing in so many pieces is passed on as it is. */
const heldItems = 64;

const nothing = new Uint8Array();
const noMore = { done: true, value: undefined } as const;

/**
 * A stream on its way through: its bytes, and beside them what they say. By hand and not as async generators, one of
 * which would be three turns of the event queue for each event, and its `return` would wait for what it reads.
 */
export class RelayStream implements RelayItems {
  readonly #options: RelayStreamOptions;
  #held: RelayItem[] = [];
  #hasToken = false;
  #end: BreakerEnd = 'neither';
  #isOver = false;

  constructor(options: RelayStreamOptions) {
    this.#options = options;
  }

  /**
   * What comes before the first token is held back, so that a try that comes to nothing leaves nothing.
   * @throws NearfarError where it comes to nothing
   */
  async holdUntilToken(): Promise<void> {
    while (!this.#hasToken && this.#held.length < heldItems) {
      const item = await this.#read();
      if (item === null) return;
      this.#held.push(item);
    }
  }

  get isOver(): boolean {
    return this.#isOver && this.#held.length === 0;
  }

  async next(): Promise<IteratorResult<RelayItem, undefined>> {
    const value = this.#held.shift() ?? (await this.#read());
    return value === null ? noMore : { done: false, value };
  }

  return(): void {
    this.#held = [];
    if (this.#isOver) return;
    this.#close('left');
    // Cuts the connection. Nobody waits for what it says to that.
    this.#options.body.return?.().then(undefined, () => undefined);
  }

  async #read(): Promise<RelayItem | null> {
    if (this.#isOver) return null;
    const { body, side, filter, patience, onPart, secrets } = this.#options;
    try {
      const result = await body.next();
      if (result.done === true) {
        const parts = side.end();
        for (const part of parts) onPart(part);
        this.#end = 'good';
        this.#close('read');
        return { bytes: filter?.end() ?? nothing, parts };
      }
      const chunk = result.value;
      const parts = side.read(chunk);
      this.#keepTime(parts);
      for (const part of parts) onPart(part);
      const bytes = filter === null ? chunk : filter.push(chunk);
      // Told with the last bytes, the end needs no way of its own to the client.
      if (this.#end === 'good' && body.isAtEnd === true && endsEvent(chunk)) {
        const rest = filter?.end() ?? nothing;
        this.#close('read');
        return { bytes: rest.byteLength === 0 ? bytes : Buffer.concat([bytes, rest]), parts };
      }
      return { bytes, parts };
    } catch (thrown) {
      const error = withoutSecrets(explained(thrown, patience), secrets);
      // Cut behind its last choice: the answer is whole all the same.
      const parts = this.#end === 'good' ? [] : side.endIfWhole();
      if (parts === null) this.#end = error.retryable ? 'failed' : 'neither';
      else this.#end = 'good';
      for (const part of parts ?? []) onPart(part);
      this.return();
      if (parts === null) throw error;
      return { bytes: filter?.end() ?? nothing, parts, isCut: true };
    }
  }

  #keepTime(parts: readonly WirePart[]): void {
    const { side, patience, idleMs, onFirst } = this.#options;
    if (!this.#hasToken && (side.isBlind || parts.some((part) => part.type !== 'start'))) {
      this.#hasToken = true;
      onFirst();
      patience.wait(idleMs, 'sent nothing more');
    } else if (this.#hasToken) patience.refresh();
    if (parts.at(-1)?.type === 'finish') {
      this.#end = 'good';
      patience.wait(lateEndMs, 'did not end its stream');
    }
  }

  #close(how: 'read' | 'left'): void {
    this.#isOver = true;
    if (how === 'read') this.#options.patience.finish();
    else this.#options.patience.end();
    this.#options.report(this.#end);
  }
}

const lineFeed = 0x0a;

/** Nothing is half read behind it. */
function endsEvent(chunk: Uint8Array): boolean {
  return chunk.at(-1) === lineFeed && chunk.at(-2) === lineFeed;
}

/** What a failure was, in words: where patience ran out or the client left, that. */
export function explained(thrown: unknown, { signal }: Patience): NearfarError {
  if (signal.aborted && signal.reason instanceof NearfarError) return signal.reason;
  return toNearfarError(networkFailure(thrown));
}
