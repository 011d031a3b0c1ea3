import type { LayerGroup } from './attention.ts';

/** The published shape of a model: what memory and speed are computed from where its file is not at hand. */
export interface ModelShape {
  readonly name: string;
  /** Other spellings, lower case. */
  readonly aliases: readonly string[];
  readonly family: string;
  readonly parameterCount: number;
  /** Weights that a token reads; fewer than all in a mixture of experts. */
  readonly activeParameterCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly headLength: number;
  readonly feedForwardLength: number;
  readonly vocabTokenCount: number;
  readonly hasTiedEmbedding: boolean;
  readonly contextTokenCount: number;
  readonly layers: readonly LayerGroup[];
  readonly source: string;
}

interface Dense {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly family: string;
  readonly parameterCount: number;
  readonly layers: number;
  readonly embedding: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly head: number;
  readonly feedForward: number;
  readonly vocab: number;
  readonly isTied?: boolean;
  readonly context: number;
  /** So many of the layers look back at so many tokens only. */
  readonly windowed?: { readonly layers: number; readonly tokens: number };
  readonly source: string;
}

function dense(shape: Dense): ModelShape {
  const group = (layerCount: number, windowTokenCount: number | null): LayerGroup => ({
    layerCount,
    cache: {
      kind: 'heads',
      kvHeadCount: shape.kvHeads,
      keyLength: shape.head,
      valueLength: shape.head,
      windowTokenCount,
    },
  });
  const windowedCount = shape.windowed?.layers ?? 0;
  return {
    name: shape.name,
    aliases: shape.aliases ?? [],
    family: shape.family,
    parameterCount: shape.parameterCount,
    activeParameterCount: shape.parameterCount,
    embeddingLength: shape.embedding,
    headCount: shape.heads,
    headLength: shape.head,
    feedForwardLength: shape.feedForward,
    vocabTokenCount: shape.vocab,
    hasTiedEmbedding: shape.isTied ?? false,
    contextTokenCount: shape.context,
    layers: [
      ...(windowedCount < shape.layers ? [group(shape.layers - windowedCount, null)] : []),
      ...(windowedCount > 0 ? [group(windowedCount, shape.windowed?.tokens ?? null)] : []),
    ],
    source: shape.source,
  };
}

/** Compared with what LitGPT has of the same config.json. A test counts the weights: the publisher's number to 1%. */
const card = (repository: string): string =>
  `config.json of ${repository} (compared on 2026-11-30 with litgpt/config.py of Lightning-AI/litgpt, June 2026)`;

/** Read from the header of a file that is here. */
const file = (repository: string): string =>
  `config.json of ${repository} (compared on 2026-11-30 with the header of its GGUF file)`;

/** The models of the guide's tables and the ones that its claims need. Parameter counts are the publishers'. */
export const modelShapes: readonly ModelShape[] = [
  dense({
    ...{ name: 'Phi-4 14B', aliases: ['phi-4', 'phi4'], family: 'phi', parameterCount: 14.66e9 },
    ...{ layers: 40, embedding: 5120, heads: 40, kvHeads: 10, head: 128, feedForward: 17_920 },
    ...{ vocab: 100_352, context: 16_384, source: card('microsoft/phi-4') },
  }),
  dense({
    ...{ name: 'Gemma 2 9B', aliases: ['gemma-2-9b', 'gemma2:9b'], family: 'gemma', parameterCount: 9.24e9 },
    ...{ layers: 42, embedding: 3584, heads: 16, kvHeads: 8, head: 256, feedForward: 14_336, isTied: true },
    ...{ vocab: 256_000, context: 8192, windowed: { layers: 21, tokens: 4096 } },
    source: card('google/gemma-2-9b'),
  }),
  dense({
    ...{ name: 'Llama 3.1 8B', aliases: ['llama-3.1-8b', 'llama 8b', 'llama3.1:8b'], family: 'llama' },
    ...{ parameterCount: 8.03e9, layers: 32, embedding: 4096, heads: 32, kvHeads: 8, head: 128 },
    ...{ feedForward: 14_336, vocab: 128_256, context: 131_072, source: card('meta-llama/Llama-3.1-8B') },
  }),
  dense({
    ...{ name: 'TinyLlama 1.1B', aliases: ['tinyllama'], family: 'llama', parameterCount: 1.1e9, layers: 22 },
    ...{ embedding: 2048, heads: 32, kvHeads: 4, head: 64, feedForward: 5632, vocab: 32_000, context: 2048 },
    source: card('TinyLlama/TinyLlama-1.1B-Chat-v1.0'),
  }),
  dense({
    ...{ name: 'Llama 3.1 70B', aliases: ['llama-3.1-70b', 'llama-3.3-70b', 'llama 70b'], family: 'llama' },
    ...{ parameterCount: 70.55e9, layers: 80, embedding: 8192, heads: 64, kvHeads: 8, head: 128 },
    ...{ feedForward: 28_672, vocab: 128_256, context: 131_072, source: card('meta-llama/Llama-3.1-70B') },
  }),
  dense({
    ...{ name: 'LLaMA 65B', aliases: ['llama-65b'], family: 'llama', parameterCount: 65.2e9, layers: 80 },
    ...{ embedding: 8192, heads: 64, kvHeads: 64, head: 128, feedForward: 22_016, vocab: 32_000 },
    context: 2048,
    source:
      'Touvron et al. 2023, table 2; full attention (compared on 2026-11-30 with config.json of huggyllama/llama-65b)',
  }),
  dense({
    ...{ name: 'Mistral 7B', aliases: ['mistral-7b', 'mistral'], family: 'mistral', parameterCount: 7.25e9 },
    ...{ layers: 32, embedding: 4096, heads: 32, kvHeads: 8, head: 128, feedForward: 14_336, vocab: 32_768 },
    ...{ context: 32_768, source: card('mistralai/Mistral-7B-Instruct-v0.3') },
  }),
  dense({
    ...{
      name: 'Qwen2.5 0.5B',
      aliases: ['qwen2.5-0.5b'],
      family: 'qwen',
      parameterCount: 0.494e9,
      layers: 24,
    },
    ...{ embedding: 896, heads: 14, kvHeads: 2, head: 64, feedForward: 4864, vocab: 151_936, isTied: true },
    ...{ context: 32_768, source: card('Qwen/Qwen2.5-0.5B') },
  }),
  dense({
    ...{
      name: 'Qwen2.5 1.5B',
      aliases: ['qwen2.5-1.5b'],
      family: 'qwen',
      parameterCount: 1.54e9,
      layers: 28,
    },
    ...{ embedding: 1536, heads: 12, kvHeads: 2, head: 128, feedForward: 8960, vocab: 151_936, isTied: true },
    ...{ context: 32_768, source: card('Qwen/Qwen2.5-1.5B-Instruct') },
  }),
  dense({
    ...{ name: 'Qwen2.5 3B', aliases: ['qwen2.5-3b'], family: 'qwen', parameterCount: 3.09e9, layers: 36 },
    ...{
      embedding: 2048,
      heads: 16,
      kvHeads: 2,
      head: 128,
      feedForward: 11_008,
      vocab: 151_936,
      isTied: true,
    },
    ...{ context: 32_768, source: card('Qwen/Qwen2.5-3B') },
  }),
  dense({
    ...{ name: 'Qwen2.5 7B', aliases: ['qwen2.5-7b'], family: 'qwen', parameterCount: 7.62e9, layers: 28 },
    ...{ embedding: 3584, heads: 28, kvHeads: 4, head: 128, feedForward: 18_944, vocab: 152_064 },
    ...{ context: 131_072, source: card('Qwen/Qwen2.5-7B') },
  }),
  dense({
    ...{ name: 'Qwen2.5 14B', aliases: ['qwen2.5-14b'], family: 'qwen', parameterCount: 14.77e9, layers: 48 },
    ...{ embedding: 5120, heads: 40, kvHeads: 8, head: 128, feedForward: 13_824, vocab: 152_064 },
    ...{ context: 131_072, source: card('Qwen/Qwen2.5-14B') },
  }),
  dense({
    ...{ name: 'Qwen2.5 72B', aliases: ['qwen2.5-72b'], family: 'qwen', parameterCount: 72.7e9, layers: 80 },
    ...{ embedding: 8192, heads: 64, kvHeads: 8, head: 128, feedForward: 29_568, vocab: 152_064 },
    ...{ context: 131_072, source: card('Qwen/Qwen2.5-72B') },
  }),
  dense({
    ...{
      name: 'Llama 3.2 1B',
      aliases: ['llama-3.2-1b', 'llama3.2:1b'],
      family: 'llama',
      parameterCount: 1.24e9,
    },
    ...{ layers: 16, embedding: 2048, heads: 32, kvHeads: 8, head: 64, feedForward: 8192, vocab: 128_256 },
    ...{ isTied: true, context: 131_072, source: card('meta-llama/Llama-3.2-1B') },
  }),
  dense({
    ...{
      name: 'Llama 3.2 3B',
      aliases: ['llama-3.2-3b', 'llama3.2:3b'],
      family: 'llama',
      parameterCount: 3.21e9,
    },
    ...{ layers: 28, embedding: 3072, heads: 24, kvHeads: 8, head: 128, feedForward: 8192, vocab: 128_256 },
    ...{ isTied: true, context: 131_072, source: card('meta-llama/Llama-3.2-3B') },
  }),
  dense({
    ...{
      name: 'SmolLM2 135M',
      aliases: ['smollm2', 'smollm2-135m'],
      family: 'llama',
      parameterCount: 134.5e6,
    },
    ...{ layers: 30, embedding: 576, heads: 9, kvHeads: 3, head: 64, feedForward: 1536, vocab: 49_152 },
    ...{ isTied: true, context: 8192, source: card('HuggingFaceTB/SmolLM2-135M-Instruct') },
  }),
  dense({
    ...{
      name: 'Gemma 3 270M',
      aliases: ['gemma-3-270m', 'gemma3:270m'],
      family: 'gemma',
      parameterCount: 268.1e6,
    },
    ...{ layers: 18, embedding: 640, heads: 4, kvHeads: 1, head: 256, feedForward: 2048, vocab: 262_144 },
    ...{ isTied: true, context: 32_768, windowed: { layers: 15, tokens: 512 } },
    source: file('google/gemma-3-270m'),
  }),
  {
    ...{
      name: 'DeepSeek-V3',
      aliases: ['deepseek-v3', 'deepseek-r1'],
      family: 'deepseek',
      parameterCount: 671e9,
    },
    ...{ activeParameterCount: 37e9, embeddingLength: 7168, headCount: 128, headLength: 192 },
    ...{
      feedForwardLength: 18_432,
      vocabTokenCount: 129_280,
      hasTiedEmbedding: false,
      contextTokenCount: 163_840,
    },
    layers: [{ layerCount: 61, cache: { kind: 'latent', latentLength: 512, rotaryLength: 64 } }],
    source:
      'DeepSeek-AI 2024, section 4.2, and config.json of deepseek-ai/DeepSeek-V3 (compared on 2026-11-30 with a copy on GitHub)',
  },
];

/** By its name or an alias, in any case; `null`: not known. */
export function findModelShape(name: string): ModelShape | null {
  const wanted = squash(name);
  return (
    modelShapes.find((shape) => [shape.name, ...shape.aliases].some((one) => squash(one) === wanted)) ?? null
  );
}

function squash(name: string): string {
  return name.toLowerCase().replaceAll(/[-_:\s]/g, '');
}

/**
 * Weights of a dense transformer with gated feed-forward layers, by its shape: embedding (twice where not tied) + layers x
 * (queries, keys, values, output, three feed-forward matrices). Norms and biases are left out: under a thousandth.
 */
export function countedParameters(shape: ModelShape): number {
  const { embeddingLength, headCount, headLength, feedForwardLength, vocabTokenCount } = shape;
  const embedding = vocabTokenCount * embeddingLength * (shape.hasTiedEmbedding ? 1 : 2);
  return shape.layers.reduce((sum, { layerCount, cache }) => {
    if (cache.kind === 'latent') return NaN;
    const queries = 2 * embeddingLength * headCount * headLength;
    const keysAndValues = embeddingLength * cache.kvHeadCount * (cache.keyLength + cache.valueLength);
    return sum + layerCount * (queries + keysAndValues + 3 * embeddingLength * feedForwardLength);
  }, embedding);
}
