/** Who may be in memory beside whom. Pure. */

export interface RoomLimits {
  readonly memoryBytes: number;
  /** Models at once, at least 1. */
  readonly count: number;
}

/** A model in memory. */
export interface Holder {
  readonly id: string;
  readonly bytes: number;
  readonly leaseCount: number;
  /** Larger = later. */
  readonly lastUsedAt: number;
  /** It goes as soon as its answers are done. */
  readonly isLeaving: boolean;
}

/** What somebody waits for: a model to come in, or one that is in to grow (`count` 0). */
export interface Wish {
  readonly bytes: number;
  readonly count: 0 | 1;
}

/** Whether a wish can be met now without taking what those who came earlier wait for. */
export function hasRoom(
  limits: RoomLimits,
  holders: readonly Holder[],
  ahead: readonly Wish[],
  wish: Wish,
): boolean {
  const bytes = sum([...holders, ...ahead, wish], (one) => one.bytes);
  const count = holders.length + sum([...ahead, wish], (one) => one.count);
  return bytes <= limits.memoryBytes && count <= limits.count;
}

/**
 * Whom to ask to leave for a wish: idle ones first, then what was used longest ago, and no more than it takes once
 * those that are leaving have left.
 * @param growingId the model that the wish is about where it is in memory already
 */
export function whoLeaves(
  limits: RoomLimits,
  holders: readonly Holder[],
  wish: Wish,
  growingId: string | null,
): readonly string[] {
  const staying = holders.filter((holder) => !holder.isLeaving);
  const order = staying
    .filter(({ id }) => id !== growingId)
    .sort(
      (one, other) =>
        Number(one.leaseCount > 0) - Number(other.leaseCount > 0) || one.lastUsedAt - other.lastUsedAt,
    );
  let remaining: readonly Holder[] = staying;
  const leaving: string[] = [];
  for (const { id } of order) {
    if (hasRoom(limits, remaining, [], wish)) break;
    leaving.push(id);
    remaining = remaining.filter((holder) => holder.id !== id);
  }
  return leaving;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
