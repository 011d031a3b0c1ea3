import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { NearfarError } from '../../chat/error.ts';

/** A file that is read where it is asked for, in small pieces: headers may lie anywhere in gigabytes of weights. */
export interface ByteSource {
  readonly byteCount: number;
  /** @throws Malformed where the bytes lie outside the file */
  view(at: number, length: number): DataView;
}

/** Thrown by the readers in this folder; `inspectFile` says which file it is about. */
export class Malformed extends Error {}

/** A file may claim any number of things: so many are looked at. */
export const mostEntries = 1_000_000;
/** Most bytes of one piece: the longest header that is read at once. */
export const mostPieceBytes = 100 * 1024 * 1024;
/** Most bytes that are read of a file altogether, over all pieces. */
const mostReadBytes = 1024 * 1024 * 1024;
/** Most looks at a file: lists of lists that all point at one another would never end. */
const mostViews = 50_000_000;
const windowBytes = 64 * 1024;
/** Pieces that stay: lists, tables and what they point at lie in places of their own, and are read in turns. */
const mostWindows = 64;

/** Over bytes in memory: what tests and small files are read through. */
export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return createSource(bytes.byteLength, (at, target) => {
    target.set(bytes.subarray(at, at + target.byteLength));
  });
}

/** Calls `work` with a file and closes it. */
export function withFile<Result>(path: string, work: (source: ByteSource) => Result): Result {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return work(
      createSource(size, (at, target) => {
        let done = 0;
        while (done < target.byteLength) {
          const count = readSync(file, target, done, target.byteLength - done, at + done);
          if (count === 0) throw new Malformed('it ended while it was read');
          done += count;
        }
      }),
    );
  } finally {
    closeSync(file);
  }
}

function createSource(byteCount: number, read: (at: number, target: Uint8Array) => void): ByteSource {
  /** By their number in the file; the one that was read last is the last. */
  const windows = new Map<number, Uint8Array>();
  let readCount = 0;
  let viewCount = 0;
  const load = (at: number, length: number): Uint8Array => {
    readCount += length;
    if (readCount > mostReadBytes) throw new Malformed('its headers are longer than 1 GiB');
    const bytes = new Uint8Array(length);
    read(at, bytes);
    return bytes;
  };
  const windowOf = (index: number): Uint8Array => {
    const at = index * windowBytes;
    const window = windows.get(index) ?? load(at, Math.min(windowBytes, byteCount - at));
    windows.delete(index);
    windows.set(index, window);
    const oldest = windows.keys().next().value;
    if (windows.size > mostWindows && oldest !== undefined) windows.delete(oldest);
    return window;
  };
  return {
    byteCount,
    view: (at, length) => {
      if (++viewCount > mostViews) throw new Malformed('it has too many parts');
      if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length) || at < 0 || length < 0)
        throw new Malformed('a position in it is out of range');
      if (length > mostPieceBytes) throw new Malformed('a piece of its header is longer than 100 MiB');
      if (at + length > byteCount) {
        throw new Malformed(`it is cut off: byte ${at + length} is needed, and it has ${byteCount}`);
      }
      const index = Math.floor(at / windowBytes);
      const within = at - index * windowBytes;
      // What lies in two of them is read by itself.
      if (length === 0 || within + length > windowBytes) return viewOf(load(at, length));
      const window = windowOf(index);
      return new DataView(window.buffer, window.byteOffset + within, length);
    },
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** UTF-8; what is none becomes U+FFFD. */
export function textAt(source: ByteSource, at: number, length: number): string {
  const view = source.view(at, length);
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('utf8');
}

/** A 64-bit count as a number. */
export function countOf(value: bigint, what: string): number {
  const count = Number(value);
  if (count < 0 || !Number.isSafeInteger(count)) throw new Malformed(`${what} is out of range`);
  return count;
}

/** The error that people see. */
export function refusal(path: string, kind: string, thrown: Malformed): NearfarError {
  return new NearfarError('invalid_request', `${path} is no usable ${kind} file: ${thrown.message}.`, {
    field: 'file',
    cause: thrown,
  });
}
