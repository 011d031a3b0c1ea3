/**
 * NF4 with double quantization (Dettmers, Pagnoni, Holtzman, Zettlemoyer 2023, "QLoRA: Efficient Finetuning of Quantized
 * LLMs"): 16 levels at the quantiles of a normal distribution, one scale for each 64 weights, and the scales themselves in
 * 8 bits, 256 with one float. Computed in single precision, as bitsandbytes does.
 */

/** The 16 levels, from the paper's appendix E. */
export const nf4Levels: readonly number[] = [
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
];

/** Weights that share a scale, and scales that share a float: the paper's. */
export const nf4BlockLength = 64;
export const nf4ScaleBlockLength = 256;

/** 4 bits, an 8-bit scale for each 64, and a float for each 256 of those: 4.127. */
export const nf4BitsPerWeight = 4 + 8 / nf4BlockLength + 32 / (nf4BlockLength * nf4ScaleBlockLength);

/** Midpoints between neighbours: a value at one goes to the lower level, as the first of two nearest. */
const midpoints: readonly number[] = nf4Levels
  .slice(1)
  .map((level, index) => (level + (nf4Levels[index] ?? 0)) / 2);

/** Index of the nearest level. @param value in [-1, 1] */
export function nearestNf4(value: number): number {
  let low = 0;
  let high = midpoints.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > (midpoints[middle] ?? Infinity)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The 256 levels of bitsandbytes' dynamic 8-bit type, ascending in [-1, 1]: a sign, up to 7 zeros that stand for powers of
 * ten, a one, and what is left as a linear fraction between 0.1 and 1 (Dettmers et al. 2022, "8-bit Optimizers via
 * Block-wise Quantization", section 2.2; `create_dynamic_map(signed=True)`).
 */
export const dynamicLevels: Float32Array = (() => {
  const exponentBits = 7;
  const levels: number[] = [0, 1];
  for (let exponent = 0; exponent < exponentBits; exponent++) {
    const count = 2 ** exponent + 1;
    // Single precision throughout, as torch.linspace and the means of neighbours are.
    const borders = Array.from({ length: count }, (_, index) => linspace(0.1, 1, count, index));
    for (let index = 0; index + 1 < count; index++) {
      const mean = Math.fround(Math.fround((borders[index] ?? 0) + (borders[index + 1] ?? 0)) / 2);
      const level = Math.fround(Math.fround(10 ** (exponent - (exponentBits - 1))) * mean);
      levels.push(level, -level);
    }
  }
  return Float32Array.from(levels).sort();
})();

/** torch.linspace in single precision: from the start in the first half, from the end in the second, rounded once a number. */
function linspace(start: number, end: number, count: number, index: number): number {
  const width = Math.fround(Math.fround(Math.fround(end) - Math.fround(start)) / (count - 1));
  return index < count / 2
    ? Math.fround(Math.fround(start) + width * index)
    : Math.fround(Math.fround(end) - width * (count - 1 - index));
}

/** Index of the nearest of ascending levels; at a midpoint the lower one, distances in single precision. */
export function nearestDynamic(value: number, levels: Float32Array = dynamicLevels): number {
  let low = 0;
  let high = levels.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value >= (levels[middle] ?? Infinity)) low = middle;
    else high = middle;
  }
  const below = Math.abs(Math.fround(value - (levels[low] ?? 0)));
  const above = Math.abs(Math.fround((levels[high] ?? 0) - value));
  return above < below ? high : low;
}

export interface Nf4Options {
  /** Whether the scales are quantized too. @default true */
  readonly isDouble?: boolean;
  /**
   * What is taken off the scales before they are. bitsandbytes takes torch's mean, a sum in single precision in an order
   * that depends on the processor. @default their mean, rounded once
   */
  readonly scaleMean?: number;
  /** @default `dynamicLevels`, as bitsandbytes' CUDA kernels have them; its CPU kernel of 0.49 makes the lowest -1 */
  readonly scaleLevels?: Float32Array;
}

export interface Nf4Blocks {
  /** Level of each weight, 0-15. */
  readonly codes: Uint8Array;
  /** Largest magnitude of each block, as it is after the second quantization. */
  readonly scales: Float32Array;
}

/** Quantizes weights and, if asked for, their scales. Pure. @param weights row after row, as they lie in memory */
export function quantizeNf4(weights: Float32Array, options: Nf4Options = {}): Nf4Blocks {
  const blockCount = Math.ceil(weights.length / nf4BlockLength);
  const scales = new Float32Array(blockCount);
  const codes = new Uint8Array(weights.length);
  for (let block = 0; block < blockCount; block++) {
    const from = block * nf4BlockLength;
    const to = Math.min(weights.length, from + nf4BlockLength);
    let largest = 0;
    for (let index = from; index < to; index++) largest = Math.max(largest, Math.abs(weights[index] ?? 0));
    scales[block] = largest;
    const inverse = largest > 0 ? Math.fround(1 / largest) : 0;
    for (let index = from; index < to; index++) {
      codes[index] = nearestNf4(Math.fround((weights[index] ?? 0) * inverse));
    }
  }
  return { codes, scales: (options.isDouble ?? true) ? quantizeScales(scales, options) : scales };
}

/** What `quantizeNf4` takes off the scales. Pure. */
export function meanOfScales(scales: Float32Array): number {
  let sum = 0;
  for (const scale of scales) sum += scale;
  return Math.fround(sum / Math.max(1, scales.length));
}

/** The scales less their mean, in 8 bits with a float for each 256, and back. */
function quantizeScales(scales: Float32Array, options: Nf4Options): Float32Array {
  const { scaleMean: mean = meanOfScales(scales), scaleLevels: levels = dynamicLevels } = options;
  const rounded = new Float32Array(scales.length);
  for (let from = 0; from < scales.length; from += nf4ScaleBlockLength) {
    const to = Math.min(scales.length, from + nf4ScaleBlockLength);
    let largest = 0;
    for (let index = from; index < to; index++) {
      largest = Math.max(largest, Math.abs(Math.fround((scales[index] ?? 0) - mean)));
    }
    const inverse = largest > 0 ? Math.fround(1 / largest) : 0;
    for (let index = from; index < to; index++) {
      const centred = Math.fround((scales[index] ?? 0) - mean);
      const level = levels[nearestDynamic(Math.fround(centred * inverse), levels)] ?? 0;
      rounded[index] = Math.fround(Math.fround(level * largest) + mean);
    }
  }
  return rounded;
}

/** The weights that an engine computes with. Pure. */
export function dequantizeNf4({ codes, scales }: Nf4Blocks): Float32Array {
  const levels = Float32Array.from(nf4Levels);
  return Float32Array.from(codes, (code, index) =>
    Math.fround((levels[code] ?? 0) * (scales[Math.floor(index / nf4BlockLength)] ?? 0)),
  );
}
