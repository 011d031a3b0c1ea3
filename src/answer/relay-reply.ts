import type { CaptureRecorder } from '../capture/capture.ts';
import type { MadeAnswer } from '../cache/byte-answers.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { AnswerSource, ChatPart } from '../chat/part.ts';
import type { RelayItem } from '../upstream/relay-stream.ts';
import type { Relayed } from '../upstream/relay.ts';
import type { Deadline } from './deadline.ts';
import type { LastPart } from './single-end.ts';

export interface RelayReply {
  /** The id of the model that answers. */
  readonly model: string;
  readonly contentType: string;
  /** `model`: the upstream was asked for it. */
  readonly source: AnswerSource;
  /** Of the question that the answer was made for, where that was another one. */
  readonly similarity?: number;
  /** Why this model; null: the client named it. */
  readonly route: string | null;
  /** The next bytes; an error, once, where the answer breaks off; null at its end. */
  read(): Promise<Uint8Array | NearfarError | null>;
  /** The client wants no more. */
  close(): void;
  /** True: `read` has nothing more. */
  readonly isOver: boolean;
}

/** An answer on its way to the client; what it says is seen from the side, and its end settled once. */
export function relayReply(
  model: string,
  { contentType, items, source, similarity }: MadeAnswer<Relayed>,
  account: { readonly see: (part: ChatPart) => void },
  settle: (last: LastPart) => Promise<void> | null,
  clock: Deadline,
  route: string | null,
): RelayReply {
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let hasFinished = false;
  let isOver = false;
  /** Not made where it says nothing: an error costs more than the events of a stream. */
  function end(): void {
    isOver = true;
    if (hasFinished) return;
    void settle({ type: 'error', error: new NearfarError('internal', 'The answer ended without an end.') });
  }
  return {
    model,
    contentType,
    source,
    ...(similarity === undefined ? {} : { similarity }),
    route,
    get isOver() {
      return isOver;
    },
    async read() {
      if (isOver) return null;
      try {
        const next = await items.next();
        if (next.done === true) {
          end();
          return null;
        }
        const { bytes, parts } = next.value;
        let settled: Promise<void> | null = null;
        for (const part of parts) {
          if (part.type !== 'finish') {
            if (part.type !== 'start') firstAt ??= performance.now();
            account.see(part);
            continue;
          }
          const now = performance.now();
          const prefillMs = (firstAt ?? now) - startedAt;
          const timings = {
            queueMs: 0,
            prefillMs,
            decodeMs: now - startedAt - prefillMs,
            totalMs: now - startedAt,
          };
          // Before the last bytes go out: who has read the end finds the request settled.
          hasFinished = true;
          settled = settle({ ...part, timings });
        }
        if (items.isOver === true) end();
        if (settled !== null) await settled;
        return bytes;
      } catch (thrown) {
        isOver = true;
        const error = toNearfarError(thrown);
        void settle({ type: 'error', error });
        return error;
      }
    },
    close() {
      if (isOver) return;
      isOver = true;
      const error = new NearfarError('aborted', 'The client went away.');
      void settle({ type: 'error', error });
      clock.abort(error);
      items.return();
    },
  };
}

/** A whole answer is kept as it came, a stream as what it says. */
export function readAlong(
  relayed: MadeAnswer<Relayed>,
  readers: readonly Pick<CaptureRecorder, 'see' | 'seeBody'>[],
  isStreamed: boolean,
): MadeAnswer<Relayed> {
  const { items } = relayed;
  const see = ({ bytes, parts }: RelayItem): void => {
    for (const reader of readers) {
      if (!isStreamed) reader.seeBody(bytes);
      else for (const part of parts) if (part.type !== 'finish') reader.see(part);
    }
  };
  return {
    ...relayed,
    items: {
      async next() {
        const next = await items.next();
        if (next.done !== true) see(next.value);
        return next;
      },
      return: () => {
        items.return();
      },
    },
  };
}
