/** How far each of several predictions is trusted, 0 or more; 0: not at all. */
export type Blend = readonly number[];

/** What is believed of a blend before anything is seen, and how many targets must be seen to believe as much in them. */
export interface BlendPrior {
  readonly blend: Blend;
  readonly targetCount: number;
}

/**
 * Least squares without negative weights (Lawson and Hanson's problem, by coordinate descent: there are few columns), as stacking asks for
 * (Breiman 1996), drawn towards what was believed before.
 * @param columns predictions, one list for each kind; centred by whoever calls
 * @param targets what came of it
 */
export function fitBlend(
  columns: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
  prior: BlendPrior = { blend: columns.map(() => 0), targetCount: 0 },
): Blend {
  const product = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let at = 0; at < targets.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
    return sum;
  };
  const gram = columns.map((one) => columns.map((other) => product(one, other)));
  const aim = columns.map((one) => product(one, targets));
  columns.forEach((_, at) => {
    const own = gram[at];
    const square = own?.[at] ?? 0;
    const belief = (square * prior.targetCount) / Math.max(1, targets.length);
    if (own !== undefined) own[at] = square + belief;
    aim[at] = (aim[at] ?? 0) + belief * (prior.blend[at] ?? 0);
  });
  const weights = columns.map(() => 0);
  for (let round = 0; round < 500; round++)
    weights.forEach((_, at) => {
      const own = gram[at]?.[at] ?? 0;
      if (own <= 0) return;
      const others = weights.reduce(
        (sum, weight, other) => (other === at ? sum : sum + weight * (gram[at]?.[other] ?? 0)),
        0,
      );
      weights[at] = Math.max(0, ((aim[at] ?? 0) - others) / own);
    });
  return weights;
}

/** Predictions of all kinds as one. */
export function blended(predictions: readonly number[], blend: Blend): number {
  return predictions.reduce((sum, one, at) => sum + one * (blend[at] ?? 0), 0);
}
