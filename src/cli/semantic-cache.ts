import type { AnswerCacheOptions } from '../cache/answer-cache.ts';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { LocalModels } from '../engine/local-models.ts';
import type { ModelStore } from '../models/store.ts';
import type { Log } from '../observe/log.ts';
import { findReference } from './model-index.ts';
import type { loadRooms } from './rooms.ts';

interface SemanticParts {
  readonly loaded: LoadedSettings;
  readonly store: ModelStore;
  readonly localModels: Pick<LocalModels, 'model'>;
  readonly log: Pick<Log, 'warn'>;
}

/** The cache of questions in other words under these settings; null where there is none. Begins to load its model. */
export function semanticCacheOf(
  { loaded, store, localModels, log }: SemanticParts,
  { createTextEmbedder }: Pick<Awaited<ReturnType<typeof loadRooms>>, 'createTextEmbedder'>,
): NonNullable<AnswerCacheOptions['semantic']> | null {
  const { semantic, exact } = loaded.settings.cache;
  if (semantic === null || !exact) return null;
  const { embedder, maxWrongHitRate, checkRate, sameAnswer } = semantic;
  return {
    maxWrongHitRate,
    checkRate,
    comparison: sameAnswer,
    random: Math.random,
    embed: createTextEmbedder({
      modelId: embedder,
      model: async () => {
        const found = await findReference(store, embedder);
        if (found !== null) return localModels.model(found.id);
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
