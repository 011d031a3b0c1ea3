import type { AnswerSource, ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { answerKey, type AnswerOrigin, type Elsewhere } from './answer-key.ts';
import { createByteAnswers, type ByteAnswers } from './byte-answers.ts';
import { createFlight, type Flight } from './flight.ts';
import { createKeptAnswers, type KeptAnswers } from './kept-answers.ts';
import { compact, replayed } from './replay.ts';
import { usageOf, type CacheRules } from './cache-rules.ts';
import { sharedAnswer, type SharedAnswers } from './shared-answers.ts';
import {
  createSemanticCache,
  type Look,
  type PayCheck,
  type SemanticCacheOptions,
  type SemanticStats,
} from './semantic/semantic-cache.ts';
import { answerInBytes } from './semantic/answer-in-bytes.ts';
import { singleQuestion } from './semantic/single-question.ts';

/** The same question asked again, or twice at once, is computed once. */
export interface AnswerCache {
  /**
   * The answer to a request, from wherever it comes first. `open` runs the model; its signal aborts when nobody reads
   * any more. The `start` part says where the answer came from.
   */
  answer(asked: AskedAnswer): AsyncIterable<ChatPart>;
  /** A kept answer of an upstream, before anything is paid for, or what is known of the question that must be asked. */
  find(asked: Omit<AskedAnswer, 'open' | 'look'> & { readonly payCheck: PayCheck }): Promise<FoundAnswer>;
  /** The same for answers that pass as bytes. They take from the same memory. */
  readonly bytes: ByteAnswers;
  /** Resolves when what other gateways may give too is where they find it. */
  flush(): Promise<void>;
  /** Forgets kept answers; those under way are their readers'. Returns how many. */
  forget(isChosen: Parameters<KeptAnswers['forget']>[0]): number;
  readonly stats: AnswerCacheStats;
}

export interface AskedAnswer {
  readonly request: ChatRequest;
  /** The model that answers, never an alias. */
  readonly modelId: string;
  /** Absent: this machine answers, whatever comes. Of others' answers only those of `modelId` are kept. */
  readonly elsewhere?: Elsewhere;
  readonly open: (request: ChatRequest, signal: AbortSignal) => Promise<AsyncIterable<ChatPart>>;
  readonly signal: AbortSignal;
  /** As `find` gave it, of answers of upstreams. */
  readonly look?: Look | null;
}

export interface FoundAnswer {
  /** Null: one must be made. */
  readonly parts: AsyncIterable<ChatPart> | null;
  /** How the question stands to those that were asked before; null: it was not compared. */
  readonly look: Look | null;
}

export interface AnswerCacheStats {
  readonly hitCount: number;
  readonly joinedCount: number;
  readonly missCount: number;
  readonly usedBytes: number;
  readonly answerCount: number;
  /** Null where only the same request counts. */
  readonly semantic: SemanticStats | null;
}

export interface AnswerCacheOptions extends CacheRules {
  readonly budgetBytes: number;
  readonly timeToLiveMs: number;
  /** Changes where the model behind the id does. */
  readonly revisionOf: (modelId: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What several gateways share; absent: each has its own memory alone. */
  readonly shared?: SharedAnswers | null;
  /** Whether the same question in other words counts too; of upstreams' answers, where it says so. @default null */
  readonly semantic?: (Omit<SemanticCacheOptions, 'answerOf'> & { readonly upstreams?: boolean }) | null;
}

/** This machine's models bill nothing. */
const freeCheck: PayCheck = { canPay: () => true, pay: () => Promise.resolve(0) };

export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const kept = createKeptAnswers({
    ...options,
    onRemove: (key) => {
      semantic?.forget(key);
    },
  });
  const semantic = options.semantic ? createSemanticCache({ ...options.semantic, answerOf }) : null;
  const flights = new Map<
    string,
    { readonly flight: Flight<ChatPart>; readonly priority: ChatRequest['priority'] }
  >();
  const { shared = null } = options;
  const counts = { hit: 0, joined: 0, miss: 0 };

  function answerOf(key: string): readonly ChatPart[] | null {
    const answer = kept.peek(key);
    if (answer === null) return null;
    return 'parts' in answer ? answer.parts : answerInBytes(answer);
  }

  /** Counts as a use. */
  function takeParts(key: string): readonly ChatPart[] | null {
    const answer = kept.get(key);
    return answer !== null && 'parts' in answer ? answer.parts : null;
  }

  /** What another gateway made. */
  async function sharedParts(key: string, { privacy }: ChatRequest): Promise<readonly ChatPart[] | null> {
    const answer = await sharedAnswer(shared, kept, key, privacy);
    return answer !== null && 'parts' in answer ? answer.parts : null;
  }

  async function originOf({
    modelId,
    elsewhere,
  }: Pick<AskedAnswer, 'modelId' | 'elsewhere'>): Promise<AnswerOrigin> {
    // Fallbacks of a model of this machine leave its revision what it is.
    const revision = await options.revisionOf(modelId);
    return { modelId, revision, ...(elsewhere === undefined ? {} : { elsewhere }) };
  }

  function begin(
    key: string,
    { request, modelId, elsewhere, open }: AskedAnswer,
    look: Look | null,
  ): Flight<ChatPart> {
    const flight = createFlight<ChatPart>({
      isLast: (part) => part.type === 'finish' || part.type === 'error',
      // Each reader's own deadline ends its reading; the answer goes on for the others.
      open: (signal) => open({ ...request, deadlineAt: null }, signal),
      onEnd: (parts) => {
        if (flights.get(key)?.flight === flight) flights.delete(key);
        if (parts.at(-1)?.type !== 'finish') return;
        const start = parts.find((part) => part.type === 'start');
        // A fallback answered: the model itself would have said something else.
        if (elsewhere !== undefined && start?.model !== modelId) return;
        const answer = compact(parts);
        const owner = { requestId: request.id, tenant: request.tenant };
        const made = { parts: answer, madeAt: options.now(), owner };
        kept.put(key, made, look?.bytes);
        if (shared?.mayHold(request.privacy) === true) shared.put(key, made);
        // What cannot be compared is not learnt from.
        look?.settle(key, answer).catch(() => undefined);
      },
    });
    flights.set(key, { flight, priority: request.priority });
    return flight;
  }

  async function* answer(asked: AskedAnswer): AsyncGenerator<ChatPart, undefined> {
    const { request, open, signal } = asked;
    const isElsewhere = asked.elsewhere !== undefined;
    const usage = usageOf(request, options, isElsewhere);
    if (usage === 'none') {
      yield* await open(request, signal);
      return;
    }
    const origin = await originOf(asked);
    const key = answerKey(request, origin);
    const mayRead = usage === 'read_and_write';
    // Of upstreams' `find` has asked the others' before.
    const mayAskOthers = mayRead && !isElsewhere && !canJoin(key, request);
    const own = mayRead ? takeParts(key) : null;
    const known = own ?? (mayAskOthers ? await sharedParts(key, request) : null);
    if (known !== null) {
      counts.hit++;
      yield* again(known, 'exact_cache');
      return;
    }
    let look = asked.look ?? null;
    if (!isElsewhere && !(mayRead && canJoin(key, request))) {
      look = await lookAt(asked, origin, mayRead, freeCheck);
      const near = nearAnswer(look);
      if (near !== null) {
        yield* near;
        return;
      }
    }
    const flying = mayRead && canJoin(key, request) ? flights.get(key) : undefined;
    if (flying === undefined) {
      counts.miss++;
      yield* begin(key, asked, look).read(signal);
      return;
    }
    counts.joined++;
    for await (const part of flying.flight.read(signal)) yield replayed(part, 'flight');
  }

  /** Nobody waits for an answer that steps aside for others of less haste. */
  function canJoin(key: string, { priority }: ChatRequest): boolean {
    const flying = flights.get(key);
    return flying?.flight.isOpen === true && flying.priority === priority;
  }

  /** Null also where only the same request counts. */
  async function lookAt(
    { request, signal }: Pick<AskedAnswer, 'request' | 'signal'>,
    origin: AnswerOrigin,
    mayHit: boolean,
    payCheck: PayCheck,
  ): Promise<Look | null> {
    const single = semantic === null ? null : singleQuestion(request, origin);
    if (semantic === null || single === null) return null;
    const { tenant, privacy } = request;
    return semantic.look({ ...single, tenant, privacy, modelId: origin.modelId }, signal, mayHit, payCheck);
  }

  function nearAnswer(look: Look | null): AsyncIterable<ChatPart> | null {
    const hit = look?.hit ?? null;
    const parts = hit === null ? null : takeParts(hit.key);
    return parts === null ? null : again(parts, 'semantic_cache', hit?.similarity);
  }

  const find: AnswerCache['find'] = async (asked) => {
    const nothing = { parts: null, look: null };
    const usage = usageOf(asked.request, options, asked.elsewhere !== undefined);
    if (usage === 'none') return nothing;
    const origin = await originOf(asked);
    const key = answerKey(asked.request, origin);
    const mayRead = usage === 'read_and_write';
    const parts = mayRead ? (takeParts(key) ?? (await sharedParts(key, asked.request))) : null;
    if (parts !== null) {
      counts.hit++;
      return { parts: again(parts, 'exact_cache'), look: null };
    }
    if (options.semantic?.upstreams !== true || (mayRead && canJoin(key, asked.request))) return nothing;
    const look = await lookAt(asked, origin, mayRead, asked.payCheck);
    return { parts: nearAnswer(look), look };
  };

  return {
    answer,
    find,
    bytes: createByteAnswers({
      ...{ rules: options, kept, shared, counts, now: options.now },
      semantic: options.semantic?.upstreams === true ? semantic : null,
    }),
    flush: async () => shared?.flush(),
    forget: (isChosen) => kept.forget(isChosen),
    get stats() {
      return {
        hitCount: counts.hit,
        joinedCount: counts.joined,
        missCount: counts.miss,
        usedBytes: kept.usedBytes,
        answerCount: kept.answerCount,
        semantic: semantic?.stats ?? null,
      };
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- readers of answers read as of a model
async function* again(
  parts: readonly ChatPart[],
  source: AnswerSource,
  similarity?: number,
): AsyncGenerator<ChatPart, undefined> {
  for (const part of parts) yield replayed(part, source, similarity);
}
