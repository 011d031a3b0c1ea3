import { allocate } from './bindings.ts';
import type { NativeMemory, Pointer } from './bindings.ts';

/** Native memory that belongs to one call of llama_model_quantize. */
export interface QuantizeMemory {
  readonly pointer: Pointer;
  readonly free: () => void;
}

/** A metadata pair to be written; whole numbers become u32. */
export interface MetadataOverride {
  readonly key: string;
  readonly value: number | string;
}

function ownedBy(memory: NativeMemory): QuantizeMemory {
  return {
    pointer: memory.address,
    free: () => {
      memory.free();
    },
  };
}

const pointerBytes = 8;
// struct llama_model_kv_override: an int32 tag, char key[128], then at the next multiple of 8 a union of 128 bytes.
const override = { key: 4, value: 136, bytes: 264, longestText: 127, tagInt: 0, tagText: 3 } as const;

/**
 * `kv_overrides`, ended by an empty key.
 * @throws RangeError for a key or text longer than 127 bytes
 */
export function overrideMemory(pairs: readonly MetadataOverride[]): QuantizeMemory {
  const memory = allocate((pairs.length + 1) * override.bytes);
  const bytes = Buffer.from(memory.buffer);
  bytes.fill(0);
  pairs.forEach(({ key, value }, index) => {
    const at = index * override.bytes;
    for (const text of [key, String(value)]) {
      if (Buffer.byteLength(text) > override.longestText) {
        throw new RangeError(`${key} is longer than ${override.longestText} bytes.`);
      }
    }
    bytes.writeInt32LE(typeof value === 'number' ? override.tagInt : override.tagText, at);
    bytes.write(key, at + override.key);
    if (typeof value === 'number') bytes.writeBigInt64LE(BigInt(value), at + override.value);
    else bytes.write(value, at + override.value);
  });
  return ownedBy(memory);
}

/** `tt_overrides`: tensors whose name matches the pattern (ECMAScript's, by std::regex) get the type. */
export function typeMemory(
  patterns: readonly { readonly pattern: string; readonly type: number }[],
): QuantizeMemory {
  const entryBytes = 2 * pointerBytes;
  const tableBytes = (patterns.length + 1) * entryBytes;
  const textBytes = patterns.reduce((sum, { pattern }) => sum + Buffer.byteLength(pattern) + 1, 0);
  const memory = allocate(tableBytes + textBytes);
  const bytes = Buffer.from(memory.buffer);
  bytes.fill(0);
  let textAt = tableBytes;
  patterns.forEach(({ pattern, type }, index) => {
    bytes.writeBigUInt64LE(memory.address + BigInt(textAt), index * entryBytes);
    bytes.writeInt32LE(type, index * entryBytes + pointerBytes);
    textAt += bytes.write(pattern, textAt) + 1;
  });
  return ownedBy(memory);
}

/** `imatrix`: importances by tensor name. */
export function importanceMemory(importances: ReadonlyMap<string, Float32Array>): QuantizeMemory {
  // struct llama_model_imatrix_data: name, data, size.
  const entryBytes = 3 * pointerBytes;
  const tableBytes = (importances.size + 1) * entryBytes;
  let dataBytes = 0;
  let textBytes = 0;
  for (const [name, values] of importances) {
    dataBytes += values.byteLength;
    textBytes += Buffer.byteLength(name) + 1;
  }
  const memory = allocate(tableBytes + dataBytes + textBytes);
  const bytes = Buffer.from(memory.buffer);
  bytes.fill(0, 0, tableBytes);
  bytes.fill(0, tableBytes + dataBytes);
  let entryAt = 0;
  let dataAt = tableBytes;
  let textAt = tableBytes + dataBytes;
  for (const [name, values] of importances) {
    bytes.writeBigUInt64LE(memory.address + BigInt(textAt), entryAt);
    bytes.writeBigUInt64LE(memory.address + BigInt(dataAt), entryAt + pointerBytes);
    bytes.writeBigUInt64LE(BigInt(values.length), entryAt + 2 * pointerBytes);
    new Float32Array(memory.buffer, dataAt, values.length).set(values);
    entryAt += entryBytes;
    dataAt += values.byteLength;
    textAt += bytes.write(name, textAt) + 1;
  }
  return ownedBy(memory);
}
