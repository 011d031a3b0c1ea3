import type { HostBlob } from './prefix-tree.ts';

/** Counts the bytes of saved cells against a budget. Eviction is the prefix cache's: it knows the tree. */
export interface HostStore {
  readonly usedBytes: number;
  readonly budgetBytes: number;
  fits(byteCount: number): boolean;
  /** @param tokens of [start, end); empty where the cells came from a file */
  add(data: Uint8Array, start: number, end: number, tokens: readonly number[]): HostBlob;
  /** One owner less; the bytes are free when the last one is gone. */
  release(blob: HostBlob): void;
}

export function createHostStore(budgetBytes: number): HostStore {
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    budgetBytes,
    fits: (byteCount) => usedBytes + byteCount <= budgetBytes,
    add(data, start, end, tokens) {
      usedBytes += data.byteLength;
      return { data, start, end, tokens, ownerCount: 1, file: null };
    },
    release(blob) {
      blob.ownerCount--;
      if (blob.ownerCount === 0) usedBytes -= blob.data.byteLength;
    },
  };
}
