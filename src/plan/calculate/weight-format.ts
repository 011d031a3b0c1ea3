/** How many bits a weight takes in a format, all block scales counted. */
export interface WeightFormat {
  readonly name: string;
  readonly bitsPerWeight: number;
  /** True where every block of every tensor has this size; false for mixtures, whose share of formats differs by model. */
  readonly isExact: boolean;
  /** The guide's name for it. */
  readonly guideName: 'FP16' | 'INT8' | 'INT4' | 'NF4' | 'FP8' | null;
  readonly source: string;
}

const ggml = (bytes: number, weights: number): string =>
  `ggml: ${bytes} bytes for a block of ${weights} (ggml-common.h)`;

/** By upper-case name. Mixtures are of a Llama-like model of 7 to 8 billion weights, as llama-quantize prints them. */
export const weightFormats: readonly WeightFormat[] = [
  { name: 'F32', bitsPerWeight: 32, isExact: true, guideName: null, source: 'IEEE 754' },
  { name: 'F16', bitsPerWeight: 16, isExact: true, guideName: 'FP16', source: 'IEEE 754' },
  { name: 'BF16', bitsPerWeight: 16, isExact: true, guideName: null, source: 'IEEE 754, upper half of F32' },
  { name: 'Q8_0', bitsPerWeight: 8.5, isExact: true, guideName: 'INT8', source: ggml(34, 32) },
  { name: 'Q6_K', bitsPerWeight: 6.5625, isExact: true, guideName: null, source: ggml(210, 256) },
  {
    name: 'Q5_K_M',
    bitsPerWeight: 5.7,
    isExact: false,
    guideName: null,
    source: 'llama-quantize, Llama 3 8B',
  },
  {
    name: 'Q4_K_M',
    bitsPerWeight: 4.89,
    isExact: false,
    guideName: null,
    source: 'llama-quantize, Llama 3 8B',
  },
  { name: 'Q4_1', bitsPerWeight: 5, isExact: true, guideName: null, source: ggml(20, 32) },
  { name: 'Q4_0', bitsPerWeight: 4.5, isExact: true, guideName: 'INT4', source: ggml(18, 32) },
  { name: 'IQ4_NL', bitsPerWeight: 4.5, isExact: true, guideName: null, source: ggml(18, 32) },
  { name: 'MXFP4', bitsPerWeight: 4.25, isExact: true, guideName: null, source: ggml(17, 32) },
  { name: 'NVFP4', bitsPerWeight: 4.5, isExact: true, guideName: null, source: ggml(36, 64) },
  {
    name: 'NF4',
    bitsPerWeight: 4 + 8 / 64 + 32 / (64 * 256),
    isExact: true,
    guideName: 'NF4',
    source: 'Dettmers et al. 2023 (QLoRA), section 3: blocks of 64, scales in FP8 by 256',
  },
  {
    name: 'FP8',
    bitsPerWeight: 8,
    isExact: true,
    guideName: 'FP8',
    source: 'Micikevicius et al. 2022: E4M3, one scale a tensor',
  },
];

/** By its own name or the guide's, in any case; `null`: not known. */
export function findWeightFormat(name: string): WeightFormat | null {
  const wanted = name.toUpperCase();
  return (
    weightFormats.find((format) => format.name === wanted) ??
    weightFormats.find((format) => format.guideName === wanted) ??
    null
  );
}
