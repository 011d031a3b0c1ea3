import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

import { NearfarError } from '../chat/error.ts';

/** One member of a ZIP archive (a wheel is one). Sizes in bytes. */
export interface ZipEntry {
  /** Name as stored; may hold folders and anything else: never use it as a path. */
  readonly name: string;
  readonly size: number;
  readonly compressedSize: number;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly headerOffset: number;
}

const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
/** Bound on the central directory: a hostile archive must not fill the memory. */
const mostDirectoryBytes = 64 * 1024 * 1024;

function broken(path: string, what: string): NearfarError {
  return new NearfarError('unavailable', `The archive ${path} is damaged: ${what}.`);
}

async function readAt(file: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  if (bytesRead < length) throw broken(path, 'it ends too early');
  return buffer;
}

function toNumber(value: bigint, path: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(path, 'a size is out of range');
  return Number(value);
}

/** Where the central directory is, with the 64-bit records where the archive has them. */
async function findDirectory(
  file: FileHandle,
  path: string,
): Promise<{ offset: number; size: number; count: number }> {
  const { size: fileSize } = await file.stat();
  const tailLength = Math.min(fileSize, 22 + 65_535);
  const tail = await readAt(file, path, fileSize - tailLength, tailLength);
  let end = -1;
  for (let at = tail.length - 22; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) === endSignature && at + 22 + tail.readUInt16LE(at + 20) <= tail.length) {
      end = at;
      break;
    }
  }
  if (end < 0) throw broken(path, 'it has no directory');
  let count = tail.readUInt16LE(end + 10);
  let size = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  const isZip64 = count === 0xffff || size === 0xffffffff || offset === 0xffffffff;
  if (isZip64 && end >= 20 && tail.readUInt32LE(end - 20) === zip64LocatorSignature) {
    const recordOffset = toNumber(tail.readBigUInt64LE(end - 20 + 8), path);
    const record = await readAt(file, path, recordOffset, 56);
    if (record.readUInt32LE(0) !== zip64EndSignature) throw broken(path, 'its 64-bit directory is missing');
    count = toNumber(record.readBigUInt64LE(32), path);
    size = toNumber(record.readBigUInt64LE(40), path);
    offset = toNumber(record.readBigUInt64LE(48), path);
  }
  if (size > mostDirectoryBytes || offset + size > fileSize)
    throw broken(path, 'its directory is out of range');
  return { offset, size, count };
}

/** Applies the ZIP64 extra field to the 32-bit sizes that are all ones. */
function withZip64(
  extra: Buffer,
  path: string,
  fields: { size: number; compressedSize: number; headerOffset: number },
): typeof fields {
  const result = { ...fields };
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at);
    const length = extra.readUInt16LE(at + 2);
    const end = at + 4 + length;
    if (end > extra.length) break;
    if (id === 1) {
      let next = at + 4;
      for (const key of ['size', 'compressedSize', 'headerOffset'] as const) {
        if (fields[key] !== 0xffffffff) continue;
        if (next + 8 > end) throw broken(path, 'a 64-bit size is missing');
        result[key] = toNumber(extra.readBigUInt64LE(next), path);
        next += 8;
      }
    }
    at = end;
  }
  return result;
}

/**
 * Lists a ZIP archive's members.
 * @throws NearfarError `unavailable` where the archive is damaged, encrypted or uses an unknown compression.
 */
export async function listZip(path: string): Promise<readonly ZipEntry[]> {
  const file = await open(path, 'r');
  try {
    const { offset, size, count } = await findDirectory(file, path);
    const directory = await readAt(file, path, offset, size);
    const entries: ZipEntry[] = [];
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      if (at + 46 > size || directory.readUInt32LE(at) !== centralSignature) {
        throw broken(path, 'its directory is cut short');
      }
      const flags = directory.readUInt16LE(at + 8);
      const method = directory.readUInt16LE(at + 10);
      const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
      const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
      if (extraEnd > size) throw broken(path, 'its directory is cut short');
      const name = directory.toString('utf8', at + 46, nameEnd);
      const sizes = withZip64(directory.subarray(nameEnd, extraEnd), path, {
        size: directory.readUInt32LE(at + 24),
        compressedSize: directory.readUInt32LE(at + 20),
        headerOffset: directory.readUInt32LE(at + 42),
      });
      if ((flags & 1) !== 0) throw broken(path, `${name} is encrypted`);
      if (method !== 0 && method !== 8) throw broken(path, `${name} uses compression method ${method}`);
      entries.push({
        name,
        ...sizes,
        method: method === 0 ? 'stored' : 'deflated',
        crc32: directory.readUInt32LE(at + 16),
      });
      at = extraEnd + directory.readUInt16LE(at + 32);
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** Passes bytes on, counting and checking them; stops a member that grows beyond its stated size. */
class CheckedBytes extends Transform {
  readonly #entry: ZipEntry;
  readonly #path: string;
  readonly #onBytes: (total: number) => void;
  #crc = 0;
  #total = 0;

  constructor(entry: ZipEntry, path: string, onBytes: (total: number) => void) {
    super();
    this.#entry = entry;
    this.#path = path;
    this.#onBytes = onBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#total += chunk.length;
    if (this.#total > this.#entry.size) {
      done(broken(this.#path, `${this.#entry.name} is longer than stated`));
      return;
    }
    this.#crc = crc32(chunk, this.#crc);
    this.#onBytes(this.#total);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const isWhole = this.#total === this.#entry.size && this.#crc === this.#entry.crc32;
    done(isWhole ? null : broken(this.#path, `${this.#entry.name} does not match its checksum`));
  }
}

/**
 * Unpacks one member to `destination` (created or overwritten), checked against its size and CRC-32.
 * @throws NearfarError `unavailable` where the member is damaged.
 */
export async function extractZipEntry(
  path: string,
  entry: ZipEntry,
  destination: string,
  options: {
    readonly onBytes?: (total: number) => void;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<void> {
  const file = await open(path, 'r');
  let dataOffset: number;
  try {
    const header = await readAt(file, path, entry.headerOffset, 30);
    if (header.readUInt32LE(0) !== localSignature)
      throw broken(path, `${entry.name} is not where it should be`);
    dataOffset = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await file.close();
  }
  try {
    const checked = new CheckedBytes(entry, path, options.onBytes ?? (() => undefined));
    const sink = createWriteStream(destination, { flush: true });
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const source =
      entry.compressedSize === 0
        ? Readable.from([])
        : createReadStream(path, {
            start: dataOffset,
            end: dataOffset + entry.compressedSize - 1,
            highWaterMark: 1024 * 1024,
          });
    if (entry.method === 'stored') await pipeline(source, checked, sink, signal);
    else await pipeline(source, createInflateRaw({ chunkSize: 256 * 1024 }), checked, sink, signal);
  } catch (error) {
    if (error instanceof NearfarError || options.signal?.aborted === true) throw error;
    throw new NearfarError('unavailable', `The archive ${path} could not be unpacked: ${entry.name}.`, {
      cause: error,
    });
  }
}
