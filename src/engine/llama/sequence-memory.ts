import { NearfarError } from '../../chat/error.ts';
import type { Bindings, Pointer } from './bindings.ts';
import type { Range } from './sequence-ranges.ts';

/**
 * The native KV memory, by our sequence ids. It hides two habits of libllama:
 *
 * - Saving a sequence writes its cells only if the id is below n_seq_max, and each unit of n_seq_max reserves a row of
 *   logits. So native id 0 is ours: what is saved or restored passes through it, and n_seq_max stays small.
 * - Sliding-window layers recycle a cell that has left the window, unless two sequences own it, and a prefix copied from
 *   recycled cells gives wrong answers without an error. So every sequence of such a model has a guard: a second id that
 *   owns the same cells. Saving drops what has left the window too, so it goes in pieces no longer than the window.
 */
export interface SequenceMemory {
  nativeId(sequence: number): number;
  copy(source: number, destination: number, range: Range): void;
  /** False where recurrent memory cannot remove the part. */
  remove(sequence: number, range: Range, isAll: boolean): boolean;
  /** To be called after each decode, with the sequence's new end. */
  grown(sequence: number, end: number): void;
  save(sequence: number, range: Range): Uint8Array;
  /** What `save` wrote, as private cells of an empty sequence; `null` where it does not fit or match. */
  restore(sequence: number, data: Uint8Array): Range | null;
  clear(): void;
  /** The range that is really there, for after a failed decode. */
  reread(sequence: number): Range;
}

export interface SequenceMemoryOptions {
  readonly bindings: Bindings;
  readonly context: Pointer;
  readonly memory: Pointer;
  readonly sequenceCount: number;
  /** Tokens that sliding-window layers look back; 0 = none. */
  readonly swaWindow: number;
  /** Recurrent or hybrid: no ranges, and every id has a state of its own. */
  readonly isWhole: boolean;
}

const idLimit = 256;

/** How many sequences a context can have: some of the 256 native ids are used up here. */
export function usableSequenceCount(requested: number, swaWindow: number, isWhole: boolean): number {
  if (isWhole) return Math.min(requested, idLimit);
  return Math.min(requested, swaWindow > 0 ? (idLimit - 1) >> 1 : idLimit - 1);
}

export function createSequenceMemory(options: SequenceMemoryOptions): SequenceMemory {
  const { bindings, context, memory, sequenceCount, isWhole } = options;
  const window = isWhole ? 0 : options.swaWindow;
  const scratch = 0;
  const offset = isWhole ? 0 : 1;
  const idOf = (sequence: number): number => sequence + offset;
  const guardOf = (sequence: number): number => idOf(sequence) + sequenceCount;
  /** One past the last position that the sequence's guard owns as well. */
  const guardEnds = new Int32Array(window > 0 ? sequenceCount : 0);

  const guard = (sequence: number, end: number): void => {
    const from = guardEnds[sequence] ?? 0;
    if (from >= end) return;
    bindings.memoryCopy(memory, idOf(sequence), guardOf(sequence), from, end);
    guardEnds[sequence] = end;
  };

  const readState = (id: number): Uint8Array => {
    const size = bindings.stateSize(context, id);
    const data = new Uint8Array(size);
    const written = bindings.stateGet(context, data, size, id);
    if (written !== size) {
      throw new NearfarError('internal', `Saving a sequence gave ${written} of ${size} bytes.`);
    }
    return data;
  };

  const readPieces = (sequence: number, range: Range): Uint8Array[] => {
    if (isWhole) return [readState(idOf(sequence))];
    return piecesOf(range, window).map((piece) => {
      bindings.memoryCopy(memory, idOf(sequence), scratch, piece.from, piece.to);
      const data = readState(scratch);
      bindings.memoryRemove(memory, scratch, -1, -1);
      return data;
    });
  };

  const writePiece = (sequence: number, data: Uint8Array): boolean => {
    const id = isWhole ? idOf(sequence) : scratch;
    if (bindings.stateSet(context, data, data.length, id) === 0) return false;
    if (isWhole) return true;
    bindings.memoryCopy(memory, scratch, idOf(sequence), -1, -1);
    // The guard must own the cells before the scratch lets go: a lone owner's cells may be recycled.
    if (window > 0) bindings.memoryCopy(memory, scratch, guardOf(sequence), -1, -1);
    bindings.memoryRemove(memory, scratch, -1, -1);
    return true;
  };

  const removeAll = (sequence: number): void => {
    bindings.memoryRemove(memory, idOf(sequence), -1, -1);
    if (window > 0) bindings.memoryRemove(memory, guardOf(sequence), -1, -1);
  };

  return {
    nativeId: idOf,
    copy: (source, destination, { from, to }) => {
      bindings.memoryCopy(memory, idOf(source), idOf(destination), isWhole ? -1 : from, isWhole ? -1 : to);
      if (window === 0) return;
      bindings.memoryCopy(memory, idOf(source), guardOf(destination), from, to);
      guardEnds[destination] = to;
    },
    remove: (sequence, { from, to }, isAll) => {
      const [low, high] = isAll ? [-1, -1] : [from, to];
      if (!bindings.memoryRemove(memory, idOf(sequence), low, high)) return false;
      if (window > 0) {
        bindings.memoryRemove(memory, guardOf(sequence), low, high);
        const end = guardEnds[sequence] ?? 0;
        // A cut at the front leaves the guard's end where it is.
        guardEnds[sequence] = isAll ? 0 : to >= end ? Math.min(end, from) : end;
      }
      return true;
    },
    grown: (sequence, end) => {
      if (window > 0 && end - (guardEnds[sequence] ?? 0) > window >> 1) guard(sequence, end);
    },
    save: (sequence, range) => packPieces(range, readPieces(sequence, range)),
    restore: (sequence, data) => {
      const packed = unpackPieces(data);
      for (const piece of packed.pieces) {
        if (writePiece(sequence, piece)) continue;
        removeAll(sequence);
        return null;
      }
      if (window > 0) guardEnds[sequence] = packed.range.to;
      return packed.range;
    },
    clear: () => {
      bindings.memoryClear(memory, false);
      guardEnds.fill(0);
    },
    reread: (sequence) => {
      const id = idOf(sequence);
      return { from: Math.max(0, bindings.memoryFirst(memory, id)), to: bindings.memoryLast(memory, id) + 1 };
    },
  };
}

/** Cuts a range where positions are multiples of the window: no piece is longer than it, or crosses a chunk of it. */
export function piecesOf(range: Range, window: number): Range[] {
  if (window === 0) return range.from < range.to ? [range] : [];
  const pieces: Range[] = [];
  for (let from = range.from; from < range.to;) {
    const to = Math.min(range.to, (Math.floor(from / window) + 1) * window);
    pieces.push({ from, to });
    from = to;
  }
  return pieces;
}

// Layout, little-endian: magic, from, to, number of pieces (4 bytes each), then each piece as its length (8 bytes) and
// its bytes as libllama wrote them.
const magic = 0x3152_464e;
const headerBytes = 16;

function packPieces(range: Range, pieces: readonly Uint8Array[]): Uint8Array {
  const data = new Uint8Array(headerBytes + pieces.reduce((sum, piece) => sum + 8 + piece.length, 0));
  const view = new DataView(data.buffer);
  [magic, range.from, range.to, pieces.length].forEach((value, index) => {
    view.setUint32(4 * index, value, true);
  });
  let at = headerBytes;
  for (const piece of pieces) {
    view.setBigUint64(at, BigInt(piece.length), true);
    data.set(piece, at + 8);
    at += 8 + piece.length;
  }
  return data;
}

function unpackPieces(data: Uint8Array): { range: Range; pieces: Uint8Array[] } {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < headerBytes || view.getUint32(0, true) !== magic) {
    throw new RangeError('These bytes are not a saved sequence.');
  }
  const pieces: Uint8Array[] = [];
  let at = headerBytes;
  for (let count = view.getUint32(12, true); count > 0; count--) {
    const length = at + 8 <= data.length ? Number(view.getBigUint64(at, true)) : Infinity;
    if (at + 8 + length > data.length) throw new RangeError('The saved sequence is cut off.');
    pieces.push(data.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { range: { from: view.getUint32(4, true), to: view.getUint32(8, true) }, pieces };
}
