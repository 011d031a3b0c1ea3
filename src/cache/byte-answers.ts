import type { AnswerSource } from '../chat/part.ts';
import type { Priority } from '../chat/request.ts';
import { bodyKey, type BodyOrigin, type BodyRequest } from './body-key.ts';
import { bodyUsageOf, type RuledBody } from './body-rules.ts';
import type { CacheRules } from './cache-rules.ts';
import { createFlight, type Flight } from './flight.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { sharedAnswer, type SharedAnswers } from './shared-answers.ts';
import { isWhole, joinedItems, type PassingAnswer, type PassingItem } from './passing-answer.ts';
import { compact, replayedPassing } from './replay.ts';

/** Answers that pass as an upstream's own bytes, given again byte for byte, and asked once for all who ask at once. */
export interface ByteAnswers {
  /** Null: this request has no part in it. */
  place(request: CachedBody, origin: BodyOrigin): BytePlace | null;
  /** A kept answer; null where one must be made. */
  find(place: BytePlace): Promise<PassingAnswer | null>;
  /**
   * An answer that is under way, or a new one. Resolves once there is something to deliver.
   * @param open asks the upstream; its signal aborts when nobody reads any more
   * @throws NearfarError what `open` throws; why `signal` aborted
   */
  answer<Answer extends PassingAnswer>(
    place: BytePlace,
    open: (signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<MadeAnswer<Answer>>;
}

export interface MadeAnswer<Answer extends PassingAnswer> extends PassingAnswer {
  readonly source: AnswerSource;
  /** What was opened for this reader; null where it was for another one. */
  readonly opened: Answer | null;
}

export interface CachedBody extends BodyRequest, RuledBody {
  readonly id: string;
  readonly priority: Priority;
}

/** Where an answer lies or would lie. */
export interface BytePlace {
  readonly key: string;
  readonly mayRead: boolean;
  readonly request: CachedBody;
}

export interface ByteAnswersOptions {
  readonly rules: CacheRules;
  readonly kept: KeptAnswers;
  /** A second level; null: there is none. */
  readonly shared: SharedAnswers | null;
  /** Shared with answers that come in parts. */
  readonly counts: { hit: number; joined: number; miss: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** First what was opened, then what it sends. */
type Piece = { readonly opened: PassingAnswer } | { readonly item: PassingItem };

export function createByteAnswers({ rules, kept, shared, counts, now }: ByteAnswersOptions): ByteAnswers {
  const flights = new Map<string, { readonly flight: Flight<Piece>; readonly priority: Priority }>();

  function begin(
    { key, request }: BytePlace,
    open: (signal: AbortSignal) => Promise<PassingAnswer>,
  ): Flight<Piece> {
    const { id: requestId, tenant, isStreamed, priority } = request;
    let contentType = '';
    const flight = createFlight<Piece>({
      open: async (signal) => {
        const opened = await open(signal);
        ({ contentType } = opened);
        return piecesOf(opened);
      },
      onEnd: (pieces, isUncut) => {
        if (flights.get(key)?.flight === flight) flights.delete(key);
        const items = pieces.flatMap((piece) => ('item' in piece ? [piece.item] : []));
        if (!isUncut || !isWhole(items, isStreamed)) return;
        const again = joinedItems(items).map(({ bytes, parts }) => ({
          bytes,
          parts: compact(parts).map((part) => replayedPassing(part, 'exact_cache')),
        }));
        const answer = { contentType, items: again, madeAt: now(), owner: { requestId, tenant } };
        kept.put(key, answer);
        if (shared?.mayHold(request.privacy) === true) shared.put(key, answer);
      },
    });
    flights.set(key, { flight, priority });
    return flight;
  }

  /** Nobody waits for an answer that steps aside for others of less haste. */
  function flying({ key, mayRead, request }: BytePlace): Flight<Piece> | null {
    const found = flights.get(key);
    if (!mayRead || found?.flight.isOpen !== true || found.priority !== request.priority) return null;
    return found.flight;
  }

  return {
    place(request, origin) {
      const usage = bodyUsageOf(request, rules);
      if (usage === 'none') return null;
      const key = bodyKey(request, origin);
      return key === null ? null : { key, mayRead: usage === 'read_and_write', request };
    },
    async find({ key, mayRead, request }) {
      if (!mayRead) return null;
      const answer = kept.get(key) ?? (await sharedAnswer(shared, kept, key, request.privacy));
      if (answer === null || !('items' in answer)) return null;
      counts.hit++;
      const items = [...answer.items];
      return {
        contentType: answer.contentType,
        items: {
          next() {
            const value = items.shift();
            return Promise.resolve(value === undefined ? { done: true, value } : { done: false, value });
          },
          return() {
            items.length = 0;
          },
        },
      };
    },
    async answer<Answer extends PassingAnswer>(
      place: BytePlace,
      open: (signal: AbortSignal) => Promise<Answer>,
      signal: AbortSignal,
    ) {
      const other = flying(place);
      let opened: Answer | null = null;
      const flight =
        other ??
        begin(place, async (modelSignal) => {
          opened = await open(modelSignal);
          return opened;
        });
      if (other === null) counts.miss++;
      else counts.joined++;
      const source: AnswerSource = other === null ? 'model' : 'flight';
      const reader = flight.read(signal);
      const first = await reader.next();
      if (first.done === true || !('opened' in first.value)) throw endedEarly(signal);
      return {
        contentType: first.value.opened.contentType,
        items: itemsOf(reader, source, signal),
        source,
        opened,
      };
    },
  };
}

async function* piecesOf(opened: PassingAnswer): AsyncGenerator<Piece, undefined> {
  yield { opened };
  try {
    for (;;) {
      const next = await opened.items.next();
      if (next.done === true) return;
      yield { item: next.value };
    }
  } finally {
    opened.items.return();
  }
}

function itemsOf(
  reader: AsyncIterableIterator<Piece, undefined>,
  source: AnswerSource,
  signal: AbortSignal,
): PassingAnswer['items'] {
  return {
    async next() {
      const next = await reader.next();
      // Others read on: this reader's end is why it left.
      if (next.done === true && signal.aborted) throw endedEarly(signal);
      if (next.done === true || !('item' in next.value)) return { done: true, value: undefined };
      const { item } = next.value;
      if (source === 'model') return { done: false, value: item };
      return {
        done: false,
        value: { ...item, parts: item.parts.map((part) => replayedPassing(part, source)) },
      };
    },
    return() {
      void reader.return?.();
    },
  };
}

function endedEarly({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The answer ended before it began.');
}
