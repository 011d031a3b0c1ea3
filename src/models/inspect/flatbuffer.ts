import { Malformed, mostEntries, textAt, type ByteSource } from './byte-source.ts';

/**
 * Reads FlatBuffers without their schema's code: tables by the numbers of their fields
 * (https://flatbuffers.dev/internals). Positions are checked against the file, depth by the callers.
 */
export interface FlatTable {
  /** @returns the field's number, or `fallback` where the table leaves it out */
  u8(field: number, fallback?: number): number;
  i32(field: number, fallback?: number): number;
  u32(field: number, fallback?: number): number;
  u64(field: number): bigint;
  text(field: number): string | null;
  /** Its numbers; `null` where it is left out. @throws Malformed for more than `most` */
  i32s(field: number, most: number): readonly number[] | null;
  /** How many elements a vector has; 0 where it is left out. */
  lengthOf(field: number): number;
  table(field: number): FlatTable | null;
  /** The tables of a vector, one after another. */
  tables(field: number): Generator<FlatTable>;
}

/** Most bytes of a text that is read. */
const mostText = 200;

/** The table that a file begins with. @throws Malformed */
export function rootTable(source: ByteSource): FlatTable {
  return tableAt(source, source.view(0, 4).getUint32(0, true));
}

function tableAt(source: ByteSource, at: number): FlatTable {
  const vtableAt = at - source.view(at, 4).getInt32(0, true);
  const vtableBytes = source.view(vtableAt, 2).getUint16(0, true);
  /** Where a field lies; 0 where it is left out. */
  const place = (field: number): number => {
    const slot = 4 + 2 * field;
    if (slot + 2 > vtableBytes) return 0;
    const offset = source.view(vtableAt + slot, 2).getUint16(0, true);
    return offset === 0 ? 0 : at + offset;
  };
  const target = (field: number): number => {
    const from = place(field);
    if (from === 0) return 0;
    const offset = source.view(from, 4).getUint32(0, true);
    if (offset === 0) throw new Malformed('a table of it points at itself');
    return from + offset;
  };
  const vectorAt = (field: number): { readonly from: number; readonly length: number } | null => {
    const to = target(field);
    if (to === 0) return null;
    const length = source.view(to, 4).getUint32(0, true);
    if (length > source.byteCount) throw new Malformed(`it claims a list of ${length} things`);
    return { from: to + 4, length };
  };
  return {
    u8: (field, fallback = 0) => {
      const from = place(field);
      return from === 0 ? fallback : source.view(from, 1).getUint8(0);
    },
    i32: (field, fallback = 0) => {
      const from = place(field);
      return from === 0 ? fallback : source.view(from, 4).getInt32(0, true);
    },
    u32: (field, fallback = 0) => {
      const from = place(field);
      return from === 0 ? fallback : source.view(from, 4).getUint32(0, true);
    },
    u64: (field) => {
      const from = place(field);
      return from === 0 ? 0n : source.view(from, 8).getBigUint64(0, true);
    },
    text: (field) => {
      const vector = vectorAt(field);
      return vector === null ? null : textAt(source, vector.from, Math.min(mostText, vector.length));
    },
    i32s: (field, most) => {
      const vector = vectorAt(field);
      if (vector === null) return null;
      if (vector.length > most)
        throw new Malformed(`a list of it has ${vector.length} numbers, and at most ${most} make sense`);
      return Array.from({ length: vector.length }, (_, index) =>
        source.view(vector.from + 4 * index, 4).getInt32(0, true),
      );
    },
    lengthOf: (field) => vectorAt(field)?.length ?? 0,
    table: (field) => {
      const to = target(field);
      return to === 0 ? null : tableAt(source, to);
    },
    *tables(field) {
      const vector = vectorAt(field);
      if (vector === null) return;
      if (vector.length > mostEntries) throw new Malformed(`it claims a list of ${vector.length} things`);
      for (let index = 0; index < vector.length; index++) {
        const from = vector.from + 4 * index;
        yield tableAt(source, from + source.view(from, 4).getUint32(0, true));
      }
    },
  };
}
