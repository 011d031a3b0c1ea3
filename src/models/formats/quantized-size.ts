import { NearfarError } from '../../chat/error.ts';
import type { GgufHeader, GgufTensor } from '../gguf.ts';
import { tensorFormat } from '../tensor-format.ts';

/** A metadata pair that is written in addition, or in place of the source's. */
export interface AddedPair {
  readonly key: string;
  /** Whole numbers are written as u32. */
  readonly value: number | string;
}

export interface QuantizedSize {
  /** Of the whole file, to the byte. */
  readonly fileBytes: number;
  /** Of all tensors, without what lies between them. */
  readonly tensorBytes: number;
  readonly parameterCount: number;
  readonly bitsPerWeight: number;
}

/** GGUF_DEFAULT_ALIGNMENT, which llama_model_quantize pads each tensor to whatever the file's own alignment. */
const tensorAlignment = 32;
const droppedKeys: readonly string[] = ['split.no', 'split.count', 'split.tensors.count'];
/** What llama_model_quantize writes itself. */
const ownKeys: readonly string[] = ['general.quantization_version', 'general.file_type'];

/**
 * The size of the file that llama_model_quantize will write. Pure.
 * @param parts headers of the source's files, in order: one, or those of a split model
 * @param typeOf the ggml type that a tensor will have
 * @param added pairs that are overridden, see `kv_overrides`
 */
export function quantizedSize(
  parts: readonly GgufHeader[],
  typeOf: (tensor: GgufTensor) => number,
  added: readonly AddedPair[] = [],
): QuantizedSize {
  const pairs = new Map(parts[0]?.pairBytes ?? []);
  for (const key of droppedKeys) pairs.delete(key);
  for (const key of ownKeys) pairs.set(key, pairBytes({ key, value: 0 }));
  for (const pair of added) pairs.set(pair.key, pairBytes(pair));
  let headerBytes = 24;
  for (const bytes of pairs.values()) headerBytes += bytes;
  let tensorBytes = 0;
  let paddedBytes = 0;
  let parameterCount = 0;
  for (const tensor of parts.flatMap((part) => part.tensors)) {
    const bytes = bytesAs(tensor, typeOf(tensor));
    headerBytes += 8 + Buffer.byteLength(tensor.name) + 4 + 8 * rankOf(tensor) + 4 + 8;
    tensorBytes += bytes;
    paddedBytes += padded(bytes, tensorAlignment);
    parameterCount += tensor.elementCount;
  }
  const stated = parts[0]?.metadata.get('general.alignment');
  const alignment = typeof stated === 'number' && stated >= 1 ? stated : tensorAlignment;
  return {
    fileBytes: padded(headerBytes, alignment) + paddedBytes,
    tensorBytes,
    parameterCount,
    bitsPerWeight: (8 * tensorBytes) / parameterCount,
  };
}

function padded(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function pairBytes({ key, value }: AddedPair): number {
  return 8 + Buffer.byteLength(key) + 4 + (typeof value === 'number' ? 4 : 8 + Buffer.byteLength(value));
}

/** ggml_n_dims: sizes of 1 at the end do not count. */
function rankOf({ dimensions }: GgufTensor): number {
  return Math.max(1, dimensions.findLastIndex((size) => size > 1) + 1);
}

function bytesAs(tensor: GgufTensor, type: number): number {
  const format = tensorFormat(type);
  if (format === null) {
    throw new NearfarError('unsupported', `The size of ${tensor.name} as ggml type ${type} is not known.`);
  }
  const rowLength = tensor.dimensions[0] ?? 1;
  const rowBytes = Math.ceil(rowLength / format.blockElements) * format.blockBytes;
  return (tensor.elementCount / Math.max(1, rowLength)) * rowBytes;
}
