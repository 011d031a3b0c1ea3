import type { LoadedAdapter } from '../adapter.ts';
import type { DecodeOutcome, PrefixGranularity, ShiftingDecoder } from '../decoder.ts';

interface Cell {
  position: number;
  /** With the adapter that computed it; see `marked`. */
  readonly token: number;
  readonly sequences: Set<number>;
}

/**
 * A decoder without weights for tests of the step loop: it keeps cells as llama.cpp does, enforces llama.h's rules,
 * and its next token is a hash of every token that the sequence's cells hold, and of the adapter that each was computed
 * with. So a wrong share, a lost cell, a bad restore or another's adapter changes the answer.
 */
export interface FakeDecoder extends ShiftingDecoder {
  /** Cells in use, over all sequences. */
  readonly usedCellCount: number;
  /** Widest batch decoded so far. */
  readonly widestBatch: number;
  /** Widths of all batches so far. */
  readonly batches: readonly number[];
  /** Adapters of all batches so far; 0 = none. */
  readonly batchAdapters: readonly number[];
  /** Makes a handle for an adapter, by the number that stands for its content. */
  loadAdapter(content: number): number;
  /** @throws RangeError where it is not loaded, or is applied */
  unloadAdapter(handle: number): void;
}

export interface FakeDecoderOptions {
  readonly cellCount: number;
  readonly batchTokenCount: number;
  readonly sequenceCount: number;
  readonly vocabTokenCount?: number;
  /**
   * `sequence`: refuses every operation on a part of a sequence, as recurrent memory does. `none`: refuses to share, as
   * a split pool does.
   */
  readonly prefixGranularity?: PrefixGranularity;
  /** Whether the model tends to repeat itself, as `nextToken` says. */
  readonly repetitive?: boolean;
  /** Told the width of each decoded batch, e.g. to advance a clock. */
  readonly onDecode?: (tokenCount: number) => void;
}

export function createFakeDecoder(options: FakeDecoderOptions): FakeDecoder {
  const { cellCount, batchTokenCount, sequenceCount, vocabTokenCount = 64 } = options;
  const prefixGranularity = options.prefixGranularity ?? 'token';
  const repetitive = options.repetitive ?? false;
  let cells = new Set<Cell>();
  let batch: { token: number; position: number; sequence: number; wantsLogits: boolean }[] = [];
  let rows = new Map<number, number>();
  const batches: number[] = [];
  const batchAdapters: number[] = [];
  /** Content by handle. */
  const adapters = new Map<number, number>();
  let handleCount = 0;
  let applied: LoadedAdapter | null = null;

  const check = (id: number) => {
    if (!Number.isInteger(id) || id < 0 || id >= sequenceCount) throw new RangeError(`bad sequence id ${id}`);
  };
  const cellsOf = (id: number) =>
    [...cells].filter((cell) => cell.sequences.has(id)).sort((a, b) => a.position - b.position);
  const inRange = (cell: Cell, from: number, to: number) =>
    cell.position >= Math.max(0, from) && (to < 0 || cell.position < to);

  function requireWhole(id: number, from: number, to: number): void {
    if (prefixGranularity !== 'sequence') return;
    const isWhole = from <= 0 && (to < 0 || to >= cellsOf(id).length);
    if (!isWhole) throw new RangeError(`only whole sequences, not [${from}, ${to}) of ${id}`);
  }

  function tokensOf(id: number): number[] {
    const own = cellsOf(id);
    own.forEach((cell, index) => {
      if (cell.position !== index)
        throw new Error(`sequence ${id} has position ${cell.position} at ${index}`);
    });
    return own.map((cell) => cell.token);
  }

  function contentOf(handle: number): number {
    const content = adapters.get(handle);
    if (content === undefined) throw new RangeError(`adapter ${handle} is not loaded`);
    return content;
  }

  function decode(): DecodeOutcome {
    if (cells.size + batch.length > cellCount) return 'no_cells';
    rows = new Map();
    batches.push(batch.length);
    const content = applied === null ? 0 : contentOf(applied.handle);
    batchAdapters.push(content);
    options.onDecode?.(batch.length);
    for (const { token, position, sequence } of batch) {
      cells.add({ position, token: marked(token, content), sequences: new Set([sequence]) });
    }
    batch.forEach(({ sequence, position, wantsLogits }, row) => {
      if (wantsLogits)
        rows.set(row, nextToken(tokensOf(sequence).slice(0, position + 1), vocabTokenCount, repetitive));
    });
    return 'ok';
  }

  return {
    cellCount,
    batchTokenCount,
    sequenceCount,
    vocabTokenCount,
    prefixGranularity,
    clearBatch: () => {
      batch = [];
    },
    addToken(token, position, sequence, wantsLogits) {
      check(sequence);
      if (batch.length >= batchTokenCount) throw new RangeError('the batch is full');
      const queued = batch.filter((entry) => entry.sequence === sequence).length;
      const expected = cellsOf(sequence).length + queued;
      if (position !== expected) throw new RangeError(`position ${position} where ${expected} is next`);
      return batch.push({ token, position, sequence, wantsLogits }) - 1;
    },
    useAdapter(adapter) {
      if (adapter !== null) contentOf(adapter.handle);
      applied = adapter;
    },
    loadAdapter(content) {
      adapters.set(++handleCount, content);
      return handleCount;
    },
    unloadAdapter(handle) {
      contentOf(handle);
      if (applied?.handle === handle) throw new RangeError(`adapter ${handle} is applied`);
      adapters.delete(handle);
    },
    decode,
    logits(row) {
      const next = rows.get(row);
      if (next === undefined) throw new RangeError(`row ${row} has no logits`);
      const logits = new Float32Array(vocabTokenCount).fill(-10);
      logits[next] = 10;
      return logits;
    },
    copySequence(source, destination, from, to) {
      if (prefixGranularity === 'none') throw new RangeError('a split pool shares nothing');
      check(source);
      check(destination);
      requireWhole(source, from, to);
      for (const cell of cells) {
        if (cell.sequences.has(source) && inRange(cell, from, to)) cell.sequences.add(destination);
      }
    },
    removeSequence(sequence, from, to) {
      check(sequence);
      requireWhole(sequence, from, to);
      for (const cell of cells) {
        if (!cell.sequences.has(sequence) || !inRange(cell, from, to)) continue;
        cell.sequences.delete(sequence);
        if (cell.sequences.size === 0) cells.delete(cell);
      }
      return true;
    },
    canShift: prefixGranularity === 'token',
    discard(sequence, from, to) {
      check(sequence);
      const own = cellsOf(sequence);
      if (own.some((cell) => cell.sequences.size > 1)) throw new Error('a shared cell must not be shifted');
      if (!(from >= 0 && from < to && to <= own.length)) throw new RangeError(`no [${from}, ${to}) here`);
      for (const cell of own) {
        if (cell.position >= to) cell.position -= to - from;
        else if (cell.position >= from) cells.delete(cell);
      }
    },
    saveSequence(sequence) {
      const saved = cellsOf(sequence).flatMap((cell) => [cell.position, cell.token]);
      return new Uint8Array(Int32Array.from(saved).buffer);
    },
    restoreSequence(sequence, data) {
      const saved = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
      if (cells.size + saved.length / 2 > cellCount || cellsOf(sequence).length > 0) return false;
      for (let index = 0; index < saved.length; index += 2) {
        cells.add({
          position: saved[index] ?? 0,
          token: saved[index + 1] ?? 0,
          sequences: new Set([sequence]),
        });
      }
      return true;
    },
    clearCells: () => {
      cells = new Set();
    },
    get usedCellCount() {
      return cells.size;
    },
    get widestBatch() {
      return Math.max(0, ...batches);
    },
    batches,
    batchAdapters,
  };
}

/** A token as the cells of an adapter hold it. */
export function marked(token: number, content: number): number {
  return token + 1000 * content;
}

/**
 * What the fake model says after these tokens; 0 is its end of generation, one in `vocabTokenCount`. A repetitive one
 * lets most tokens depend on the one before only, so that drafts by lookup are often right, and often not.
 */
export function nextToken(tokens: readonly number[], vocabTokenCount = 64, repetitive = false): number {
  const whole = hashOf(tokens);
  const isFree = !repetitive || whole % 5 === 0;
  return ((isFree ? whole : hashOf(tokens.slice(-1))) >>> 7) % vocabTokenCount;
}

function hashOf(tokens: readonly number[]): number {
  let hash = 2166136261;
  for (const token of tokens) hash = Math.imul(hash ^ token, 16777619) >>> 0;
  return hash;
}
