import { tensorFormat, tensorTypeOf } from '../tensor-format.ts';

/** A weight format that libllama can write. */
export interface QuantizeFormat {
  /** As llama.cpp calls it. */
  readonly name: string;
  /** What the guide and most papers call it. */
  readonly commonName: 'FP16' | 'BF16' | 'FP32' | 'INT8' | 'INT4' | null;
  /** Format of most of its tensors; embeddings, output and some layers may be kept in a finer one. */
  readonly tensorFormat: string;
  /** Bits that a weight of that format takes, scales included. A file is above it: `--dry-run` has the exact figure. */
  readonly bitsPerWeight: number;
  /** `required`: libllama refuses to write it without an importance matrix. */
  readonly importanceMatrix: 'required' | 'helps' | 'unused';
  readonly note: string;
}

type Row = readonly [
  name: string,
  tensorFormat: string,
  importanceMatrix: QuantizeFormat['importanceMatrix'],
  note: string,
  commonName?: QuantizeFormat['commonName'],
];

// The main tensor types are those of llama_ftype_get_default_type in llama-quant.cpp v0.5.0; needs of a matrix are
// tensor_requires_imatrix's.
const rows: readonly Row[] = [
  ['F32', 'F32', 'unused', 'exact copy of any weights', 'FP32'],
  ['F16', 'F16', 'unused', 'what most models are published in, or near it', 'FP16'],
  ['BF16', 'BF16', 'unused', 'the range of F32 with 8 bits of precision', 'BF16'],
  ['Q8_0', 'Q8_0', 'unused', '8-bit integers, a scale for each 32', 'INT8'],
  ['Q6_K', 'Q6_K', 'helps', ''],
  ['Q5_1', 'Q5_1', 'helps', 'no repacked kernel on CPUs: slow'],
  ['Q5_K_M', 'Q5_K', 'helps', ''],
  ['Q5_K_S', 'Q5_K', 'helps', ''],
  ['Q5_0', 'Q5_0', 'helps', 'no repacked kernel on CPUs: slow'],
  ['Q4_1', 'Q4_1', 'helps', 'no repacked kernel on CPUs: slow'],
  ['Q4_K_M', 'Q4_K', 'helps', '4 bits, some layers finer', 'INT4'],
  ['Q4_K_S', 'Q4_K', 'helps', ''],
  ['Q4_0', 'Q4_0', 'helps', '4-bit integers, a scale for each 32: fastest on most CPUs', 'INT4'],
  ['IQ4_NL', 'IQ4_NL', 'helps', 'as large as Q4_0, levels placed as weights lie'],
  ['NVFP4', 'NVFP4', 'unused', '4-bit floats, an E4M3 scale for each 16; made for Blackwell GPUs'],
  ['IQ4_XS', 'IQ4_XS', 'helps', ''],
  ['MXFP4_MOE', 'MXFP4', 'unused', 'experts in 4-bit floats, everything else in Q8_0'],
  ['Q3_K_L', 'Q3_K', 'helps', ''],
  ['Q3_K_M', 'Q3_K', 'helps', ''],
  ['Q3_K_S', 'Q3_K', 'helps', ''],
  ['IQ3_M', 'IQ3_S', 'helps', ''],
  ['IQ3_S', 'IQ3_S', 'helps', ''],
  ['IQ3_XS', 'IQ3_S', 'required', ''],
  ['IQ3_XXS', 'IQ3_XXS', 'required', ''],
  ['Q2_K', 'Q2_K', 'helps', ''],
  ['Q2_K_S', 'Q2_K', 'required', ''],
  ['IQ2_M', 'IQ2_S', 'required', ''],
  ['IQ2_S', 'IQ2_XS', 'required', ''],
  ['IQ2_XS', 'IQ2_XS', 'required', ''],
  ['Q2_0', 'Q2_0', 'unused', 'for models trained in two bits'],
  ['TQ2_0', 'TQ2_0', 'unused', 'for models trained in three levels'],
  ['IQ2_XXS', 'IQ2_XXS', 'required', ''],
  ['IQ1_M', 'IQ1_M', 'required', ''],
  ['TQ1_0', 'TQ1_0', 'unused', 'for models trained in three levels'],
  ['IQ1_S', 'IQ1_S', 'required', ''],
  ['Q1_0', 'Q1_0', 'unused', 'for models trained in one bit'],
];

/** Every format that the pinned libllama writes, from the most exact to the smallest. */
export const quantizeFormats: readonly QuantizeFormat[] = rows.map(
  ([name, main, importanceMatrix, note, commonName = null]) => {
    const { blockBytes, blockElements } = tensorFormat(tensorTypeOf(main) ?? -1) ?? {
      blockBytes: NaN,
      blockElements: 1,
    };
    const bitsPerWeight = (8 * blockBytes) / blockElements;
    return { name, commonName, tensorFormat: main, bitsPerWeight, importanceMatrix, note };
  },
);

/** Formats that only the quality is measured of: libllama has no kernels for them. */
export const simulatedFormats = ['NF4', 'FP8_E4M3'] as const;
export type SimulatedFormat = (typeof simulatedFormats)[number];

const otherNames: Readonly<Record<string, string>> = {
  FP32: 'F32',
  FP16: 'F16',
  INT8: 'Q8_0',
  INT4: 'Q4_K_M',
  MXFP4: 'MXFP4_MOE',
  FP8: 'FP8_E4M3',
  E4M3: 'FP8_E4M3',
};

/**
 * The name that a format has here: case does not matter, the guide's names are understood (INT4 as Q4_K_M).
 * `null` where nothing is called so.
 */
export function formatNamed(text: string): string | null {
  const upper = text.trim().toUpperCase().replaceAll('-', '_');
  const name = otherNames[upper] ?? upper;
  const isKnown =
    quantizeFormats.some((format) => format.name === name) || simulatedFormats.some((one) => one === name);
  return isKnown ? name : null;
}
