import { NearfarError } from '../../chat/error.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { createSavedWriter, readSaved } from './saved-sequence.ts';
import type { SavedWriter } from './saved-sequence.ts';
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
  /** Drops a range and moves what follows up to its beginning. The cells must be this sequence's alone. */
  discard(sequence: number, range: Range): void;
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
/** Of a pool of cells: nobody's, and empty between two calls. */
export const scratchId = 0;

/** How many sequences a context can have: some of the 256 native ids are used up here. */
export function usableSequenceCount(requested: number, swaWindow: number, isWhole: boolean): number {
  if (isWhole) return Math.min(requested, idLimit);
  return Math.min(requested, swaWindow > 0 ? (idLimit - 1) >> 1 : idLimit - 1);
}

export function createSequenceMemory(options: SequenceMemoryOptions): SequenceMemory {
  const { bindings, context, memory, sequenceCount, isWhole } = options;
  const window = isWhole ? 0 : options.swaWindow;
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

  /** Writes a state where `room` says there is space for so many bytes. */
  const readState = (id: number, room: (size: number) => Uint8Array): void => {
    const size = bindings.stateSize(context, id);
    const written = bindings.stateGet(context, room(size), size, id);
    if (written !== size) {
      throw new NearfarError('internal', `Saving a sequence gave ${written} of ${size} bytes.`);
    }
  };

  const readPieces = (sequence: number, range: Range, saved: SavedWriter): void => {
    if (isWhole) {
      readState(idOf(sequence), (size) => saved.room(size));
      return;
    }
    for (const piece of piecesOf(range, window)) {
      bindings.memoryCopy(memory, idOf(sequence), scratchId, piece.from, piece.to);
      try {
        readState(scratchId, (size) => saved.room(size));
      } finally {
        bindings.memoryRemove(memory, scratchId, -1, -1);
      }
    }
  };

  const writePiece = (sequence: number, data: Uint8Array): boolean => {
    const id = isWhole ? idOf(sequence) : scratchId;
    if (bindings.stateSet(context, data, data.length, id) === 0) return false;
    if (isWhole) return true;
    bindings.memoryCopy(memory, scratchId, idOf(sequence), -1, -1);
    // The guard must own the cells before the scratch lets go: a lone owner's cells may be recycled.
    if (window > 0) bindings.memoryCopy(memory, scratchId, guardOf(sequence), -1, -1);
    bindings.memoryRemove(memory, scratchId, -1, -1);
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
    discard: (sequence, { from, to }) => {
      bindings.memoryRemove(memory, idOf(sequence), from, to);
      if (window > 0) {
        bindings.memoryRemove(memory, guardOf(sequence), from, to);
        const end = guardEnds[sequence] ?? 0;
        guardEnds[sequence] = end >= to ? end - (to - from) : Math.min(end, from);
      }
      // A position belongs to the cell, so this moves the guard's as well.
      bindings.memoryAdd(memory, idOf(sequence), to, -1, from - to);
    },
    grown: (sequence, end) => {
      if (window > 0 && end - (guardEnds[sequence] ?? 0) > window >> 1) guard(sequence, end);
    },
    save: (sequence, range) => {
      const saved = createSavedWriter(range);
      readPieces(sequence, range, saved);
      return saved.finish();
    },
    restore: (sequence, data) => {
      const packed = readSaved(data);
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
