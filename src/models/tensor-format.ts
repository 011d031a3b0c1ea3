/** How GGUF stores one kind of tensor: `blockBytes` bytes for each `blockElements` weights. */
export interface TensorFormat {
  readonly name: string;
  readonly blockElements: number;
  readonly blockBytes: number;
}

const f = (name: string, blockElements: number, blockBytes: number): TensorFormat => ({
  name,
  blockElements,
  blockBytes,
});

/** By ggml type number; sizes follow the static asserts of ggml-common.h, llama.cpp v0.5.0. */
const tensorFormats: ReadonlyMap<number, TensorFormat> = new Map([
  [0, f('F32', 1, 4)],
  [1, f('F16', 1, 2)],
  [2, f('Q4_0', 32, 18)],
  [3, f('Q4_1', 32, 20)],
  [6, f('Q5_0', 32, 22)],
  [7, f('Q5_1', 32, 24)],
  [8, f('Q8_0', 32, 34)],
  [9, f('Q8_1', 32, 36)],
  [10, f('Q2_K', 256, 84)],
  [11, f('Q3_K', 256, 110)],
  [12, f('Q4_K', 256, 144)],
  [13, f('Q5_K', 256, 176)],
  [14, f('Q6_K', 256, 210)],
  [15, f('Q8_K', 256, 292)],
  [16, f('IQ2_XXS', 256, 66)],
  [17, f('IQ2_XS', 256, 74)],
  [18, f('IQ3_XXS', 256, 98)],
  [19, f('IQ1_S', 256, 50)],
  [20, f('IQ4_NL', 32, 18)],
  [21, f('IQ3_S', 256, 110)],
  [22, f('IQ2_S', 256, 82)],
  [23, f('IQ4_XS', 256, 136)],
  [24, f('I8', 1, 1)],
  [25, f('I16', 1, 2)],
  [26, f('I32', 1, 4)],
  [27, f('I64', 1, 8)],
  [28, f('F64', 1, 8)],
  [29, f('IQ1_M', 256, 56)],
  [30, f('BF16', 1, 2)],
  [34, f('TQ1_0', 256, 54)],
  [35, f('TQ2_0', 256, 66)],
  [39, f('MXFP4', 32, 17)],
  [40, f('NVFP4', 64, 36)],
  [41, f('Q1_0', 128, 18)],
  [42, f('Q2_0', 64, 18)],
]);

/** @returns `null` for a type that this build does not know */
export function tensorFormat(type: number): TensorFormat | null {
  return tensorFormats.get(type) ?? null;
}

/** @returns the ggml type number; `null` for a name that this build does not know. Case does not matter. */
export function tensorTypeOf(name: string): number | null {
  const wanted = name.toUpperCase();
  for (const [type, format] of tensorFormats) if (format.name === wanted) return type;
  return null;
}

/** Names of `general.file_type`, after llama.h's LLAMA_FTYPE_*, v0.5.0. */
const fileFormats: ReadonlyMap<number, string> = new Map([
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [7, 'Q8_0'],
  [8, 'Q5_0'],
  [9, 'Q5_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K_S'],
  [12, 'Q3_K_M'],
  [13, 'Q3_K_L'],
  [14, 'Q4_K_S'],
  [15, 'Q4_K_M'],
  [16, 'Q5_K_S'],
  [17, 'Q5_K_M'],
  [18, 'Q6_K'],
  [19, 'IQ2_XXS'],
  [20, 'IQ2_XS'],
  [21, 'Q2_K_S'],
  [22, 'IQ3_XS'],
  [23, 'IQ3_XXS'],
  [24, 'IQ1_S'],
  [25, 'IQ4_NL'],
  [26, 'IQ3_S'],
  [27, 'IQ3_M'],
  [28, 'IQ2_S'],
  [29, 'IQ2_M'],
  [30, 'IQ4_XS'],
  [31, 'IQ1_M'],
  [32, 'BF16'],
  [36, 'TQ1_0'],
  [37, 'TQ2_0'],
  [38, 'MXFP4_MOE'],
  [39, 'NVFP4'],
  [40, 'Q1_0'],
  [41, 'Q2_0'],
]);

/** @returns `null` for an unknown file type */
export function fileFormatName(fileType: number): string | null {
  return fileFormats.get(fileType) ?? null;
}

/** Every format name, longest first, so that `Q4_K_M` is found before `Q4_K`. */
export const formatNames: readonly string[] = [
  ...new Set([...fileFormats.values(), ...[...tensorFormats.values()].map((format) => format.name)]),
].sort((a, b) => b.length - a.length);

/** Bits that a weight takes in a tensor of this format, its share of the scales included. @throws RangeError where it is unknown */
export function bitsPerWeightOf(name: string): number {
  const type = tensorTypeOf(name);
  const format = type === null ? null : tensorFormat(type);
  if (format === null) throw new RangeError(`format: ${name} is not known`);
  return (8 * format.blockBytes) / format.blockElements;
}
