import { open } from 'node:fs/promises';

import { NearfarError } from '../chat/error.ts';
import { tensorFormat } from './tensor-format.ts';

/** A value of GGUF's metadata. 64-bit integers beyond 2^53 are bigint; long arrays keep only their length. */
export type GgufValue = number | bigint | boolean | string | GgufArray;

export interface GgufArray {
  readonly length: number;
  /** `null` where the array is longer than `mostKeptElements`, as vocabularies are, and not all was asked for. */
  readonly values: readonly GgufValue[] | null;
}

export interface GgufTensor {
  readonly name: string;
  /** Elements along each dimension, fastest first. */
  readonly dimensions: readonly number[];
  /** ggml type number. */
  readonly type: number;
  readonly elementCount: number;
  /** `null` where the type is unknown here. */
  readonly bytes: number | null;
  /** From the start of the data section. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** Bytes that each pair of the metadata takes in the file. */
  readonly pairBytes: ReadonlyMap<string, number>;
  /** Where the tensors' data starts in the file, bytes. */
  readonly dataOffset: number;
  /** Bytes that a whole file has at least: the end of its last tensor. */
  readonly expectedFileBytes: number;
}

/** Thrown inside the parser when the given bytes end before the header does. */
class NeedsMoreBytes extends Error {}
/** Thrown inside the parser when no further bytes could make the header valid. */
class Malformed extends Error {}

/** Most bytes of header that are ever read; the largest vocabularies take about 20 MB. */
export const mostHeaderBytes = 192 * 1024 * 1024;
const mostKeptElements = 1024;
const mostPairs = 65_536;
const mostTensors = 1_048_576;
const mostNesting = 4;
/** Metadata keys are at most 65,535 bytes and tensor names 64 by the specification; llama.cpp is laxer on names. */
const mostNameBytes = 65_535;

const valueSizes: readonly (number | null)[] = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8];
const typeString = 8;
const typeArray = 9;

class Cursor {
  readonly #view: DataView;
  readonly #bytes: Buffer;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(count: number): number {
    const at = this.offset;
    if (at + count > mostHeaderBytes) throw new Malformed('its header is longer than 192 MiB');
    if (at + count > this.#view.byteLength) throw new NeedsMoreBytes();
    this.offset = at + count;
    return at;
  }

  u32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  u64(): number {
    const value = this.#view.getBigUint64(this.take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(`a count or length in it is ${value}`);
    return Number(value);
  }

  /** A count of things that take at least `leastBytes` each: more than the header can hold is hostile. */
  count(leastBytes: number, what: string): number {
    const count = this.u64();
    if (count * leastBytes > mostHeaderBytes) throw new Malformed(`it claims ${count} ${what}`);
    return count;
  }

  string(most = mostHeaderBytes): string {
    const length = this.u64();
    if (length > most) throw new Malformed('a string is too long');
    const at = this.take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  skipString(): void {
    const length = this.u64();
    if (length > mostHeaderBytes) throw new Malformed('a string is too long');
    this.take(length);
  }

  scalar(type: number): number | bigint | boolean {
    const view = this.#view;
    switch (type) {
      case 0:
        return view.getUint8(this.take(1));
      case 1:
        return view.getInt8(this.take(1));
      case 2:
        return view.getUint16(this.take(2), true);
      case 3:
        return view.getInt16(this.take(2), true);
      case 4:
        return view.getUint32(this.take(4), true);
      case 5:
        return view.getInt32(this.take(4), true);
      case 6:
        return view.getFloat32(this.take(4), true);
      case 7:
        return view.getUint8(this.take(1)) !== 0;
      case 10:
        return narrow(view.getBigUint64(this.take(8), true));
      case 11:
        return narrow(view.getBigInt64(this.take(8), true));
      case 12:
        return view.getFloat64(this.take(8), true);
      default:
        throw new Malformed(`it has a value of unknown type ${type}`);
    }
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readValue(cursor: Cursor, type: number, depth: number, mostKept: number): GgufValue {
  if (type === typeString) return cursor.string();
  if (type === typeArray) return readArray(cursor, depth + 1, mostKept);
  return cursor.scalar(type);
}

function readArray(cursor: Cursor, depth: number, mostKept: number): GgufArray {
  if (depth > mostNesting) throw new Malformed('its arrays are nested too deeply');
  const type = cursor.u32();
  const size = valueSizes[type];
  if (size === undefined) throw new Malformed(`it has an array of unknown type ${type}`);
  const length = cursor.count(size ?? (type === typeString ? 8 : 12), 'array elements');
  if (length <= mostKept) {
    const values: GgufValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(readValue(cursor, type, depth, mostKept));
    return { length, values };
  }
  if (size !== null) cursor.take(length * size);
  else if (type === typeString) for (let index = 0; index < length; index += 1) cursor.skipString();
  else for (let index = 0; index < length; index += 1) readArray(cursor, depth + 1, mostKept);
  return { length, values: null };
}

function readTensor(cursor: Cursor): GgufTensor {
  const name = cursor.string(mostNameBytes);
  const dimensionCount = cursor.u32();
  if (dimensionCount > 4) throw new Malformed(`its tensor ${name.slice(0, 64)} has too many dimensions`);
  const dimensions: number[] = [];
  let elementCount = 1;
  for (let index = 0; index < dimensionCount; index += 1) {
    const size = cursor.u64();
    dimensions.push(size);
    elementCount *= size;
  }
  const type = cursor.u32();
  const offset = cursor.u64();
  if (!Number.isSafeInteger(elementCount))
    throw new Malformed(`its tensor ${name.slice(0, 64)} is too large`);
  const format = tensorFormat(type);
  const bytes = format === null ? null : Math.ceil(elementCount / format.blockElements) * format.blockBytes;
  return { name, dimensions, type, elementCount, bytes, offset };
}

export interface GgufReadOptions {
  /** Keep arrays of any length: a vocabulary of 262,144 words takes some 50 MB. @default false */
  readonly keepsVocabulary?: boolean;
  /** What an error calls the file. @default "This" */
  readonly name?: string;
}

/**
 * Parses the header of a GGUF file, version 2 or 3, little-endian.
 * @param bytes the first bytes of the file
 * @returns `null` where the header goes on beyond `bytes`
 * @throws NearfarError `invalid_request` where no further byte could make it a valid header
 */
export function parseGguf(bytes: Uint8Array, options: GgufReadOptions = {}): GgufHeader | null {
  const mostKept = options.keepsVocabulary === true ? Infinity : mostKeptElements;
  const cursor = new Cursor(bytes);
  try {
    if (cursor.u32() !== 0x46554747) throw new Malformed('it does not start with GGUF');
    const version = cursor.u32();
    if (version !== 2 && version !== 3) {
      throw new Malformed(`it is version ${version}; versions 2 and 3, little-endian, are read`);
    }
    const tensorCount = cursor.count(24, 'tensors');
    const pairCount = cursor.count(12, 'metadata pairs');
    if (tensorCount > mostTensors) throw new Malformed(`it claims ${tensorCount} tensors`);
    if (pairCount > mostPairs) throw new Malformed(`it claims ${pairCount} metadata pairs`);
    const metadata = new Map<string, GgufValue>();
    const pairBytes = new Map<string, number>();
    for (let index = 0; index < pairCount; index += 1) {
      const from = cursor.offset;
      const key = cursor.string(mostNameBytes);
      metadata.set(key, readValue(cursor, cursor.u32(), 0, mostKept));
      pairBytes.set(key, cursor.offset - from);
    }
    const tensors: GgufTensor[] = [];
    for (let index = 0; index < tensorCount; index += 1) tensors.push(readTensor(cursor));
    const stated = metadata.get('general.alignment');
    const alignment = typeof stated === 'number' && stated >= 1 && stated <= 65_536 ? stated : 32;
    const dataOffset = Math.ceil(cursor.offset / alignment) * alignment;
    let dataEnd = 0;
    for (const tensor of tensors) dataEnd = Math.max(dataEnd, tensor.offset + (tensor.bytes ?? 0));
    return { version, metadata, tensors, pairBytes, dataOffset, expectedFileBytes: dataOffset + dataEnd };
  } catch (error) {
    if (error instanceof NeedsMoreBytes) return null;
    if (error instanceof Malformed) {
      throw new NearfarError(
        'invalid_request',
        `${options.name ?? 'This'} is not a usable GGUF file: ${error.message}.`,
      );
    }
    throw error;
  }
}

/**
 * Reads a GGUF file's header, and no more of the file than that.
 * @throws NearfarError `invalid_request` where it is none, or is cut off
 */
export async function readGguf(path: string, options: GgufReadOptions = {}): Promise<GgufHeader> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // Most headers take 2-8 MB; the parse restarts on a longer read, so lengths grow geometrically.
    for (let length = 4 * 1024 * 1024; ; length *= 4) {
      const wanted = Math.min(length, size, mostHeaderBytes);
      const buffer = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await file.read(buffer, 0, wanted, 0);
      const header = parseGguf(buffer.subarray(0, bytesRead), { name: path, ...options });
      if (header === null) {
        if (wanted < size && wanted < mostHeaderBytes) continue;
        throw new NearfarError(
          'invalid_request',
          `${path} is no whole GGUF file: it ends within its header.`,
        );
      }
      if (header.expectedFileBytes > size) {
        throw new NearfarError(
          'invalid_request',
          `${path} is cut off: it has ${size} bytes and its tensors need ${header.expectedFileBytes}.`,
        );
      }
      return header;
    }
  } finally {
    await file.close();
  }
}
