/**
 * Rows that are computed for nothing, where that is quicker than without them: CPU kernels for quantized weights take four
 * rows at once and the one to three that are left over one by one, each with all of the weights.
 */
export interface RowPadding {
  /** By tokens of a step, up to `finestTokenCount`: how many rows are added. */
  readonly narrow: readonly number[];
  /** By what is left over of a wider step, 0-3. */
  readonly wide: readonly [number, number, number, number];
}

const kernelRowCount = 4;
/** What is gained must be more than the noise of its measurement. */
const leastGain = 0.03;
/** The widest rest that is measured: 13, 14 and 15 tokens beside 16. What they say of a rest holds for all wider steps. */
const referenceTokenCount = 16;

export const noPadding: RowPadding = { narrow: [], wide: [0, 0, 0, 0] };

/** What the measured widths say. Without those in between, nothing is added. */
export function rowPadding(
  points: readonly { readonly tokenCount: number; readonly milliseconds: number }[],
): RowPadding {
  const measured = new Map(points.map(({ tokenCount, milliseconds }) => [tokenCount, milliseconds]));
  const addedTo = (tokenCount: number): number => {
    const added = (kernelRowCount - (tokenCount % kernelRowCount)) % kernelRowCount;
    const without = measured.get(tokenCount);
    const padded = measured.get(tokenCount + added);
    if (without === undefined || padded === undefined) return 0;
    return padded < (1 - leastGain) * without ? added : 0;
  };
  const narrow = Array.from({ length: referenceTokenCount + 1 }, (_, tokenCount) => addedTo(tokenCount));
  const restOf = (rest: number): number => narrow[referenceTokenCount - kernelRowCount + rest] ?? 0;
  return { narrow, wide: [0, restOf(1), restOf(2), restOf(3)] };
}

/** How many rows are added to a step of so many tokens. */
export function addedRowCount({ narrow, wide }: RowPadding, tokenCount: number): number {
  return narrow[tokenCount] ?? wide[(tokenCount % kernelRowCount) as 0 | 1 | 2 | 3];
}
