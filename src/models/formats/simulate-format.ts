import { constants } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import { NearfarError } from '../../chat/error.ts';
import type { GgufTensor } from '../gguf.ts';
import { readGguf } from '../gguf.ts';
import { encodeHalf, halfValues } from './float16.ts';
import { dequantizeE4m3, e4m3BitsPerWeight, quantizeE4m3 } from './fp8-e4m3.ts';
import { dequantizeNf4, nf4BitsPerWeight, quantizeNf4 } from './nf4.ts';
import type { SimulatedFormat } from './quantize-formats.ts';

const roundings: Readonly<
  Record<
    SimulatedFormat,
    { readonly bitsPerWeight: number; readonly round: (weights: Float32Array) => Float32Array }
  >
> = {
  NF4: { bitsPerWeight: nf4BitsPerWeight, round: (weights) => dequantizeNf4(quantizeNf4(weights)) },
  FP8_E4M3: { bitsPerWeight: e4m3BitsPerWeight, round: (weights) => dequantizeE4m3(quantizeE4m3(weights)) },
};

/**
 * Whether engines that have the format keep a tensor in it: the matrices of the blocks. Embeddings, output, norms and
 * routers stay in 16 bits, as Transformers (bitsandbytes) and vLLM leave them. Pure.
 */
export function isRounded({ name, dimensions }: GgufTensor): boolean {
  return (
    /^blk\.\d+\..*\.weight$/.test(name) &&
    !/norm|ffn_gate_inp|ssm_conv1d|shortconv/.test(name) &&
    dimensions.length >= 2 &&
    (dimensions[1] ?? 1) > 1
  );
}

export interface SimulatedSize {
  /** Of the weights as an engine with this format would hold them: rounded tensors in the format, others in 16 bits. */
  readonly tensorBytes: number;
  readonly bitsPerWeight: number;
}

/** What the weights would take. Pure. */
export function simulatedSize(tensors: readonly GgufTensor[], format: SimulatedFormat): SimulatedSize {
  let bits = 0;
  let count = 0;
  for (const tensor of tensors) {
    count += tensor.elementCount;
    bits += tensor.elementCount * (isRounded(tensor) ? roundings[format].bitsPerWeight : 16);
  }
  return { tensorBytes: Math.ceil(bits / 8), bitsPerWeight: bits / Math.max(1, count) };
}

const f16 = 1;

/**
 * Writes a copy of an F16 file whose weights are those that an engine with the format would compute with: quantized and
 * dequantized block by block, then rounded to F16. What it costs in quality can be measured on it, its speed cannot.
 * @throws NearfarError `invalid_request` where a matrix of the input is not F16, `aborted`
 */
export async function simulateFormat(
  input: string,
  output: string,
  format: SimulatedFormat,
  options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<void> {
  const header = await readGguf(input);
  const rounded = header.tensors.filter(isRounded);
  const other = rounded.find(({ type }) => type !== f16);
  if (other !== undefined || rounded.length === 0) {
    throw new NearfarError(
      'invalid_request',
      `${input}: ${other?.name ?? 'no tensor'} is in F16; make an F16 file first.`,
      {
        field: 'model',
      },
    );
  }
  const partial = `${output}.partial`;
  const whole = rounded.reduce((sum, { elementCount }) => sum + elementCount, 0);
  const values = halfValues();
  let done = 0;
  try {
    await copyFile(input, partial, constants.COPYFILE_FICLONE);
    const file = await open(partial, 'r+');
    try {
      for (const tensor of rounded) {
        if (options.signal.aborted) throw new NearfarError('aborted', 'Stopped.');
        const halves = new Uint16Array(tensor.elementCount);
        const at = header.dataOffset + tensor.offset;
        await file.read(halves, 0, halves.byteLength, at);
        const weights = roundings[format].round(Float32Array.from(halves, (bits) => values[bits] ?? 0));
        await file.write(Uint16Array.from(weights, encodeHalf), 0, halves.byteLength, at);
        done += tensor.elementCount;
        options.onProgress(done / whole);
      }
    } finally {
      await file.close();
    }
    await rename(partial, output);
  } finally {
    await rm(partial, { force: true });
  }
}
