/** The first numbers of a vector, made of length 1. @param dimensions null: all */
export function unitVector(values: ArrayLike<number>, dimensions: number | null): Float32Array {
  const vector = Float32Array.from(
    Array.prototype.slice.call(values, 0, dimensions ?? values.length) as number[],
  );
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
