import { bucketCount, bucketsPerNat, depthLimit } from './depth.ts';
import type { Workspace } from './workspace.ts';

/** The last candidate that stays: those with a lower key stay, and of the same key those up to its id. */
export interface Border {
  readonly key: number;
  readonly id: number;
}

/**
 * Finds where the candidates with the smallest keys, taken in order, reach a target. The one that reaches it is
 * the border. A histogram over the keys finds the one bucket in which that happens; only its members are sorted.
 * @param keys one per candidate, 0 or more
 * @param weights what each adds towards the target; `null` = 1 each
 */
export function findBorder(
  workspace: Workspace,
  count: number,
  keys: Float64Array,
  weights: Float64Array | null,
  target: number,
): Border {
  const { ids, buckets } = workspace;
  buckets.fill(0);
  for (let slot = 0; slot < count; slot += 1) {
    const bucket = bucketOf(keys[slot] as number);
    buckets[bucket] = (buckets[bucket] as number) + (weights === null ? 1 : (weights[slot] as number));
  }
  let reached = 0;
  let borderBucket = 0;
  for (; borderBucket < bucketCount; borderBucket += 1) {
    const next = reached + (buckets[borderBucket] as number);
    if (next >= target) break;
    reached = next;
  }

  const members: number[] = [];
  for (let slot = 0; slot < count; slot += 1) {
    if (bucketOf(keys[slot] as number) === borderBucket) members.push(slot);
  }
  members.sort((left, right) => {
    const difference = (keys[left] as number) - (keys[right] as number);
    return difference === 0 ? (ids[left] as number) - (ids[right] as number) : difference;
  });
  let border: Border = { key: borderBucket / bucketsPerNat, id: -1 };
  for (const slot of members) {
    border = { key: keys[slot] as number, id: ids[slot] as number };
    reached += weights === null ? 1 : (weights[slot] as number);
    if (reached >= target) break;
  }
  return border;
}

/** Drops the candidates beyond a border, in place. Returns how many stay. */
export function keepWithin(workspace: Workspace, count: number, keys: Float64Array, border: Border): number {
  const { ids, depths } = workspace;
  let kept = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const key = keys[slot] as number;
    const id = ids[slot] as number;
    if (key < border.key || (key === border.key && id <= border.id)) {
      ids[kept] = id;
      depths[kept] = depths[slot] as number;
      kept += 1;
    }
  }
  return kept;
}

function bucketOf(key: number): number {
  return key < depthLimit ? (key * bucketsPerNat) | 0 : bucketCount;
}
