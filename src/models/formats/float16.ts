/** IEEE 754 half precision, which Node of today's oldest supported version has no arrays for. */

let decoded: Float32Array | null = null;

/** Value of each of the 65,536 bit patterns. */
export function halfValues(): Float32Array {
  decoded ??= Float32Array.from({ length: 65_536 }, (_, bits) => decodeHalf(bits));
  return decoded;
}

function decodeHalf(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** Bits of the nearest half, ties to even; beyond 65,504 (and its rounding) infinity. */
export function encodeHalf(value: number): number {
  floats[0] = value;
  const bits = words[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  // 65,520 and above round to infinity.
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Below 2^-14: units of 2^-24. Adding 2^23 * 2^-24 = 0.5 rounds to them, ties to even.
    floats[0] = Math.abs(value) + 0.5;
    return sign | ((words[0] ?? 0) - 0x3f00_0000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x3800_0000 + 0xfff + odd) >>> 13);
}
