/** Writes GGUF files of tensors in F32: importance matrices, and models that tests make up or convert. */

export type Metadata =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'f32s' | 'i32s'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface Tensor {
  readonly name: string;
  /** Fastest-moving first, as ggml counts. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

// GGUF version 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const alignment = 32;
const typeIds = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

/** A whole GGUF file, every tensor in F32. */
export function encodeGguf(metadata: ReadonlyMap<string, Metadata>, tensors: readonly Tensor[]): Buffer {
  const parts: Buffer[] = [];
  const u32 = (value: number): void => {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    parts.push(part);
  };
  const u64 = (value: number): void => {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    parts.push(part);
  };
  const string = (value: string): void => {
    u64(Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  const floats = (values: ArrayLike<number>): void => {
    parts.push(Buffer.from(Float32Array.from(values).buffer));
  };
  const writeList = (type: number, length: number): void => {
    u32(type);
    u64(length);
  };
  const writeEntry = (entry: Metadata): void => {
    switch (entry.type) {
      case 'u32':
        u32(typeIds.u32);
        u32(entry.value);
        break;
      case 'bool':
        u32(typeIds.bool);
        parts.push(Buffer.of(entry.value ? 1 : 0));
        break;
      case 'f32':
        u32(typeIds.f32);
        floats([entry.value]);
        break;
      case 'string':
        u32(typeIds.string);
        string(entry.value);
        break;
      case 'strings':
        u32(typeIds.array);
        writeList(typeIds.string, entry.value.length);
        entry.value.forEach(string);
        break;
      case 'f32s':
        u32(typeIds.array);
        writeList(typeIds.f32, entry.value.length);
        floats(entry.value);
        break;
      case 'i32s':
        u32(typeIds.array);
        writeList(typeIds.i32, entry.value.length);
        parts.push(Buffer.from(Int32Array.from(entry.value).buffer));
    }
  };

  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(metadata.size);
  for (const [key, entry] of metadata) {
    string(key);
    writeEntry(entry);
  }
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    string(name);
    u32(shape.length);
    shape.forEach(u64);
    u32(0);
    u64(offset);
    offset += padded(4 * values.length);
  }
  const header = Buffer.concat(parts);
  const data = tensors.map(({ values }) =>
    pad(Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  );
  return Buffer.concat([pad(header), ...data]);
}

function padded(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function pad(part: Buffer): Buffer {
  return Buffer.concat([part, Buffer.alloc(padded(part.length) - part.length)]);
}
