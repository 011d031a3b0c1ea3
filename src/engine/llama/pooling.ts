import type { Pooling } from '../../chat/embedding.ts';
import { enums } from './structs.ts';

/** A value of the file's metadata as text; `undefined` where the file does not state it. */
export type MetadataReader = (key: string) => string | undefined;

const poolings = new Map<number, Pooling>([
  [enums.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN, 'mean'],
  [enums.llama_pooling_type.LLAMA_POOLING_TYPE_CLS, 'cls'],
  [enums.llama_pooling_type.LLAMA_POOLING_TYPE_LAST, 'last'],
  [enums.llama_pooling_type.LLAMA_POOLING_TYPE_RANK, 'rank'],
]);

/** llama.cpp's number as a name; `null` for "none" and "unspecified". */
export function poolingName(value: number): Pooling | null {
  return poolings.get(value) ?? null;
}

/** The pooling that the file states; `null` where it states none, as chat models do. */
export function statedPooling(read: MetadataReader): Pooling | null {
  const value = read(`${read('general.architecture') ?? ''}.pooling_type`);
  return value === undefined ? null : poolingName(Number(value));
}

/** Whether every token sees the whole text, so that a text must be read in one go and none can be written. */
export function seesWholeText(read: MetadataReader): boolean {
  const architecture = read('general.architecture') ?? '';
  return (
    architecture.includes('bert') ||
    architecture === 'gemma-embedding' ||
    read(`${architecture}.attention.causal`) === 'false'
  );
}

/** Whether a model is there to be read from only: it states a pooling, or it cannot write at all. */
export function isEmbeddingModel(read: MetadataReader): boolean {
  return statedPooling(read) !== null || seesWholeText(read);
}
