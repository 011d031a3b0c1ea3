import type { Decoder } from '../decoder.ts';
import type { StepCost } from '../step-cost.ts';

export interface TimedDecoderOptions {
  readonly cellCount: number;
  readonly batchTokenCount: number;
  readonly sequenceCount: number;
  readonly vocabTokenCount: number;
  /** What a step takes. */
  readonly cost: StepCost;
  /** What saving or restoring one sequence takes, milliseconds. */
  readonly moveMs: number;
  /** Advanced by what each call takes. */
  readonly clock: { ms: number };
}

/**
 * Keeps count of who has which cells, and of the time that real steps would take; every token is the same. Quick enough for
 * minutes of a loaded machine, where `createFakeDecoder` is exact about what is in each cell.
 */
export function createTimedDecoder(options: TimedDecoderOptions): Decoder {
  const { cellCount, clock, vocabTokenCount } = options;
  const cellsOf = Array.from({ length: options.sequenceCount }, (): number[] => []);
  const userCounts = new Int32Array(cellCount);
  /** The lowest last, so that cells are taken from below, as llama.cpp does. */
  let free = Array.from({ length: cellCount }, (_, index) => cellCount - 1 - index);
  let batch: { readonly sequence: number }[] = [];
  const logits = new Float32Array(vocabTokenCount).fill(-10);
  logits[5] = 10;

  const cells = (sequence: number): number[] => {
    const own = cellsOf[sequence];
    if (own === undefined) throw new RangeError(`bad sequence id ${sequence}`);
    return own;
  };
  const reachedCellCount = (): number => {
    let highest = -1;
    for (const own of cellsOf) for (const cell of own) highest = Math.max(highest, cell);
    return highest + 1;
  };

  function take(sequence: number, count: number): void {
    for (const cell of free.splice(free.length - count).reverse()) {
      userCounts[cell] = 1;
      cells(sequence).push(cell);
    }
  }

  function release(cell: number): void {
    const left = (userCounts[cell] ?? 0) - 1;
    userCounts[cell] = left;
    if (left === 0) free.push(cell);
  }

  const decoder: Decoder = {
    cellCount,
    batchTokenCount: options.batchTokenCount,
    sequenceCount: options.sequenceCount,
    vocabTokenCount,
    prefixGranularity: 'token',
    clearBatch() {
      batch = [];
    },
    addToken(_token, position, sequence) {
      const queued = batch.filter((entry) => entry.sequence === sequence).length;
      const expected = cells(sequence).length + queued;
      if (position !== expected) throw new RangeError(`position ${position} where ${expected} is next`);
      return batch.push({ sequence }) - 1;
    },
    useAdapter: () => undefined,
    decode() {
      if (batch.length > free.length) return 'no_cells';
      const readPairCount = batch.reduce((sum, { sequence }) => sum + cells(sequence).length, 0);
      const work = { tokenCount: batch.length, readPairCount, cellCount: reachedCellCount() };
      clock.ms += options.cost.predictMs(work);
      free.sort((a, b) => b - a);
      for (const { sequence } of batch) take(sequence, 1);
      return 'ok';
    },
    logits: () => logits.slice(),
    copySequence(source, destination, from, to) {
      for (const cell of cells(source).slice(Math.max(0, from), to < 0 ? undefined : to)) {
        cells(destination).push(cell);
        userCounts[cell] = (userCounts[cell] ?? 0) + 1;
      }
    },
    removeSequence(sequence, from, to) {
      const own = cells(sequence);
      const start = Math.max(0, from);
      own.splice(start, (to < 0 ? own.length : to) - start).forEach(release);
      return true;
    },
    saveSequence(sequence) {
      clock.ms += options.moveMs;
      return new Uint8Array(Int32Array.of(cells(sequence).length).buffer);
    },
    restoreSequence(sequence, data) {
      const [count = 0] = new Int32Array(data.buffer, data.byteOffset, 1);
      if (count > free.length) return false;
      clock.ms += options.moveMs;
      take(sequence, count);
      return true;
    },
    clearCells() {
      cellsOf.forEach((_, sequence) => decoder.removeSequence(sequence, 0, -1));
      free = free.sort((a, b) => b - a);
    },
  };
  return decoder;
}
