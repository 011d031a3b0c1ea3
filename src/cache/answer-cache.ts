import type { ChatPart } from '../chat/part.ts';
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
  type SemanticCacheOptions,
  type SemanticStats,
} from './semantic/semantic-cache.ts';

/** The same question asked again, or twice at once, is computed once. */
export interface AnswerCache {
  /**
   * The answer to a request, from wherever it comes first. `open` runs the model; its signal aborts when nobody reads
   * any more. The `start` part says where the answer came from.
   */
  answer(asked: AskedAnswer): AsyncIterable<ChatPart>;
  /** A kept answer of an upstream, before anything is paid for; null where one must be made. */
  find(asked: Omit<AskedAnswer, 'open' | 'signal'>): Promise<AsyncIterable<ChatPart> | null>;
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
  /** Whether the same question in other words counts too. @default null */
  readonly semantic?: Omit<SemanticCacheOptions, 'answerOf'> | null;
}

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
    return answer !== null && 'parts' in answer ? answer.parts : null;
  }

  /** As `answerOf`, and it counts as a use. */
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
  }: Omit<AskedAnswer, 'open' | 'signal'>): Promise<AnswerOrigin> {
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
      yield* again(known);
      return;
    }
    let look: Look | null = null;
    if (semantic !== null && !isElsewhere && !(mayRead && canJoin(key, request))) {
      look = await semantic.look(request, origin, signal, mayRead);
      const hit = look?.hit ?? null;
      const near = hit === null ? null : takeParts(hit.key);
      if (near !== null) {
        for (const part of near) yield replayed(part, 'semantic_cache', hit?.similarity);
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

  async function find(asked: Omit<AskedAnswer, 'open' | 'signal'>): Promise<AsyncIterable<ChatPart> | null> {
    if (usageOf(asked.request, options, asked.elsewhere !== undefined) !== 'read_and_write') return null;
    const key = answerKey(asked.request, await originOf(asked));
    const parts = takeParts(key) ?? (await sharedParts(key, asked.request));
    if (parts === null) return null;
    counts.hit++;
    return again(parts);
  }

  return {
    answer,
    find,
    bytes: createByteAnswers({ rules: options, kept, shared, counts, now: options.now }),
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
async function* again(parts: readonly ChatPart[]): AsyncGenerator<ChatPart, undefined> {
  for (const part of parts) yield replayed(part, 'exact_cache');
}
