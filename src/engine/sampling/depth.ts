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
