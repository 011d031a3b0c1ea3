import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { answerKey } from './answer-key.ts';
import { createFlight, type Flight } from './flight.ts';
import { createKeptAnswers, type KeptAnswers } from './kept-answers.ts';
import { compact, replayed } from './replay.ts';
import { usageOf, type CacheRules } from './cache-rules.ts';

/** The same question asked again, or twice at once, is computed once. */
export interface AnswerCache {
  /**
   * The answer to a request, from wherever it comes first. `open` runs the model; its signal aborts when nobody reads
   * any more. The `start` part says where the answer came from.
   */
  answer(asked: AskedAnswer): AsyncIterable<ChatPart>;
  /** Forgets kept answers; those under way are their readers'. Returns how many. */
  forget(isChosen: Parameters<KeptAnswers['forget']>[0]): number;
  readonly stats: AnswerCacheStats;
}

export interface AskedAnswer {
  readonly request: ChatRequest;
  /** The model that answers, never an alias. */
  readonly modelId: string;
  readonly open: (request: ChatRequest, signal: AbortSignal) => Promise<AsyncIterable<ChatPart>>;
  readonly signal: AbortSignal;
}

export interface AnswerCacheStats {
  readonly hitCount: number;
  readonly joinedCount: number;
  readonly missCount: number;
  readonly usedBytes: number;
  readonly answerCount: number;
}

export interface AnswerCacheOptions extends CacheRules {
  readonly budgetBytes: number;
  readonly timeToLiveMs: number;
  /** Changes where the model behind the id does. */
  readonly revisionOf: (modelId: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const kept = createKeptAnswers(options);
  const flights = new Map<string, { readonly flight: Flight; readonly priority: ChatRequest['priority'] }>();
  const counts = { hit: 0, joined: 0, miss: 0 };

  function begin(key: string, { request, open }: AskedAnswer): Flight {
    const flight = createFlight({
      // Each reader's own deadline ends its reading; the answer goes on for the others.
      open: (signal) => open({ ...request, deadlineAt: null }, signal),
      onEnd: (parts) => {
        if (flights.get(key)?.flight === flight) flights.delete(key);
        if (parts !== null)
          kept.put(key, {
            parts: compact(parts),
            madeAt: options.now(),
            owner: { requestId: request.id, tenant: request.tenant },
          });
      },
    });
    flights.set(key, { flight, priority: request.priority });
    return flight;
  }

  async function* answer(asked: AskedAnswer): AsyncGenerator<ChatPart, undefined> {
    const { request, modelId, open, signal } = asked;
    const usage = usageOf(request, options);
    if (usage === 'none') {
      yield* await open(request, signal);
      return;
    }
    const key = answerKey(request, { modelId, revision: await options.revisionOf(modelId) });
    const known = usage === 'read_and_write' ? kept.get(key) : null;
    if (known !== null) {
      counts.hit++;
      for (const part of known.parts) yield replayed(part, 'exact_cache');
      return;
    }
    const flying = usage === 'read_and_write' ? flights.get(key) : undefined;
    // Nobody waits for an answer that steps aside for others of less haste.
    const canJoin = flying !== undefined && flying.flight.isOpen && flying.priority === request.priority;
    if (canJoin) counts.joined++;
    else counts.miss++;
    if (!canJoin) {
      yield* begin(key, asked).read(signal);
      return;
    }
    for await (const part of flying.flight.read(signal)) yield replayed(part, 'flight');
  }

  return {
    answer,
    forget: (isChosen) => kept.forget(isChosen),
    get stats() {
      return {
        hitCount: counts.hit,
        joinedCount: counts.joined,
        missCount: counts.miss,
        usedBytes: kept.usedBytes,
        answerCount: kept.answerCount,
      };
    },
  };
}
