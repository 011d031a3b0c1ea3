import type { Backend } from '../browser/backend.ts';
import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import { NearfarError } from '../chat/error.ts';
import type { Cleared } from '../privacy/clear.ts';
import { nativeError } from './native-error.ts';
import type { NativeModel } from './native-model.ts';
import { untilAborted } from './until-aborted.ts';

/** Vectors of a model of the device, of length 1. */
export function embedBy(
  model: NativeModel,
  embed: NonNullable<NativeModel['embed']>,
): NonNullable<Backend<'machine'>['embed']> {
  return async ({ request }: Cleared<'machine', EmbedRequest>, signal): Promise<EmbedResult> => {
    const { task } = request;
    if (task.kind !== 'embed') {
      throw new NearfarError('unsupported', `${model.name} is asked for vectors only.`);
    }
    const texts = task.inputs.map((input) => {
      if (input.kind === 'text') return input.text;
      throw new NearfarError('unsupported', `${task.field}: ${model.name} takes texts only.`, {
        field: task.field,
      });
    });
    const startedAt = performance.now();
    try {
      const { vectors, pooling, promptTokenCount } = await untilAborted(
        embed(texts, request, signal),
        signal,
      );
      if (vectors.length !== texts.length) {
        throw new NearfarError('upstream_failed', `${model.name} did not give one vector a text.`);
      }
      const totalMs = performance.now() - startedAt;
      return {
        model: model.name,
        grade: 'ungraded',
        pooling,
        output: { kind: 'vectors', vectors: vectors.map(unitVector), truncatedCount: 0 },
        promptTokenCount: promptTokenCount ?? 0,
        timings: { queueMs: 0, prefillMs: totalMs, decodeMs: 0, totalMs },
      };
    } catch (thrown) {
      throw nativeError(thrown);
    }
  };
}

/** Counts of tokens, with failures in this program's words. */
export function countBy(
  count: NonNullable<NativeModel['countTokens']>,
): NonNullable<Backend<'machine'>['countTokens']> {
  return async (input, signal) => {
    try {
      return await untilAborted(count(input, signal), signal);
    } catch (thrown) {
      throw nativeError(thrown);
    }
  };
}

function unitVector(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => (length === 0 ? value : value / length));
}
