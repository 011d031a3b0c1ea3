/**
 * Sampling works on depths: how far a logit lies below the largest, in nats, after the temperature. A token's
 * unnormalised probability is e^-depth.
 *
 * Tokens deeper than `depthLimit` are left out: e^-32 is 1.3e-14, so that even 262,144 of them weigh less than
 * 2^-28 of the likeliest token, below what the float32 logits that they come from can resolve (2^-24).
 */
export const depthLimit = 32;

/** Buckets per nat, in the table below and in the histograms of `candidates.ts`. */
export const bucketsPerNat = 64;

/** Depths in [0, depthLimit) fall into buckets 0 .. bucketCount-1. */
export const bucketCount = depthLimit * bucketsPerNat;

const bucketWidth = 1 / bucketsPerNat;

const table = Float64Array.from({ length: bucketCount + 1 }, (_, bucket) => Math.exp(-bucket * bucketWidth));

/**
 * e^-depth for depths in [0, depthLimit], to 1e-11 relative: a table step and a Taylor series of degree 4 over
 * the remaining 1/64 nat. Several times faster than Math.exp, which V8 does not inline.
 */
export function weightOfDepth(depth: number): number {
  const bucket = (depth * bucketsPerNat) | 0;
  const rest = bucket * bucketWidth - depth;
  return (table[bucket] as number) * (1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6 + rest * (1 / 24)))));
}

/** At least e^-depth and at most e^(1/64) times it, for depths in [0, depthLimit]; the table alone. */
export function weightBoundOfDepth(depth: number): number {
  return table[(depth * bucketsPerNat) | 0] as number;
}

/** What a sum of `weightBoundOfDepth` must be multiplied with to be no more than the sum of the weights. */
export const lowerBoundFactor = Math.exp(-bucketWidth);

/**
 * The near tokens of a vocabulary are those above this depth. All others together weigh at most e^-2 of the
 * likeliest token, however many there are: usually some hundred tokens are near and few draws need the rest.
 */
export function nearDepth(vocabTokenCount: number): number {
  return Math.log(vocabTokenCount) + 2;
}
