import type { SamplingOptions } from '../../chat/sampling.ts';
import { findBorder, keepWithin } from './border.ts';
import { depthLimit, lowerBoundFactor, nearDepth, weightBoundOfDepth, weightOfDepth } from './depth.ts';
import { selectTopK } from './top-k.ts';
import type { Workspace } from './workspace.ts';

/** A top_k up to this is found with a heap in one pass; a larger one with a histogram. */
const heapLimit = 512;

/**
 * Selects the tokens that top_k, typical_p, top_p and min_p (in this order) leave, into `ids` and `depths` of the
 * workspace. Where tokens are equally likely those with the lower ids stay. At least one token always stays.
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
  const { depths, keys, weights } = workspace;
  const max = logits[top] as number;
  const limitsCount = topK > 0 && topK < logits.length;
  if (!limitsCount && typicalP >= 1 && topP < 1) {
    const count = gatherTopP(logits, max, topP, workspace);
    if (count !== null) return minP > 0 ? keepAbove(workspace, count, minP) : count;
  }

  let count: number;
  if (limitsCount && topK <= heapLimit) {
    count = gatherTopK(logits, max, topK, workspace);
  } else {
    const needsAll = limitsCount || typicalP < 1 || topP < 1 || minP === 0;
    count = gather(logits, max, needsAll ? depthLimit : -Math.log(minP), workspace);
    if (limitsCount && topK < count) {
      count = keepWithin(workspace, count, depths, findBorder(workspace, count, depths, null, topK));
    }
  }
  if (typicalP < 1) {
    const mass = typicalP * fillSurprise(workspace, count);
    count = keepWithin(workspace, count, keys, findBorder(workspace, count, keys, weights, mass));
  }
  if (topP < 1) {
    const mass = topP * weigh(workspace, count);
    count = keepWithin(workspace, count, depths, findBorder(workspace, count, depths, weights, mass));
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

function gatherTopK(logits: Float32Array, max: number, limit: number, workspace: Workspace): number {
  const { ids, depths } = workspace;
  const count = selectTopK(logits, limit, ids, depths);
  for (let slot = 0; slot < count; slot += 1) depths[slot] = max - (depths[slot] as number);
  return count;
}

/**
 * top_p over the whole vocabulary, from the near tokens alone where their mass suffices: the far ones' mass enters
 * only through an upper and a lower bound, and where both lead to the same border the true mass does, too.
 * @returns `null` where this decides nothing
 */
function gatherTopP(logits: Float32Array, max: number, topP: number, workspace: Workspace): number | null {
  const { ids, depths, weights } = workspace;
  const nearest = max - nearDepth(logits.length);
  const lowest = max - depthLimit;
  let count = 0;
  let near = 0;
  let farBound = 0;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] as number;
    if (logit >= nearest) {
      const depth = max - logit;
      const weight = weightOfDepth(depth);
      ids[count] = id;
      depths[count] = depth;
      weights[count] = weight;
      near += weight;
      count += 1;
    } else if (logit > lowest) {
      farBound += weightBoundOfDepth(max - logit);
    }
  }
  const most = topP * (near + farBound);
  if (most > near) return null;
  const least = topP * (near + farBound * lowerBoundFactor);
  const border = findBorder(workspace, count, depths, weights, least);
  const other = findBorder(workspace, count, depths, weights, most);
  if (border.id !== other.id) return null;
  return keepWithin(workspace, count, depths, border);
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
 * Locally typical sampling (Meister et al. 2022, section 3) orders tokens by how far their information is from the
 * distribution's entropy. Fills `keys` with that distance and `weights`; returns the sum of the weights.
 */
function fillSurprise(workspace: Workspace, count: number): number {
  const { depths, keys, weights } = workspace;
  const total = weigh(workspace, count);
  // -log p = depth + log Z, so the entropy less log Z is the mean depth, and log Z cancels in the distance.
  let sum = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const weight = weights[slot] as number;
    if (weight > 0) sum += weight * (depths[slot] as number);
  }
  const meanDepth = sum / total;
  for (let slot = 0; slot < count; slot += 1) keys[slot] = Math.abs((depths[slot] as number) - meanDepth);
  return total;
}

/** Keeps tokens at least `minP` times as likely as the likeliest one left. */
function keepAbove(workspace: Workspace, count: number, minP: number): number {
  const { depths } = workspace;
  let least = Infinity;
  for (let slot = 0; slot < count; slot += 1) least = Math.min(least, depths[slot] as number);
  return keepWithin(workspace, count, depths, { key: least - Math.log(minP), id: Infinity });
}
