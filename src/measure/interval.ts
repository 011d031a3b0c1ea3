/** A mean with its uncertainty. */
export interface Estimate {
  readonly mean: number;
  /** Half the width of the 95% confidence interval, by Student's t; `null` for fewer than two values. */
  readonly margin: number | null;
}

// Two-sided 95% points of Student's t for 1, 2, 3 ... degrees of freedom (any table, e.g. NIST/SEMATECH 1.3.6.7.2).
const tPoints: readonly number[] = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The 95% point for so many degrees of freedom, 1 or more; beyond 30 by 1.96 + 2.4 / n, right to 0.2%. */
export function studentT(degreesOfFreedom: number): number {
  return tPoints[Math.floor(degreesOfFreedom) - 1] ?? 1.96 + 2.4 / degreesOfFreedom;
}

/** Mean and 95% interval of independent values. Pure. @throws RangeError for none */
export function estimateOf(values: readonly number[]): Estimate {
  if (values.length === 0) throw new RangeError('There are no values.');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, margin: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return { mean, margin: studentT(values.length - 1) * error };
}

/** exp of an estimate, its margin by the delta method. Pure. */
export function expOf({ mean, margin }: Estimate): Estimate {
  const value = Math.exp(mean);
  return { mean: value, margin: margin === null ? null : value * margin };
}
