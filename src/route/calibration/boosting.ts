import { createRandom } from '../../engine/sampling/random.ts';

/** Values of some prompts: one list of columns for each prompt, all of one length. */
export type DenseRows = readonly Float32Array[];

/** A tree of depth 3: where the inner nodes ask, and what the leaves add. */
interface Tree {
  /** Column that each of the 7 inner nodes looks at, breadth first. */
  readonly columns: readonly number[];
  /** Above it to the right child; Number.MAX_VALUE: all to the left. */
  readonly limits: readonly number[];
  /** What each of the 8 leaves adds. */
  readonly leaves: readonly number[];
}

export interface BoostedTrees {
  readonly base: number;
  readonly trees: readonly Tree[];
}

const depth = 3;
const innerCount = 2 ** depth - 1;
const leafCount = 2 ** depth;
const binCount = 32;
const treeCount = 300;
const learningRate = 0.03;
/** Prompts that a leaf must have, at least. */
const leastLeaf = 60;
/** Prompts that weigh against a leaf's own, as if their mean were that of all. */
const shrinkage = 30;
/** Of the columns, those that one tree may look at. */
const columnShare = 0.4;
/** Of the prompts, those that one tree learns from (Friedman 2002). */
const promptShare = 0.7;

/** Columns cut at quantiles, once for all trees. */
export interface Bins {
  /** Limits between the bins of each column, rising. */
  readonly limits: readonly Float32Array[];
  /** Bin of each prompt, one list a column. */
  readonly bins: readonly Uint8Array[];
}

export function cutBins(rows: DenseRows): Bins {
  const columnCount = rows[0]?.length ?? 0;
  const limits: Float32Array[] = [];
  const bins: Uint8Array[] = [];
  for (let column = 0; column < columnCount; column++) {
    const values = Float32Array.from(rows, (row) => row[column] ?? 0);
    const sorted = values.slice().sort();
    const cuts = new Set<number>();
    for (let cut = 1; cut < binCount; cut++)
      cuts.add(sorted[Math.floor((cut * sorted.length) / binCount)] ?? 0);
    // A limit at the greatest value would part nothing.
    cuts.delete(sorted.at(-1) ?? 0);
    const own = Float32Array.from(cuts).sort();
    limits.push(own);
    bins.push(Uint8Array.from(values, (value) => binOf(own, value)));
  }
  return { limits, bins };
}

function binOf(limits: Float32Array, value: number): number {
  let bin = 0;
  while (bin < limits.length && value > (limits[bin] ?? 0)) bin++;
  return bin;
}

/** Gradient boosting of regression trees by squared error (Friedman 2001), over binned columns. */
export function fitBoosting({ limits, bins }: Bins, targets: ArrayLike<number>, seed: number): BoostedTrees {
  const promptCount = targets.length;
  const random = createRandom(seed);
  let base = 0;
  for (let at = 0; at < promptCount; at++) base += (targets[at] ?? 0) / promptCount;
  const residuals = Float64Array.from({ length: promptCount }, (_, at) => (targets[at] ?? 0) - base);
  const trees: Tree[] = [];
  for (let round = 0; round < treeCount; round++) {
    const columns = bins.flatMap((_, column) => (random() < columnShare ? [column] : []));
    const isIn = Uint8Array.from(residuals, () => (random() < promptShare ? 1 : 0));
    const { tree, leafOf } = growTree(limits, bins, residuals, isIn, columns);
    trees.push(tree);
    for (let at = 0; at < promptCount; at++)
      residuals[at] = (residuals[at] ?? 0) - (tree.leaves[leafOf[at] ?? 0] ?? 0);
  }
  return { base, trees };
}

function growTree(
  limits: readonly Float32Array[],
  bins: readonly Uint8Array[],
  residuals: Float64Array,
  isIn: Uint8Array,
  columns: readonly number[],
): { tree: Tree; leafOf: Uint8Array } {
  /** Place of each prompt among the nodes of the level. */
  const place = new Uint8Array(residuals.length);
  const treeColumns: number[] = [];
  const treeLimits: number[] = [];
  for (let level = 0; level < depth; level++) {
    const nodeCount = 2 ** level;
    const splits = findSplits(bins, residuals, isIn, place, nodeCount, columns);
    for (const { column, bin } of splits) {
      treeColumns.push(column);
      treeLimits.push(bin < 0 ? Number.MAX_VALUE : (limits[column]?.[bin] ?? Number.MAX_VALUE));
    }
    for (let at = 0; at < place.length; at++) {
      const node = place[at] ?? 0;
      const split = splits[node];
      const isRight =
        split !== undefined && split.bin >= 0 && (bins[split.column]?.[at] ?? 0) > split.bin ? 1 : 0;
      place[at] = 2 * node + isRight;
    }
  }
  const sums = new Float64Array(leafCount);
  const counts = new Float64Array(leafCount);
  for (let at = 0; at < place.length; at++) {
    if (isIn[at] === 0) continue;
    const leaf = place[at] ?? 0;
    sums[leaf] = (sums[leaf] ?? 0) + (residuals[at] ?? 0);
    counts[leaf] = (counts[leaf] ?? 0) + 1;
  }
  const leaves = Array.from(sums, (sum, leaf) => (learningRate * sum) / ((counts[leaf] ?? 0) + shrinkage));
  return { tree: { columns: treeColumns, limits: treeLimits, leaves }, leafOf: place };
}

interface Split {
  readonly column: number;
  /** Bins up to this one go left; below 0: no split is worth it. */
  readonly bin: number;
}

function findSplits(
  bins: readonly Uint8Array[],
  residuals: Float64Array,
  isIn: Uint8Array,
  place: Uint8Array,
  nodeCount: number,
  columns: readonly number[],
): readonly Split[] {
  const best = Array.from({ length: nodeCount }, () => ({ column: 0, bin: -1, gain: 1e-9 }));
  const sums = new Float64Array(nodeCount * binCount);
  const counts = new Float64Array(nodeCount * binCount);
  for (const column of columns) {
    const own = bins[column];
    if (own === undefined) continue;
    sums.fill(0);
    counts.fill(0);
    for (let at = 0; at < own.length; at++) {
      if (isIn[at] === 0) continue;
      const cell = (place[at] ?? 0) * binCount + (own[at] ?? 0);
      sums[cell] = (sums[cell] ?? 0) + (residuals[at] ?? 0);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    for (let node = 0; node < nodeCount; node++) {
      const found = best[node];
      if (found === undefined) continue;
      let sum = 0;
      let count = 0;
      for (let bin = 0; bin < binCount; bin++) {
        sum += sums[node * binCount + bin] ?? 0;
        count += counts[node * binCount + bin] ?? 0;
      }
      const whole = (sum * sum) / (count + shrinkage);
      let left = 0;
      let leftCount = 0;
      for (let bin = 0; bin < binCount - 1; bin++) {
        left += sums[node * binCount + bin] ?? 0;
        leftCount += counts[node * binCount + bin] ?? 0;
        if (leftCount < leastLeaf) continue;
        if (count - leftCount < leastLeaf) break;
        const gain =
          (left * left) / (leftCount + shrinkage) +
          (sum - left) ** 2 / (count - leftCount + shrinkage) -
          whole;
        if (gain > found.gain) Object.assign(found, { column, bin, gain });
      }
    }
  }
  return best;
}

/** What the trees say of one prompt. */
export function predictBoosted({ base, trees }: BoostedTrees, row: Float32Array): number {
  let sum = base;
  for (const { columns, limits, leaves } of trees) {
    let node = 0;
    for (let level = 0; level < depth; level++)
      node = 2 * node + ((row[columns[node] ?? 0] ?? 0) > (limits[node] ?? Infinity) ? 2 : 1);
    sum += leaves[node - innerCount] ?? 0;
  }
  return sum;
}
