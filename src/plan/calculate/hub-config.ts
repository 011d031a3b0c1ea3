import type { LayerCache, LayerGroup } from './attention.ts';
import type { ModelShape } from './model-shape.ts';

/** What a `config.json` of the Hugging Face hub may say, as far as memory and speed depend on it. Larger is made up. */
const limits = {
  num_hidden_layers: 1000,
  hidden_size: 1e6,
  num_attention_heads: 10_000,
  num_key_value_heads: 10_000,
  head_dim: 65_536,
  intermediate_size: 1e8,
  vocab_size: 1e8,
  max_position_embeddings: 1e9,
  sliding_window: 1e9,
  kv_lora_rank: 1e6,
  qk_rope_head_dim: 65_536,
  qk_nope_head_dim: 65_536,
  v_head_dim: 65_536,
  num_local_experts: 100_000,
  num_experts: 100_000,
  n_routed_experts: 100_000,
  n_shared_experts: 1000,
  num_experts_per_tok: 100_000,
  moe_intermediate_size: 1e8,
  first_k_dense_replace: 1000,
} as const;
type Field = keyof typeof limits;

/**
 * The shape of a model out of its `config.json`: multi-head, grouped or multi-query attention, latent attention, windows, experts.
 * Models with several parts keep the text model in `text_config`.
 * @throws RangeError naming the field
 */
export function shapeOfHubConfig(config: unknown, name: string): ModelShape {
  const outer = recordOf(config, 'config');
  const fields = outer['text_config'] === undefined ? outer : recordOf(outer['text_config'], 'text_config');
  const number = (field: Field): number | null => wholeOf(fields, field);
  const required = (field: Field): number => {
    const value = number(field);
    if (value === null) throw new RangeError(`${field}: expected a number, and it is not there`);
    return value;
  };
  const layerCount = required('num_hidden_layers');
  const embeddingLength = required('hidden_size');
  const headCount = required('num_attention_heads');
  const latentLength = number('kv_lora_rank');
  const headLength =
    latentLength === null
      ? (number('head_dim') ?? Math.floor(embeddingLength / headCount))
      : required('qk_rope_head_dim') + required('qk_nope_head_dim');
  const kvHeadCount = number('num_key_value_heads') ?? headCount;
  if (kvHeadCount > headCount)
    throw new RangeError(
      `num_key_value_heads: expected at most ${headCount} (num_attention_heads), got ${kvHeadCount}`,
    );
  const cacheOf = (windowTokenCount: number | null): LayerCache =>
    latentLength === null
      ? { kind: 'heads', kvHeadCount, keyLength: headLength, valueLength: headLength, windowTokenCount }
      : { kind: 'latent', latentLength, rotaryLength: required('qk_rope_head_dim') };
  const windowedCount = windowedLayers(fields, layerCount);
  const window = number('sliding_window');
  const groups: readonly LayerGroup[] = [
    { layerCount: layerCount - windowedCount, cache: cacheOf(null) },
    { layerCount: windowedCount, cache: cacheOf(window) },
  ].filter((group) => group.layerCount > 0);
  const feedForwardLength = required('intermediate_size');
  const vocabTokenCount = required('vocab_size');
  const hasTiedEmbedding = fields['tie_word_embeddings'] === true || outer['tie_word_embeddings'] === true;
  const counts = weightsOf({
    ...{
      layerCount,
      embeddingLength,
      headCount,
      headLength,
      kvHeadCount,
      latentLength,
      vocabTokenCount,
      hasTiedEmbedding,
    },
    valueLength: number('v_head_dim') ?? headLength,
    experts: expertsOf(number, feedForwardLength, layerCount),
  });
  return {
    name,
    aliases: [],
    family: typeof fields['model_type'] === 'string' ? fields['model_type'] : 'unknown',
    parameterCount: counts.all,
    activeParameterCount: counts.active,
    ...{ embeddingLength, headCount, headLength, feedForwardLength, vocabTokenCount, hasTiedEmbedding },
    contextTokenCount: number('max_position_embeddings') ?? 0,
    layers: groups,
    source: `config.json of ${name}; weights counted from it, norms and biases left out`,
  };
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${name}: expected an object`);
  return value as Record<string, unknown>;
}

/** `null`: absent, or null as some files write it. */
function wholeOf(fields: Readonly<Record<string, unknown>>, field: Field): number | null {
  const value = fields[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > limits[field])
    throw new RangeError(
      `${field}: expected a whole number from 0 to ${limits[field]}, got ${JSON.stringify(value)}`,
    );
  if (value === 0 && ['num_hidden_layers', 'hidden_size', 'num_attention_heads'].includes(field))
    throw new RangeError(`${field}: expected at least 1, got 0`);
  return value;
}

/** Layers that look back at a window only: as `layer_types` lists them, every n-th by a pattern, or all where there is a window. */
function windowedLayers(fields: Readonly<Record<string, unknown>>, layerCount: number): number {
  if (fields['sliding_window'] === undefined || fields['sliding_window'] === null) return 0;
  if (fields['use_sliding_window'] === false) return 0;
  const types = fields['layer_types'];
  if (Array.isArray(types)) {
    if (types.length !== layerCount)
      throw new RangeError(`layer_types: expected ${layerCount} entries, got ${types.length}`);
    return types.filter((type) => type === 'sliding_attention').length;
  }
  const pattern = fields['sliding_window_pattern'];
  if (typeof pattern === 'number' && Number.isInteger(pattern) && pattern > 1)
    return layerCount - Math.floor(layerCount / pattern);
  if (fields['model_type'] === 'gemma2') return Math.ceil(layerCount / 2);
  return layerCount;
}

interface Experts {
  readonly count: number;
  readonly activeCount: number;
  readonly sharedCount: number;
  readonly length: number;
  readonly denseLayerCount: number;
  readonly denseLength: number;
}

function expertsOf(
  number: (field: Field) => number | null,
  feedForwardLength: number,
  layerCount: number,
): Experts {
  const count = number('n_routed_experts') ?? number('num_local_experts') ?? number('num_experts') ?? 0;
  return {
    count,
    activeCount: Math.min(count, number('num_experts_per_tok') ?? count),
    sharedCount: number('n_shared_experts') ?? 0,
    length: number('moe_intermediate_size') ?? feedForwardLength,
    denseLayerCount: count === 0 ? layerCount : Math.min(layerCount, number('first_k_dense_replace') ?? 0),
    denseLength: feedForwardLength,
  };
}

/** Embedding, attention and gated feed-forward layers; of experts all, and those that a token takes. */
function weightsOf(shape: {
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly headLength: number;
  readonly valueLength: number;
  readonly kvHeadCount: number;
  readonly latentLength: number | null;
  readonly vocabTokenCount: number;
  readonly hasTiedEmbedding: boolean;
  readonly experts: Experts;
}): { readonly all: number; readonly active: number } {
  const { layerCount, embeddingLength, headCount, headLength, valueLength, kvHeadCount, experts } = shape;
  const embedding = shape.vocabTokenCount * embeddingLength * (shape.hasTiedEmbedding ? 1 : 2);
  const keysAndValues =
    shape.latentLength === null
      ? embeddingLength * kvHeadCount * 2 * headLength
      : embeddingLength * shape.latentLength + shape.latentLength * headCount * (headLength + valueLength);
  const attention =
    layerCount *
    (embeddingLength * headCount * headLength + keysAndValues + headCount * valueLength * embeddingLength);
  const sparseCount = layerCount - experts.denseLayerCount;
  const feedForward = (expertCount: number): number =>
    3 *
    embeddingLength *
    (experts.denseLayerCount * experts.denseLength +
      sparseCount * (expertCount + experts.sharedCount) * experts.length);
  return {
    all: embedding + attention + feedForward(experts.count),
    active: embedding + attention + feedForward(experts.activeCount),
  };
}
