import type { HostBlob } from './prefix-tree.ts';

/** Counts the bytes of saved cells against a budget. Eviction is the prefix cache's: it knows the tree. */
export interface HostStore {
  readonly usedBytes: number;
  readonly budgetBytes: number;
  fits(byteCount: number): boolean;
  add(data: Uint8Array, start: number, end: number): HostBlob;
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
    add(data, start, end) {
      usedBytes += data.byteLength;
      return { data, start, end, ownerCount: 1 };
    },
    release(blob) {
      blob.ownerCount--;
      if (blob.ownerCount === 0) usedBytes -= blob.data.byteLength;
    },
  };
}
