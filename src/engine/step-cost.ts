/** One measured point: a step of `tokenCount` tokens over a nearly empty KV pool. */
export interface StepCostPoint {
  readonly tokenCount: number;
  readonly milliseconds: number;
}

/** What measuring a model on a machine yields; kept on disk per model, CPU and library. */
export interface StepCostCurve {
  /** Ascending token counts, at least one point. */
  readonly points: readonly StepCostPoint[];
  /** Milliseconds that each (batch token x cell in use) pair adds: attention scans every used cell. */
  readonly attentionMsPerTokenCell: number;
}

/**
 * What a step costs on this machine: linear between measured widths, linear beyond the last, plus attention, times a
 * factor, for narrow and wide steps and by cells in use, that follows what steps really take.
 */
export interface StepCost {
  predictMs(tokenCount: number, cellCount: number): number;
  /** The most tokens, up to `limit`, whose step stays within `budgetMs`; 0 if not even one does. */
  tokensWithin(budgetMs: number, cellCount: number, limit: number): number;
  observe(tokenCount: number, cellCount: number, milliseconds: number): void;
  readonly curve: StepCostCurve;
  /** Measured over predicted, smoothed, of the kind of step observed last. */
  readonly loadFactor: number;
}

const smoothing = 0.2;
/** Steps up to this width decode; wider ones prefill. */
const narrowTokenCount = 32;
/** Cells per band; attention gets dearer than the curve says once the cells in use outgrow the CPU's caches. */
const bandCellCount = 1024;

export function createStepCost(curve: StepCostCurve): StepCost {
  // One factor for all steps would let a decode over many cells, whose attention the curve underrates most, shrink
  // every prefill chunk; so narrow and wide steps learn apart, and by how many cells are in use.
  const factors: Record<'narrow' | 'wide', number[]> = { narrow: [], wide: [] };
  let loadFactor = 1;

  function bandOf(tokenCount: number, cellCount: number): { list: number[]; band: number } {
    const list = tokenCount <= narrowTokenCount ? factors.narrow : factors.wide;
    return { list, band: Math.floor(cellCount / bandCellCount) };
  }

  /** A band that was never seen is taken to be like the nearest one below it. */
  function factorOf(tokenCount: number, cellCount: number): number {
    const { list, band } = bandOf(tokenCount, cellCount);
    for (let at = Math.min(band, list.length - 1); at >= 0; at--) {
      const factor = list[at];
      if (factor !== undefined) return factor;
    }
    return 1;
  }

  function base(tokenCount: number): number {
    return interpolate(curve.points, tokenCount);
  }

  function uncorrectedMs(tokenCount: number, cellCount: number): number {
    return base(tokenCount) + curve.attentionMsPerTokenCell * tokenCount * cellCount;
  }

  function predictMs(tokenCount: number, cellCount: number): number {
    return factorOf(tokenCount, cellCount) * uncorrectedMs(tokenCount, cellCount);
  }

  function tokensWithin(budgetMs: number, cellCount: number, limit: number): number {
    // The measured curve need not be monotone (a batch of 2 can cost less than its neighbours), so the answer is
    // the widest step that fits, found from the top by bisection over the monotone hull.
    let low = 0;
    let high = limit;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (predictMs(middle, cellCount) <= budgetMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return {
    predictMs,
    tokensWithin,
    observe(tokenCount, cellCount, milliseconds) {
      // One step that another process interrupted must not shrink every later chunk.
      const ratio = Math.min(4, Math.max(0.25, milliseconds / uncorrectedMs(tokenCount, cellCount)));
      const known = factorOf(tokenCount, cellCount);
      const { list, band } = bandOf(tokenCount, cellCount);
      loadFactor = known + smoothing * (ratio - known);
      while (list.length < band) list.push(factorOf(tokenCount, list.length * bandCellCount));
      list[band] = loadFactor;
    },
    curve,
    get loadFactor() {
      return loadFactor;
    },
  };
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
