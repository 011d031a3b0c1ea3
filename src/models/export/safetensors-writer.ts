import { open } from 'node:fs/promises';

/** A tensor of a safetensors file, and what its bytes are. */
export interface WrittenTensor {
  readonly name: string;
  readonly type: 'F16' | 'F32' | 'BF16';
  /** Slowest dimension first, as PyTorch has them. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Little-endian, row after row. */
  readonly read: () => Promise<Uint8Array>;
}

/**
 * Writes a safetensors file (huggingface/safetensors, README "Format"): the length of a JSON header in 8 bytes, the header,
 * padded with spaces to 8 bytes, and the tensors one after another.
 * @throws Error where a tensor has other bytes than it said, or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly WrittenTensor[],
  onProgress: (fraction: number) => void,
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const { name, type, shape, bytes } of tensors) {
    header[name] = { dtype: type, shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = await open(path, 'wx');
  try {
    await file.writeFile(Buffer.concat([length, padded]));
    let done = 0;
    for (const tensor of tensors) {
      const data = await tensor.read();
      if (data.byteLength !== tensor.bytes) {
        throw new Error(`${tensor.name} has ${data.byteLength} bytes, not ${tensor.bytes}.`);
      }
      await file.writeFile(data);
      done += data.byteLength;
      onProgress(done / Math.max(1, at));
    }
  } finally {
    await file.close();
  }
}
