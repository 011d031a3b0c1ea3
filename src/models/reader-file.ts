import { stat } from 'node:fs/promises';
import { isEmbeddingModel } from '../engine/llama/pooling.ts';
import { readGguf } from './gguf.ts';

/** Answers by path, as long as the file is the same. */
const known = new Map<string, { readonly modifiedMs: number; readonly isReader: boolean }>();

/**
 * Whether a GGUF is of a model that embeds or ranks and cannot write: by the pooling that its header states, or because
 * its tokens see the whole text. A file that cannot be read is taken for one that writes.
 */
export async function isReaderFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  const before = known.get(path);
  if (before?.modifiedMs === found.mtimeMs) return before.isReader;
  const header = await readGguf(path).catch(() => null);
  const isReader =
    header !== null &&
    isEmbeddingModel((key) => {
      const value = header.metadata.get(key);
      return typeof value === 'object' || value === undefined ? undefined : String(value);
    });
  known.set(path, { modifiedMs: found.mtimeMs, isReader });
  return isReader;
}
