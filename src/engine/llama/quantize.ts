import { renameSync, rmSync } from 'node:fs';
import { NearfarError } from '../../chat/error.ts';
import type { LlamaLibrary } from './library.ts';
import { enums } from './structs.ts';

// Formats that need no importance matrix and that a GGUF may be written in, by the names that people use.
const formats: Readonly<Record<string, number>> = {
  F32: enums.llama_ftype.LLAMA_FTYPE_ALL_F32,
  F16: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_F16,
  BF16: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_BF16,
  Q8_0: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q8_0,
  Q6_K: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q6_K,
  Q5_K_M: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q5_K_M,
  Q5_K_S: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q5_K_S,
  Q5_1: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q5_1,
  Q5_0: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q5_0,
  Q4_K_M: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q4_K_M,
  Q4_K_S: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q4_K_S,
  Q4_1: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q4_1,
  Q4_0: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q4_0,
  IQ4_NL: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_IQ4_NL,
  IQ4_XS: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_IQ4_XS,
  Q3_K_L: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q3_K_L,
  Q3_K_M: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q3_K_M,
  Q3_K_S: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q3_K_S,
  Q2_K: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q2_K,
};

/** Names that `quantizeFile` takes, from the most exact to the smallest. */
export const quantizeFormats: readonly string[] = Object.keys(formats);

export interface QuantizeRequest {
  /** A GGUF, or the first part of a split one. */
  readonly input: string;
  /** Appears only when it is complete; replaced if it exists. */
  readonly output: string;
  /** One of `quantizeFormats`. */
  readonly format: string;
  /** @default one per core */
  readonly threadCount?: number;
}

/** Where the output grows until it is complete. */
export function partialPath(output: string): string {
  return `${output}.partial`;
}

/**
 * Writes a model in another weight format, also from one that is quantized already. Blocks this thread for as long as
 * it takes, and a damaged file can abort the process: call it in one of its own (`quantizeFile`).
 * @throws NearfarError `invalid_request` for an unknown format or a file that libllama cannot convert
 */
export function quantizeHere(library: LlamaLibrary, request: QuantizeRequest): void {
  const { input, output, format } = request;
  const type = formats[format];
  if (type === undefined) {
    throw new NearfarError(
      'invalid_request',
      `Unknown weight format ${format}; expected one of ${quantizeFormats.join(', ')}.`,
      { field: 'format' },
    );
  }
  const partial = partialPath(output);
  const { bindings } = library;
  try {
    const code = bindings.quantize(input, partial, {
      ...bindings.quantizeDefaults(),
      ftype: type,
      nthread: request.threadCount ?? 0,
      allow_requantize: true,
    });
    if (code !== 0) {
      throw new NearfarError(
        'invalid_request',
        `${input} cannot be written as ${format}; libllama's log says why.`,
        { field: 'format' },
      );
    }
    renameSync(partial, output);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
