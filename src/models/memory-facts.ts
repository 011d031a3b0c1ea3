import { isEmbeddingModel, seesWholeText } from '../engine/llama/pooling.ts';
import { repackedBytes, type MemoryFacts } from '../plan/model-memory.ts';
import type { GgufHeader } from './gguf.ts';
import { ggufFacts, kvBytesPerToken } from './gguf-facts.ts';
import { tensorFormat } from './tensor-format.ts';

/**
 * What a header says about memory. Pure.
 * @param fileBytes of all parts of the model; of a split one the first part's tensors stand for the others
 * @param processor Node's name of its architecture, e.g. `x64`
 */
export function memoryFacts(header: GgufHeader, fileBytes: number, processor: string): MemoryFacts {
  const facts = ggufFacts(header);
  const read = (key: string): string | undefined => {
    const value = header.metadata.get(key);
    return typeof value === 'object' || value === undefined ? undefined : String(value);
  };
  const tensors = header.tensors.map(({ name, type, dimensions, bytes }) => ({
    name,
    format: tensorFormat(type)?.name ?? '',
    dimensions,
    bytes: bytes ?? 0,
  }));
  const partCount = Math.max(1, fileBytes / Math.max(1, header.expectedFileBytes));
  return {
    fileBytes,
    repackedBytes: repackedBytes(tensors, processor) * partCount,
    embeddingLength: facts.embeddingLength ?? 0,
    feedForwardLength: feedForwardLength(header, facts.architecture ?? ''),
    vocabTokenCount: facts.vocabTokenCount ?? 0,
    trainedContextTokenCount: facts.contextTokenCount ?? 0,
    kvBytesPerCell: kvBytesPerToken(facts) ?? 0,
    hasSlidingWindow: facts.slidingWindow !== null,
    isReader: isEmbeddingModel(read),
    isWhole: seesWholeText(read),
  };
}

/** The largest over the layers where they differ. */
function feedForwardLength({ metadata }: GgufHeader, architecture: string): number {
  const value = metadata.get(`${architecture}.feed_forward_length`);
  if (typeof value === 'number') return value;
  if (typeof value !== 'object') return 0;
  return Math.max(0, ...(value.values ?? []).map(Number));
}
