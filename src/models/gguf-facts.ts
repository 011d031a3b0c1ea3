import type { GgufHeader, GgufValue } from './gguf.ts';
import { licenseName } from './license-name.ts';
import { fileFormatName, tensorFormat } from './tensor-format.ts';

/** What a GGUF file says about its model. `null` where it does not say. */
export interface GgufFacts {
  readonly architecture: string | null;
  readonly name: string | null;
  /** SPDX id or name. */
  readonly license: string | null;
  /** E.g. `Q4_K_M`: the stated file type, else the format that holds most bytes. */
  readonly format: string | null;
  /** Weights in this file. */
  readonly parameterCount: number;
  /** Bytes of weights in this file, by tensor format. */
  readonly bytesByFormat: ReadonlyMap<string, number>;
  readonly tensorBytes: number;
  readonly contextTokenCount: number | null;
  readonly layerCount: number | null;
  readonly embeddingLength: number | null;
  readonly headCount: number | null;
  /** Largest over the layers where they differ. */
  readonly kvHeadCount: number | null;
  readonly keyLength: number | null;
  readonly valueLength: number | null;
  /** Tokens of the sliding window; `null` = full attention. */
  readonly slidingWindow: number | null;
  readonly chatTemplate: string | null;
  readonly vocabTokenCount: number | null;
  /** Files of a split model, 1 for a whole one. */
  readonly splitCount: number;
}

function text(value: GgufValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function whole(value: GgufValue | undefined): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : null;
  if (typeof value !== 'object' || value.values === null) return null;
  const numbers = value.values.map((element) => whole(element)).filter((element) => element !== null);
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** Draws the facts out of a header. Pure. */
export function ggufFacts(header: GgufHeader): GgufFacts {
  const { metadata, tensors } = header;
  const architecture = text(metadata.get('general.architecture'));
  const own = (key: string): GgufValue | undefined =>
    architecture === null ? undefined : metadata.get(`${architecture}.${key}`);

  const bytesByFormat = new Map<string, number>();
  let parameterCount = 0;
  let tensorBytes = 0;
  for (const tensor of tensors) {
    parameterCount += tensor.elementCount;
    tensorBytes += tensor.bytes ?? 0;
    const name = tensorFormat(tensor.type)?.name ?? `type ${tensor.type}`;
    bytesByFormat.set(name, (bytesByFormat.get(name) ?? 0) + (tensor.bytes ?? 0));
  }
  const fileType = metadata.get('general.file_type');
  const stated = typeof fileType === 'number' ? fileFormatName(fileType) : null;
  const heaviest = [...bytesByFormat].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;

  const statedLicense = text(metadata.get('general.license'));
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const headCount = whole(own('attention.head_count'));
  const embeddingLength = whole(own('embedding_length'));
  const headLength = headCount !== null && headCount > 0 && embeddingLength !== null;
  const perHead = headLength ? Math.floor(embeddingLength / headCount) : null;
  const window = whole(own('attention.sliding_window'));
  return {
    architecture,
    name: text(metadata.get('general.name')),
    license: statedLicense === null ? null : licenseName(statedLicense),
    format: stated ?? heaviest,
    parameterCount,
    bytesByFormat,
    tensorBytes,
    contextTokenCount: whole(own('context_length')),
    layerCount: whole(own('block_count')),
    embeddingLength,
    headCount,
    kvHeadCount: whole(own('attention.head_count_kv')) ?? headCount,
    keyLength: whole(own('attention.key_length')) ?? perHead,
    valueLength: whole(own('attention.value_length')) ?? perHead,
    slidingWindow: window === 0 ? null : window,
    chatTemplate: text(metadata.get('tokenizer.chat_template')),
    vocabTokenCount: typeof tokens === 'object' ? tokens.length : null,
    splitCount: Math.max(1, whole(metadata.get('split.count')) ?? 1),
  };
}

/**
 * Bytes of KV cache that one token of context takes: 2 x layers x KV heads x head length x 2 bytes (F16),
 * with keys and values counted by their own lengths. An upper bound where layers differ.
 */
export function kvBytesPerToken(facts: GgufFacts): number | null {
  const { layerCount, kvHeadCount, keyLength, valueLength } = facts;
  if (layerCount === null || kvHeadCount === null || keyLength === null || valueLength === null) return null;
  return layerCount * kvHeadCount * (keyLength + valueLength) * 2;
}
