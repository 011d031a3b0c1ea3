import type { AnswerCache, AnswerCacheOptions } from '../cache/answer-cache.ts';
import { NearfarError } from '../chat/error.ts';
import type { SharedAnswers } from '../cache/shared-answers.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { LocalModels } from '../engine/local-models.ts';
import type { ModelStore } from '../models/store.ts';
import type { Log } from '../observe/log.ts';
import type { UpstreamModels } from '../upstream/upstream-models.ts';
import { filesBehind } from './adapters.ts';
import type { Store } from '../store/store.ts';
import { findReference, type ModelIndex } from './model-index.ts';
import { databaseUrl } from './open-state.ts';
import type { loadRooms } from './rooms.ts';

interface CacheParts {
  readonly loaded: LoadedSettings;
  readonly store: ModelStore;
  readonly index: ModelIndex;
  readonly localModels: Pick<LocalModels, 'model'>;
  readonly upstreams: Pick<UpstreamModels, 'upstreamOf'>;
  readonly log: Pick<Log, 'warn'>;
  /** Where gateways may share what they keep. */
  readonly state: Pick<Store, 'db'>;
}

type Rooms = Pick<
  Awaited<ReturnType<typeof loadRooms>>,
  'createAnswerCache' | 'createSharedAnswers' | 'createTextEmbedder' | 'modelRevision'
>;

/** The cache of answers under these settings. */
export function openAnswerCache(parts: CacheParts, rooms: Rooms): AnswerCache {
  const { exact, exactBytes, exactTtlSeconds, exactMaxTemperature, upstreams } = parts.loaded.settings.cache;
  return rooms.createAnswerCache({
    isOn: exact,
    budgetBytes: exactBytes,
    timeToLiveMs: exactTtlSeconds * 1000,
    maxTemperature: exactMaxTemperature,
    upstreams,
    revisionOf: async (modelId) => {
      // Nobody tells which weights stand behind a name elsewhere: the time to live bounds that.
      if (parts.upstreams.upstreamOf(modelId) !== null) return '';
      return rooms.modelRevision(await filesBehind(modelId, parts.index));
    },
    now: () => Date.now(),
    shared: sharedAnswers(parts, rooms),
    semantic: semanticOptions(parts, rooms),
  });
}

/** Null where state is this machine's alone. */
function sharedAnswers({ loaded, state, log }: CacheParts, rooms: Rooms): SharedAnswers | null {
  const { exact, exactTtlSeconds, shared, sharedBytes } = loaded.settings.cache;
  if (!exact || shared === 'off' || databaseUrl(loaded) === null) return null;
  return rooms.createSharedAnswers({
    store: state,
    boundary: shared === 'inside' ? 'inside' : 'outside',
    timeToLiveMs: exactTtlSeconds * 1000,
    budgetBytes: sharedBytes,
    warn: (message, cause) => {
      log.warn(message, { cause });
    },
    now: () => Date.now(),
  });
}

/** How questions in other words are found; null where they are not. Begins to load the model for that. */
function semanticOptions(
  { loaded, store, index, localModels, log }: CacheParts,
  { createTextEmbedder }: Rooms,
): NonNullable<AnswerCacheOptions['semantic']> | null {
  const { semantic, exact } = loaded.settings.cache;
  if (semantic === null || !exact) return null;
  const { embedder, maxWrongHitRate, checkRate, sameAnswer, upstreams } = semantic;
  return {
    upstreams,
    maxWrongHitRate,
    checkRate,
    comparison: sameAnswer,
    random: Math.random,
    embed: createTextEmbedder({
      modelId: embedder,
      model: async () => {
        const found = await findReference(store, embedder);
        if (found !== null) return localModels.model(found.id);
        // What stands in for a model is known by its name alone.
        if ((await index.ids()).includes(embedder)) return localModels.model(embedder);
        throw new NearfarError(
          'model_not_found',
          `${embedder} is not here. \`nearfar pull ${embedder}\` fetches it.`,
          { field: 'cache.semantic.embedder' },
        );
      },
      warn: (message, cause) => {
        log.warn(message, { cause });
      },
      now: () => performance.now(),
    }),
  };
}
