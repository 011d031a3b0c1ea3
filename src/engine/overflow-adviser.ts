import { freemem } from 'node:os';
import { longContextStrategy, overflowHint } from '../plan/long-context.ts';
import type { LoadedModel } from './protocol.ts';

/** What would help against a prompt that is too long for this loaded model, as a sentence behind its refusal. */
export function overflowAdviser(
  { pool, contextTokenCount, trainedContextTokenCount }: LoadedModel,
  hostCacheBytes: number,
): (promptTokenCount: number) => string {
  return (promptTokenCount) => {
    if (pool === undefined) return '';
    return overflowHint(
      longContextStrategy({
        ...pool,
        promptTokenCount,
        contextTokenCount,
        trainedContextTokenCount,
        freeMemoryBytes: freemem(),
        hostCacheBytes,
        // It is not going to be read.
        promptMs: null,
      }),
    );
  };
}
