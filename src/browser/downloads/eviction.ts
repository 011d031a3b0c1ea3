/** A file that is kept, or the beginning of one. */
export interface KeptFile {
  readonly key: string;
  readonly bytes: number;
  /** False: half-written. */
  readonly isWhole: boolean;
  /** Milliseconds since the epoch; 0 where nobody knows. */
  readonly usedAt: number;
}

export interface RoomQuestion {
  readonly kept: readonly KeptFile[];
  /** Still to be written, in bytes. */
  readonly neededBytes: number;
  /** What the browser still gives this site, in bytes; null where it does not tell. */
  readonly freeBytes: number | null;
  /** What all kept files may take together, in bytes; null: as much as the browser gives. */
  readonly budgetBytes: number | null;
  /** Never removed: what is wanted now, and what is in use. */
  readonly keep: ReadonlySet<string>;
}

export interface RoomPlan {
  /** To be removed, in this order. Empty where there is no way. */
  readonly remove: readonly string[];
  /** Bytes that would be lacking even so; 0: there is room. */
  readonly lackingBytes: number;
}

/** What the browser needs for its own bookkeeping, in bytes. */
const reserveBytes = 1024 * 1024;

/** Pure: which files go so that others have room: halves before whole ones, then the least recently used. */
export function planRoom({ kept, neededBytes, freeBytes, budgetBytes, keep }: RoomQuestion): RoomPlan {
  const keptBytes = kept.reduce((sum, file) => sum + file.bytes, 0);
  const lackingFor = (removedBytes: number): number =>
    Math.max(
      0,
      freeBytes === null ? 0 : neededBytes + reserveBytes - freeBytes - removedBytes,
      budgetBytes === null ? 0 : keptBytes - removedBytes + neededBytes - budgetBytes,
    );
  const remove: string[] = [];
  let removedBytes = 0;
  const bytesOf = new Map(kept.map((file) => [file.key, file.bytes]));
  for (const key of evictionOrder(kept, keep)) {
    if (lackingFor(removedBytes) === 0) break;
    remove.push(key);
    removedBytes += bytesOf.get(key) ?? 0;
  }
  const lackingBytes = lackingFor(removedBytes);
  // Where there is no room whatever goes, nothing is taken from the user.
  return lackingBytes === 0 ? { remove, lackingBytes } : { remove: [], lackingBytes };
}

/** Pure: in which order files go, as far as they may: halves before whole ones, then the least recently used. */
export function evictionOrder(kept: readonly KeptFile[], keep: ReadonlySet<string>): readonly string[] {
  return kept
    .filter((file) => !keep.has(file.key))
    .sort((a, b) => Number(a.isWhole) - Number(b.isWhole) || a.usedAt - b.usedAt)
    .map(({ key }) => key);
}
