/** One answer's way to its first token. */
export interface FirstTokenSample {
  /** Blocks of the prompt (about 64 tokens each) that were read anew. */
  readonly newBlockCount: number;
  /** Requests that the replica had already when this one came. */
  readonly load: number;
  /** Milliseconds from asking to the first piece. */
  readonly milliseconds: number;
}

/** What the way to a first token costs, in milliseconds; all at least 0. */
export interface FirstTokenCost {
  readonly perBlock: number;
  readonly perRequest: number;
  readonly fixed: number;
}

/**
 * Before anything was measured: an engine on a GPU, 10,000 tokens a second. The first answer says how far this machine is
 * from it, a few more how the three stand to each other.
 */
export const assumedCost: FirstTokenCost = { perBlock: 6, perRequest: 40, fixed: 40 };

/** How much the assumption weighs against measured answers, in answers. */
const assumedWeight = 0.05;
const smallestUnit = 1e-9;

/**
 * Fits milliseconds = perBlock x new blocks + perRequest x load + fixed to what was measured, by least squares with the
 * assumption, scaled to the speed that was measured, as a ridge (Hoerl and Kennard 1970), so that answers that were all
 * alike leave nothing undefined. Each answer
 * counts by its relative error: a long prompt's seconds must not drown what a short one says. A cost that would come out
 * negative is none, and the others are fitted without it.
 */
export function fitFirstTokenCost(samples: readonly FirstTokenSample[]): FirstTokenCost {
  const assumed = scaled(samples);
  const { matrix, right } = normalEquations(samples, assumed);
  const isIncluded = [true, true, true];
  for (;;) {
    const shares = solveSymmetric(matrix, right, isIncluded);
    const worst = shares.reduce((at, value, index) => (value < (shares[at] ?? 0) ? index : at), 0);
    if ((shares[worst] ?? 0) >= 0) {
      const [perBlock = 0, perRequest = 0, fixed = 0] = shares.map(
        (share, index) => share * (assumed[index] ?? 0),
      );
      return { perBlock, perRequest, fixed };
    }
    isIncluded[worst] = false;
  }
}

export function expectedMs(cost: FirstTokenCost, newBlockCount: number, load: number): number {
  return cost.perBlock * newBlockCount + cost.perRequest * load + cost.fixed;
}

/** The assumption times the one number that fits the samples best. */
function scaled(samples: readonly FirstTokenSample[]): readonly number[] {
  let product = 0;
  let square = 0;
  for (const { newBlockCount, load, milliseconds } of samples) {
    const ratio = expectedMs(assumedCost, newBlockCount, load) / Math.max(1, milliseconds);
    product += ratio;
    square += ratio ** 2;
  }
  const scale = samples.length === 0 ? 1 : product / square;
  return [assumedCost.perBlock, assumedCost.perRequest, assumedCost.fixed].map((cost) => cost * scale);
}

/** In units of the assumption, so that the ridge weighs the three alike. */
function normalEquations(
  samples: readonly FirstTokenSample[],
  assumed: readonly number[],
): { readonly matrix: readonly (readonly number[])[]; readonly right: readonly number[] } {
  const [blockMs = 0, requestMs = 0, fixedMs = 0] = assumed;
  let [bb, rr, ff] = [assumedWeight, assumedWeight, assumedWeight];
  let [br, bf, rf] = [0, 0, 0];
  let [b, r, f] = [assumedWeight, assumedWeight, assumedWeight];
  for (const { newBlockCount, load, milliseconds } of samples) {
    // Divided by what was measured: the errors are relative ones.
    const measured = Math.max(1, milliseconds);
    const block = (newBlockCount * blockMs) / measured;
    const request = (load * requestMs) / measured;
    const fixed = fixedMs / measured;
    const one = milliseconds / measured;
    bb += block * block;
    rr += request * request;
    ff += fixed * fixed;
    br += block * request;
    bf += block * fixed;
    rf += request * fixed;
    b += block * one;
    r += request * one;
    f += fixed * one;
  }
  return {
    matrix: [
      [bb, br, bf],
      [br, rr, rf],
      [bf, rf, ff],
    ],
    right: [b, r, f],
  };
}

/** Gaussian elimination over what is included, the others 0; the ridge keeps it positive definite, so that no pivot vanishes. */
function solveSymmetric(
  matrix: readonly (readonly number[])[],
  right: readonly number[],
  isIncluded: readonly boolean[],
): readonly number[] {
  const size = right.length;
  const rows = matrix.map((line, row) =>
    isIncluded[row] === true
      ? [...line.map((value, column) => (isIncluded[column] === true ? value : 0)), right[row] ?? 0]
      : [...line.map((_, column) => (column === row ? 1 : 0)), 0],
  );
  for (let pivot = 0; pivot < size; pivot += 1) {
    const top = rows[pivot] ?? [];
    const divisor = Math.max(smallestUnit, top[pivot] ?? 0);
    for (let row = 0; row < size; row += 1) {
      const line = rows[row];
      if (row === pivot || line === undefined) continue;
      const factor = (line[pivot] ?? 0) / divisor;
      for (let column = pivot; column <= size; column += 1) {
        line[column] = (line[column] ?? 0) - factor * (top[column] ?? 0);
      }
    }
  }
  return rows.map((line, index) => (line[size] ?? 0) / Math.max(smallestUnit, line[index] ?? 0));
}
