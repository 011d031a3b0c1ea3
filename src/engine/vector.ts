/** Arithmetic of embeddings. Pure. */

/** The vector at length 1 by Euclid's measure; one of zeros stays as it is. */
export function normalised(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Of two vectors of the same length; for two of length 1 it is the cosine of their angle. */
export function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}

/** Adds `weight` x `vector` to `sum`, in place. */
export function addScaled(sum: Float32Array, vector: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++)
    sum[index] = (sum[index] ?? 0) + weight * (vector[index] ?? 0);
}
