/**
 * FP8 E4M3 (Micikevicius et al. 2022, "FP8 Formats for Deep Learning"): a sign, 4 bits of exponent with bias 7, 3 of
 * fraction. No infinities; S.1111.111 is NaN, so that the largest number is 448; the smallest are 2^-6 and, subnormal, 2^-9.
 */

/** Largest finite magnitude. */
export const e4m3Largest = 448;
export const e4m3BitsPerWeight = 8;

/** Value of each of the 256 bit patterns. */
export const e4m3Values: Float32Array = Float32Array.from({ length: 256 }, (_, bits) => {
  const sign = bits >= 128 ? -1 : 1;
  const exponent = (bits >> 3) & 15;
  const fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return NaN;
  if (exponent === 0) return sign * fraction * 2 ** -9;
  return sign * (1 + fraction / 8) * 2 ** (exponent - 7);
});

/**
 * Bits of the nearest E4M3 number, ties to even. What rounds beyond 448 is NaN, as where the paper does not saturate; torch
 * 2.15 gives a number there. Scale, and clamp, before.
 */
export function encodeE4m3(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 128 : 0;
  const magnitude = Math.abs(value);
  // 464 lies in the middle between 448, whose fraction is even, and what would be 480.
  if (!(magnitude <= 464)) return sign | 127;
  if (magnitude < 2 ** -6) return sign | roundToEven(magnitude * 2 ** 9);
  const exponent = Math.min(8, Math.floor(Math.log2(magnitude)));
  // log2 may be off by one beside powers of two.
  const exact =
    magnitude >= 2 ** (exponent + 1) ? exponent + 1 : magnitude < 2 ** exponent ? exponent - 1 : exponent;
  const eighths = roundToEven(magnitude * 2 ** (3 - exact));
  const bits = ((exact + 7) << 3) + eighths - 8;
  return sign | Math.min(127, bits);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest > 0.5 ? floor + 1 : floor;
  return floor % 2 === 0 ? floor : floor + 1;
}

export interface E4m3Tensor {
  readonly codes: Uint8Array;
  /** What a code's value is multiplied with. */
  readonly scale: number;
}

/**
 * Quantizes a tensor with one scale that takes its largest magnitude to 448, as vLLM's `--quantization fp8` does for weights
 * without scales of their own. Pure.
 */
export function quantizeE4m3(weights: Float32Array): E4m3Tensor {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const scale = largest > 0 ? Math.fround(largest / e4m3Largest) : 1;
  const codes = Uint8Array.from(weights, (weight) =>
    encodeE4m3(Math.min(e4m3Largest, Math.max(-e4m3Largest, Math.fround(weight / scale)))),
  );
  return { codes, scale };
}

/** The weights that an engine computes with. Pure. */
export function dequantizeE4m3({ codes, scale }: E4m3Tensor): Float32Array {
  return Float32Array.from(codes, (code) => Math.fround((e4m3Values[code] ?? 0) * scale));
}
