import { NearfarError } from '../../chat/error.ts';
import { ggufFacts } from '../gguf-facts.ts';
import type { GgufHeader } from '../gguf.ts';
import { tensorFormat } from '../tensor-format.ts';

/** Written into files that are made of quantized ones, so that a second step cannot pass for the first. */
export const lineageKey = 'nearfar.quantized_from';

/** The formats that keep all that a quantized source still has: F32 to the bit, F16 to its own rounding. */
const keepingFormats: ReadonlySet<string> = new Set(['F32', 'F16']);
const exactTypes: ReadonlySet<string> = new Set(['F64', 'F32', 'F16', 'BF16']);

/**
 * The format in which a model's weights lost precision before: the file's own, or what its metadata says that it was
 * made of. `null` where its matrices are floating-point numbers. Pure.
 */
export function lossOf(header: GgufHeader): string | null {
  const lineage = header.metadata.get(lineageKey);
  if (typeof lineage === 'string' && lineage !== '') return lineage;
  const isLossy = header.tensors.some(({ dimensions, type }) => {
    const name = tensorFormat(type)?.name;
    return dimensions.length >= 2 && (name === undefined || !exactTypes.has(name));
  });
  return isLossy ? (ggufFacts(header).format ?? 'an unknown format') : null;
}

/**
 * Quantizing what was quantized rounds twice, and no flag of llama.cpp's would tell after an F16 in between.
 * @throws NearfarError `invalid_request` where that is not allowed
 */
export function requireExactSource(
  header: GgufHeader,
  options: { readonly name: string; readonly format: string; readonly allowRequantize: boolean },
): void {
  const loss = lossOf(header);
  if (loss === null || options.allowRequantize || keepingFormats.has(options.format)) return;
  throw new NearfarError(
    'invalid_request',
    `${options.name} was quantized before (${loss}): making ${options.format} of it rounds its weights a second time and is ` +
      `worse than ${options.format} of the original. Fetch the F16 or BF16 file, or take it with --allow-requantize (--measure shows the cost).`,
    { field: 'allow-requantize' },
  );
}
