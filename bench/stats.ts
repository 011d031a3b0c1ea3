/** Median and spread of repeated measurements, in the unit of the values. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** First and third quartile. */
  readonly q1: number;
  readonly q3: number;
}

/**
 * Quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
 * @param share 0-1
 * @throws RangeError for an empty list or a share out of range
 */
export function quantile(values: readonly number[], share: number): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`quantile share must be 0-1, got ${share}`);
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('quantile of an empty list');
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function summarize(values: readonly number[]): Summary {
  return {
    count: values.length,
    median: median(values),
    min: quantile(values, 0),
    max: quantile(values, 1),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
  };
}

/** Rounds for print and JSON: `digits` significant ones. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}
