import type { SamplingOptions } from '../../chat/sampling.ts';
import { bucketCount, bucketsPerNat, depthLimit, weightOfDepth } from './depth.ts';
import type { Workspace } from './workspace.ts';

/** top_k up to this many is found with a heap in one pass; more with a histogram. */
const heapLimit = 512;

/**
 * Selects the tokens that top_k, typical_p, top_p and min_p (in this order) leave, into `ids` and `depths` of the
 * workspace. Depths are at temperature 1. Where tokens are equally likely the lower id stays. At least the
 * likeliest token always stays.
 * @param top the index of the largest logit
 * @returns how many there are
 */
export function selectCandidates(
  logits: Float32Array,
  top: number,
  options: SamplingOptions,
  workspace: Workspace,
): number {
  const { topK, typicalP, topP, minP } = options;
  const max = logits[top] as number;
  let count: number;
  let total: number | null = null;
  if (topK > 0 && topK < logits.length) {
    if (topK <= heapLimit) {
      count = gatherTopK(logits, max, topK, workspace);
    } else {
      count = gather(logits, max, depthLimit, workspace);
      if (topK < count) count = keepUntil(workspace, count, workspace.depths, null, topK);
    }
  } else if (typicalP < 1) {
    count = gather(logits, max, depthLimit, workspace);
  } else if (topP < 1) {
    total = fillHistogram(logits, max, workspace.buckets);
    count = gather(logits, max, depthReaching(workspace.buckets, topP * total), workspace);
  } else {
    count = gather(logits, max, minP > 0 ? -Math.log(minP) : depthLimit, workspace);
  }

  if (typicalP < 1) count = keepTypical(workspace, count, typicalP);
  if (topP < 1) {
    const sum = weigh(workspace, count);
    count = keepUntil(workspace, count, workspace.depths, workspace.weights, topP * (total ?? sum));
  }
  if (minP > 0) count = keepAbove(workspace, count, minP);
  return count;
}

/** Takes all tokens up to a depth, in order of id. */
function gather(logits: Float32Array, max: number, limit: number, workspace: Workspace): number {
  const { ids, depths } = workspace;
  const lowest = max - Math.min(limit, depthLimit);
  let count = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit >= lowest) {
      ids[count] = id;
      depths[count] = max - logit;
      count += 1;
    }
  }
  return count;
}

/** Mass of each bucket of depths; returns the total. */
function fillHistogram(logits: Float32Array, max: number, buckets: Float64Array): number {
  buckets.fill(0);
  const lowest = max - depthLimit;
  let total = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit > lowest) {
      const depth = max - logit;
      const weight = weightOfDepth(depth);
      const bucket = (depth * bucketsPerNat) | 0;
      buckets[bucket] = (buckets[bucket] as number) + weight;
      total += weight;
    }
  }
  return total;
}

/** The depth within which the buckets reach a mass, rounded up by a bucket so that no rounding error can cut it. */
function depthReaching(buckets: Float64Array, target: number): number {
  let mass = 0;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    mass += buckets[bucket] as number;
    if (mass >= target) return (bucket + 2) / bucketsPerNat;
  }
  return depthLimit;
}

/** The K likeliest tokens through a heap whose root is the worst that was kept: most tokens fail one comparison. */
function gatherTopK(logits: Float32Array, max: number, limit: number, workspace: Workspace): number {
  const { ids, depths } = workspace;
  let count = 0;
  let worst = Infinity;
  for (let id = 0; id < logits.length; id += 1) {
    const depth = max - (logits[id] as number);
    // A later token of the same depth has the higher id, so it never displaces an earlier one.
    if (count === limit && depth >= worst) continue;
    if (depth === Infinity) continue;
    let slot: number;
    if (count < limit) {
      slot = count;
      count += 1;
      while (slot > 0) {
        const parent = (slot - 1) >> 1;
        if ((depths[parent] as number) > depth) break;
        depths[slot] = depths[parent] as number;
        ids[slot] = ids[parent] as number;
        slot = parent;
      }
    } else {
      slot = 0;
      for (;;) {
        let child = 2 * slot + 1;
        if (child >= count) break;
        if (child + 1 < count && isWorse(depths, ids, child + 1, child)) child += 1;
        // Equal depths: this token has the highest id so far and belongs nearer to the root.
        if ((depths[child] as number) <= depth) break;
        depths[slot] = depths[child] as number;
        ids[slot] = ids[child] as number;
        slot = child;
      }
    }
    depths[slot] = depth;
    ids[slot] = id;
    worst = depths[0] as number;
  }
  return count;
}

function isWorse(depths: Float64Array, ids: Int32Array, left: number, right: number): boolean {
  const difference = (depths[left] as number) - (depths[right] as number);
  return difference > 0 || (difference === 0 && (ids[left] as number) > (ids[right] as number));
}

/** Fills `weights` with e^-depth; returns their sum. */
function weigh(workspace: Workspace, count: number): number {
  const { depths, weights } = workspace;
  let total = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const depth = depths[slot] as number;
    const weight = depth < depthLimit ? weightOfDepth(depth) : 0;
    weights[slot] = weight;
    total += weight;
  }
  return total;
}

/**
 * Locally typical sampling (Meister et al. 2022, section 3): the tokens whose information is nearest to the
 * distribution's entropy, until their mass reaches `typicalP`.
 */
function keepTypical(workspace: Workspace, count: number, typicalP: number): number {
  const { depths, keys, weights } = workspace;
  const total = weigh(workspace, count);
  const logTotal = Math.log(total);
  // -log p = depth + log Z.
  let entropy = logTotal;
  for (let slot = 0; slot < count; slot += 1) {
    const weight = weights[slot] as number;
    if (weight > 0) entropy += (weight / total) * (depths[slot] as number);
  }
  for (let slot = 0; slot < count; slot += 1) {
    keys[slot] = Math.abs((depths[slot] as number) + logTotal - entropy);
  }
  return keepUntil(workspace, count, keys, weights, typicalP * total);
}

function keepAbove(workspace: Workspace, count: number, minP: number): number {
  const { ids, depths } = workspace;
  let least = Infinity;
  for (let slot = 0; slot < count; slot += 1) least = Math.min(least, depths[slot] as number);
  const limit = least - Math.log(minP);
  let kept = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const depth = depths[slot] as number;
    if (depth <= limit) {
      depths[kept] = depth;
      ids[kept] = ids[slot] as number;
      kept += 1;
    }
  }
  return kept;
}

/**
 * Keeps the candidates with the smallest keys until their weights (each 1 where `weights` is null) reach `target`;
 * the one that reaches it stays. A histogram over the keys finds the one bucket in which the border lies, so that
 * only its members are sorted.
 */
function keepUntil(
  workspace: Workspace,
  count: number,
  keys: Float64Array,
  weights: Float64Array | null,
  target: number,
): number {
  const { ids, depths, buckets } = workspace;
  buckets.fill(0);
  for (let slot = 0; slot < count; slot += 1) {
    const bucket = bucketOfKey(keys[slot] as number);
    buckets[bucket] = (buckets[bucket] as number) + (weights === null ? 1 : (weights[slot] as number));
  }
  let reached = 0;
  let border = 0;
  for (; border < bucketCount; border += 1) {
    const next = reached + (buckets[border] as number);
    if (next >= target) break;
    reached = next;
  }

  const members: number[] = [];
  for (let slot = 0; slot < count; slot += 1) {
    if (bucketOfKey(keys[slot] as number) === border) members.push(slot);
  }
  members.sort((left, right) => {
    const difference = (keys[left] as number) - (keys[right] as number);
    return difference === 0 ? (ids[left] as number) - (ids[right] as number) : difference;
  });
  let lastKey = -Infinity;
  let lastId = -1;
  for (const slot of members) {
    lastKey = keys[slot] as number;
    lastId = ids[slot] as number;
    reached += weights === null ? 1 : (weights[slot] as number);
    if (reached >= target) break;
  }

  let kept = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const key = keys[slot] as number;
    const bucket = bucketOfKey(key);
    const id = ids[slot] as number;
    if (bucket < border || (bucket === border && (key < lastKey || (key === lastKey && id <= lastId)))) {
      ids[kept] = id;
      depths[kept] = depths[slot] as number;
      kept += 1;
    }
  }
  return kept;
}

function bucketOfKey(key: number): number {
  return key < depthLimit ? (key * bucketsPerNat) | 0 : bucketCount;
}
