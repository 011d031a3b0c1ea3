import { addedRowCount, noPadding, type RowPadding } from './row-padding.ts';

/** One measured point: a step of `tokenCount` tokens over an empty KV pool. */
export interface StepCostPoint {
  readonly tokenCount: number;
  readonly milliseconds: number;
}

/**
 * What each cell that was in use before adds to a step of `tokenCount` tokens: if they all read it, because it is of
 * their own sequences, or if they all find it masked, which is about ten times cheaper.
 */
export interface AttentionCost {
  readonly tokenCount: number;
  readonly readMsPerCell: number;
  readonly maskedMsPerCell: number;
}

/** What measuring a model on a machine yields; kept on disk per model, CPU and library. */
export interface StepCostCurve {
  /** Ascending token counts, at least one point. */
  readonly points: readonly StepCostPoint[];
  /** Ascending token counts, at least one. */
  readonly attention: readonly AttentionCost[];
  /** Whether readers' tokens and a wide piece of a prompt are quicker in two batches than in one. */
  readonly readersApart: boolean;
  /** What steps are widened by; absent: nothing. Derived from the points, and not kept. */
  readonly padding?: RowPadding;
}

/** What a step has to do, in the counts that its cost depends on. */
export interface StepWork {
  readonly tokenCount: number;
  /** Over all tokens of the step: cells of their own sequences that were computed before it. */
  readonly readPairCount: number;
  /** Cells that attention scans: up to the highest in use before the step, whoever holds them. */
  readonly cellCount: number;
}

/**
 * What a step costs on this machine: linear between measured widths, plus attention, times a factor by width that
 * follows what steps really take.
 */
export interface StepCost {
  predictMs(work: StepWork): number;
  observe(work: StepWork, milliseconds: number): void;
  /** What one cell that no token of the step reads adds to a step of `tokenCount` tokens. */
  idleCellMs(tokenCount: number): number;
  /** Measured over predicted, smoothed, for steps of about this width: above 1 the machine is slower than measured. */
  loadFactor(tokenCount: number): number;
  readonly curve: StepCostCurve;
}

const smoothing = 0.2;
/** Of what a width learns, the share that the next wider and narrower take over; half of it at twice the distance. */
const spreading = 0.25;
/** Steps that draft, and their kind: up to this width each has a factor of its own, */
const narrowTokenCount = 32;
/** those that no draft has, the last turn of a conversation say, one together; */
const togetherFrom = 18;
/** which follows the mean of what was seen, and later more slowly than the load does, */
const ownSmoothing = 0.1;
/** and no further than this, or its inverse. */
const mostOwnFactor = 3;
/** From this width on ggml's CPU attention works in tiles (ggml-cpu/ops.cpp, ggml_fa_tile_config). */
export const wideTokenCount = 64;

export function createStepCost(curve: StepCostCurve): StepCost {
  // By width, in powers of two: what slows one kind of step need not slow another as much, and a curve that was measured
  // on a busy machine may be wrong at some widths only. Neighbours follow, so that no width stays out of use for ever
  // because of what it cost once.
  const factors = new Float64Array(16).fill(1);
  const bandOf = (tokenCount: number): number =>
    Math.min(factors.length - 1, Math.round(Math.log2(Math.max(1, tokenCount))));
  // Narrow steps share one factor for the machine's load: lengths of drafts are chosen by how their costs compare, and a
  // busy moment that fell on one width must not make the others look cheap. What is particular to a width (kernels work
  // in rows of four, and a curve may not have every width) is learnt apart from it, and slowly.
  let narrowLoad = 1;
  const ownFactors = new Float64Array(togetherFrom + 1).fill(1);
  const observedCounts = new Uint32Array(togetherFrom + 1);
  const ownOf = (tokenCount: number): number => Math.min(tokenCount, togetherFrom);
  const factorOf = (tokenCount: number): number =>
    tokenCount <= narrowTokenCount
      ? narrowLoad * (ownFactors[ownOf(tokenCount)] ?? 1)
      : (factors[bandOf(tokenCount)] ?? 1);

  const padding = curve.padding ?? noPadding;
  const reading = attentionCurve(curve, (cost) => cost.readMsPerCell);
  const masking = attentionCurve(curve, (cost) => cost.maskedMsPerCell);

  function uncorrectedMs({ tokenCount, readPairCount, cellCount }: StepWork): number {
    const readCellCount = readPairCount / tokenCount;
    const maskedCellCount = Math.max(0, cellCount - readCellCount);
    return (
      interpolate(curve.points, tokenCount + addedRowCount(padding, tokenCount)) +
      readCellCount * reading(tokenCount) +
      maskedCellCount * masking(tokenCount)
    );
  }

  return {
    predictMs: (work) => factorOf(work.tokenCount) * uncorrectedMs(work),
    observe(work, milliseconds) {
      // One step that another process interrupted must not shrink every later chunk, but a wrong curve must be outgrown:
      // a step moves the factor by at most a fifth.
      const known = factorOf(work.tokenCount);
      const ratio = Math.min(2 * known, Math.max(known / 2, milliseconds / uncorrectedMs(work)));
      const { tokenCount } = work;
      const own = bandOf(tokenCount);
      const isNarrow = tokenCount <= narrowTokenCount;
      const ownFactor = isNarrow ? (ownFactors[ownOf(tokenCount)] ?? 1) : 1;
      const load = ratio / ownFactor;
      const weightOf = (distance: number): number =>
        distance === 0 ? smoothing : (smoothing * spreading) / 2 ** (distance - 1);
      factors.forEach((factor, band) => {
        factors[band] = factor + weightOf(Math.abs(band - own)) * (load - factor);
      });
      narrowLoad += weightOf(isNarrow ? 0 : own - bandOf(narrowTokenCount)) * (load - narrowLoad);
      // One token is what the others are measured by: were all to move, load and widths could drift apart together.
      if (!isNarrow || tokenCount === 1) return;
      // What is left over once the load has followed.
      const count = (observedCounts[ownOf(tokenCount)] ?? 0) + 1;
      observedCounts[ownOf(tokenCount)] = count;
      // The curve counts as one observation.
      const weight = Math.max(ownSmoothing, 1 / (1 + count));
      const moved = ownFactor + weight * (ratio / narrowLoad - ownFactor);
      ownFactors[ownOf(tokenCount)] = Math.min(mostOwnFactor, Math.max(1 / mostOwnFactor, moved));
    },
    idleCellMs: (tokenCount) => factorOf(tokenCount) * masking(tokenCount),
    loadFactor: factorOf,
    curve,
  };
}

/** Between measured widths linear, but not across the border from narrow to wide, where the kernel changes. */
function attentionCurve(
  curve: StepCostCurve,
  msPerCell: (cost: AttentionCost) => number,
): (tokenCount: number) => number {
  const points = curve.attention.map((cost) => ({
    tokenCount: cost.tokenCount,
    milliseconds: msPerCell(cost),
  }));
  const narrow = points.filter((point) => point.tokenCount < wideTokenCount);
  const wide = points.filter((point) => point.tokenCount >= wideTokenCount);
  // Where only one side was measured, its cost per token stands for both.
  const [narrowOr, wideOr] = [narrow.length > 0 ? narrow : wide, wide.length > 0 ? wide : narrow];
  return (tokenCount) => interpolate(tokenCount < wideTokenCount ? narrowOr : wideOr, tokenCount);
}

/** Linear interpolation; below the first point the first, beyond the last the last slope per token. */
export function interpolate(points: readonly StepCostPoint[], tokenCount: number): number {
  const first = points[0];
  if (first === undefined) throw new RangeError('a step-cost curve needs at least one point');
  if (tokenCount <= first.tokenCount) return first.milliseconds;
  let previous = first;
  for (const point of points) {
    if (point.tokenCount >= tokenCount) {
      const share = (tokenCount - previous.tokenCount) / (point.tokenCount - previous.tokenCount);
      return previous.milliseconds + share * (point.milliseconds - previous.milliseconds);
    }
    previous = point;
  }
  return (previous.milliseconds * tokenCount) / previous.tokenCount;
}
