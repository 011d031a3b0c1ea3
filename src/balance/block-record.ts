/** Which blocks of prompts a replica has read lately, by their keyed hashes; bounded, the longest unused go first. */
export interface BlockRecord {
  /** How many of the first blocks it has read. */
  match(hashes: readonly string[]): number;
  add(hashes: readonly string[]): void;
  /** Nothing of it is cached any more: the engine was started anew, or dropped its model. */
  clear(): void;
  readonly size: number;
}

/** @param capacity blocks that are kept; about 80 bytes each */
export function createBlockRecord(capacity: number): BlockRecord {
  const known = new Set<string>();
  return {
    match(hashes) {
      let count = 0;
      while (count < hashes.length && known.has(hashes[count] ?? '')) count += 1;
      return count;
    },
    add(hashes) {
      // From the end, so that of one prompt its beginning is the youngest: an end without it is of no use.
      for (const hash of hashes.toReversed()) {
        known.delete(hash);
        known.add(hash);
      }
      for (const oldest of known) {
        if (known.size <= capacity) break;
        known.delete(oldest);
      }
    },
    clear() {
      known.clear();
    },
    get size() {
      return known.size;
    },
  };
}
