import type { Range } from './sequence-ranges.ts';

// Layout, little-endian: magic, from, to, number of pieces (4 bytes each), then each piece as its length (8 bytes) and
// its bytes as libllama wrote them.
const magic = 0x3152_464e;
const headerBytes = 16;
const lengthBytes = 8;

/** Puts the pieces of a saved sequence one after the other, without copying them where there is only one. */
export interface SavedWriter {
  /** Space for the next piece, to be filled before the next call. */
  room(size: number): Uint8Array;
  finish(): Uint8Array;
}

export function createSavedWriter(range: Range): SavedWriter {
  const parts: Uint8Array[] = [];
  return {
    room: (size) => {
      const start = parts.length === 0 ? headerBytes : 0;
      // Not zeroed: megabytes that are written over at once.
      const part = Buffer.allocUnsafeSlow(start + lengthBytes + size);
      part.writeBigUInt64LE(BigInt(size), start);
      parts.push(part);
      return part.subarray(start + lengthBytes);
    },
    finish: () => {
      const [only] = parts;
      const data =
        parts.length === 1 && only !== undefined
          ? only
          : Buffer.concat(parts.length > 0 ? parts : [new Uint8Array(headerBytes)]);
      const view = new DataView(data.buffer, data.byteOffset, headerBytes);
      [magic, range.from, range.to, parts.length].forEach((value, index) => {
        view.setUint32(4 * index, value, true);
      });
      return data;
    },
  };
}

/** @throws RangeError for bytes that no writer wrote */
export function readSaved(data: Uint8Array): {
  readonly range: Range;
  readonly pieces: readonly Uint8Array[];
} {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < headerBytes || view.getUint32(0, true) !== magic) {
    throw new RangeError('These bytes are not a saved sequence.');
  }
  const pieces: Uint8Array[] = [];
  let at = headerBytes;
  for (let count = view.getUint32(12, true); count > 0; count--) {
    const length = at + lengthBytes <= data.length ? Number(view.getBigUint64(at, true)) : Infinity;
    if (at + lengthBytes + length > data.length) throw new RangeError('The saved sequence is cut off.');
    pieces.push(data.subarray(at + lengthBytes, at + lengthBytes + length));
    at += lengthBytes + length;
  }
  return { range: { from: view.getUint32(4, true), to: view.getUint32(8, true) }, pieces };
}
