import type { AnswerSource } from '../chat/part.ts';
import type { Priority } from '../chat/request.ts';
import { bodyKey, type BodyOrigin, type BodyRequest } from './body-key.ts';
import { bodyUsageOf, type RuledBody } from './body-rules.ts';
import type { CacheRules } from './cache-rules.ts';
import { createFlight, type Flight } from './flight.ts';
import type { KeptAnswers, KeptBytes } from './kept-answers.ts';
import { sharedAnswer, type SharedAnswers } from './shared-answers.ts';
import { isWhole, joinedItems, type PassingAnswer, type PassingItem } from './passing-answer.ts';
import { compact, replayedPassing } from './replay.ts';
import { answerInBytes } from './semantic/answer-in-bytes.ts';
import { questionInBody } from './semantic/question-in-body.ts';
import type { Look, PayCheck, SemanticCache } from './semantic/semantic-cache.ts';

/** Answers that pass as an upstream's own bytes, given again byte for byte, and asked once for all who ask at once. */
export interface ByteAnswers {
  /** Null: this request has no part in it. */
  place(request: CachedBody, origin: BodyOrigin): BytePlace | null;
  /** A kept answer, before anything is paid for, or what is known of the question that must be asked. */
  find(place: BytePlace, signal: AbortSignal, payCheck: PayCheck): Promise<FoundBytes>;
  /**
   * An answer that is under way, or a new one. Resolves once there is something to deliver.
   * @param look as `find` gave it
   * @param open asks the upstream; its signal aborts when nobody reads any more
   * @throws NearfarError what `open` throws; why `signal` aborted
   */
  answer<Answer extends PassingAnswer>(
    place: BytePlace,
    look: Look | null,
    open: (signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<MadeAnswer<Answer>>;
}

export interface FoundBytes {
  /** Null: one must be made. */
  readonly answer: KeptPassing | null;
  /** How the question stands to those that were asked before; null: it was not compared. */
  readonly look: Look | null;
}

export interface KeptPassing extends PassingAnswer {
  readonly source: 'exact_cache' | 'semantic_cache';
  /** Of the question that it was made for, where that was another one. */
  readonly similarity?: number;
}

export interface MadeAnswer<Answer extends PassingAnswer> extends PassingAnswer {
  readonly source: AnswerSource;
  readonly similarity?: number;
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
  readonly origin: BodyOrigin;
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
  /** Null: only the same request counts. */
  readonly semantic: SemanticCache | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** First what was opened, then what it sends. */
type Piece = { readonly opened: PassingAnswer } | { readonly item: PassingItem };

export function createByteAnswers(options: ByteAnswersOptions): ByteAnswers {
  const { rules, kept, shared, counts, semantic, now } = options;
  const flights = new Map<string, { readonly flight: Flight<Piece>; readonly priority: Priority }>();

  function begin(
    { key, request }: BytePlace,
    look: Look | null,
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
        kept.put(key, answer, look?.bytes);
        // What cannot be compared is not learnt from.
        const said = look === null ? null : answerInBytes(answer);
        if (said !== null) look?.settle(key, said).catch(() => undefined);
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

  async function lookAt(
    { request, origin, mayRead }: BytePlace,
    signal: AbortSignal,
    payCheck: PayCheck,
  ): Promise<Look | null> {
    const single = semantic === null ? null : questionInBody(request, origin);
    if (semantic === null || single === null) return null;
    const { tenant, privacy } = request;
    return semantic.look({ ...single, tenant, privacy, modelId: origin.modelId }, signal, mayRead, payCheck);
  }

  return {
    place(request, origin) {
      const usage = bodyUsageOf(request, rules);
      if (usage === 'none') return null;
      const key = bodyKey(request, origin);
      return key === null ? null : { key, origin, mayRead: usage === 'read_and_write', request };
    },
    async find(place, signal, payCheck) {
      const { key, mayRead, request } = place;
      const answer = mayRead
        ? (kept.get(key) ?? (await sharedAnswer(shared, kept, key, request.privacy)))
        : null;
      if (answer !== null && 'items' in answer) {
        counts.hit++;
        return { answer: again(answer, 'exact_cache'), look: null };
      }
      const look = flying(place) === null ? await lookAt(place, signal, payCheck) : null;
      const hit = look?.hit ?? null;
      const near = hit === null ? null : kept.get(hit.key);
      const isThere = near !== null && 'items' in near;
      return { answer: isThere ? again(near, 'semantic_cache', hit?.similarity) : null, look };
    },
    async answer<Answer extends PassingAnswer>(
      place: BytePlace,
      look: Look | null,
      open: (signal: AbortSignal) => Promise<Answer>,
      signal: AbortSignal,
    ) {
      const other = flying(place);
      let opened: Answer | null = null;
      const flight =
        other ??
        begin(place, look, async (modelSignal) => {
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

/** A kept answer, from its beginning. */
function again(
  { contentType, items: kept }: KeptBytes,
  source: KeptPassing['source'],
  similarity?: number,
): KeptPassing {
  const items = [...kept];
  return {
    contentType,
    source,
    ...(similarity === undefined ? {} : { similarity }),
    items: {
      next() {
        const item = items.shift();
        if (item === undefined) return Promise.resolve({ done: true, value: item });
        const parts = item.parts.map((part) => replayedPassing(part, source, similarity));
        return Promise.resolve({ done: false, value: { ...item, parts } });
      },
      return() {
        items.length = 0;
      },
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
