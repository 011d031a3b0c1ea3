import type { PrefixFile, PrefixNode } from './prefix-tree.ts';

/** What must be read from disk before the tokens of a path can be taken over. */
export interface FilesToRead {
  readonly files: readonly PrefixFile[];
  readonly byteCount: number;
  /** Tokens that can be taken over in addition. */
  readonly tokenCount: number;
}

/**
 * As much of a path as host memory can take in at once, from its beginning.
 * @param matchedTokenCount tokens of the path that are wanted; the last node may be wanted in part
 */
export function filesToRead(
  path: readonly PrefixNode[],
  matchedTokenCount: number,
  budgetBytes: number,
): FilesToRead | null {
  const first = path.find((node) => node.location === 'disk');
  if (first === undefined) return null;
  const files = new Set<PrefixFile>();
  let byteCount = 0;
  let end = matchedTokenCount;
  for (const { location, file, start } of path) {
    if (location !== 'disk' || file === null || files.has(file)) continue;
    if (byteCount + file.byteCount > budgetBytes) {
      end = start;
      break;
    }
    files.add(file);
    byteCount += file.byteCount;
  }
  const tokenCount = end - first.start;
  return tokenCount > 0 ? { files: [...files], byteCount, tokenCount } : null;
}
