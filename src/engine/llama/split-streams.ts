import type { NativeBatch } from './batch.ts';
import type { Bindings, Pointer } from './bindings.ts';
import type { SequenceMemory } from './sequence-memory.ts';

/**
 * The memory of a context with kv_unified off: a stream of cells for each sequence, so that attention scans nobody
 * else's. It hides a habit of libllama: a batch is computed in one pass only where its streams stand next to each other
 * and its rows in their order; each hole makes one pass more (measured on SmolLM2 with 32 answers: 27 ms a step without
 * holes, 85 ms with one stream in four missing). So before each batch the highest streams move into the holes that ended
 * answers left (a copy of one stream, 2 ms there), who comes stands above them, and rows are put into order.
 */
export interface SplitStreams extends SequenceMemory {
  /** To be called before each decode: rows name our sequences before, and streams after. False: no stream is left. */
  arrange(batch: NativeBatch, rowCount: number): boolean;
  /** Where a row of the arranged batch stands now. */
  rowOf(row: number): number;
  /** To be called after each decode. What was given out for a batch that was not decoded is taken back. */
  settle(isDecoded: boolean): void;
}

export interface SplitStreamsOptions {
  readonly bindings: Bindings;
  readonly memory: Pointer;
  readonly streamCount: number;
  readonly batchTokenCount: number;
}

export function createSplitStreams(options: SplitStreamsOptions): SplitStreams {
  const { bindings, memory, streamCount } = options;
  const streamOf = new Map<number, number>();
  /** The sequence in each stream. */
  const owners: (number | null)[] = Array.from({ length: streamCount }, () => null);
  const rowAt = new Int32Array(options.batchTokenCount);
  let given: number[] = [];

  const lowestFree = (): number => owners.indexOf(null);
  const assign = (sequence: number, stream: number): void => {
    streamOf.set(sequence, stream);
    owners[stream] = sequence;
  };
  const free = (sequence: number): void => {
    const stream = streamOf.get(sequence);
    if (stream === undefined) return;
    streamOf.delete(sequence);
    owners[stream] = null;
  };

  /** The longest pieces first: when a short one ends, those that go on still stand next to each other. */
  function giveStreams(batch: NativeBatch, rowCount: number): boolean {
    const rowCounts = new Map<number, number>();
    for (let row = 0; row < rowCount; row++) {
      const sequence = batch.sequences[row] ?? -1;
      if (!streamOf.has(sequence)) rowCounts.set(sequence, (rowCounts.get(sequence) ?? 0) + 1);
    }
    if (streamOf.size + rowCounts.size > streamCount) return false;
    given = [...rowCounts].sort((one, other) => other[1] - one[1]).map(([sequence]) => sequence);
    for (const sequence of given) assign(sequence, lowestFree());
    return true;
  }

  function closeHoles(): void {
    for (;;) {
      const hole = lowestFree();
      const highest = owners.findLastIndex((owner) => owner !== null);
      const sequence = owners[highest] ?? null;
      if (hole === -1 || hole > highest || sequence === null) return;
      bindings.memoryCopy(memory, highest, hole, -1, -1);
      bindings.memoryRemove(memory, highest, -1, -1);
      free(sequence);
      assign(sequence, hole);
    }
  }

  function sortRows({ tokens, positions, sequences, outputs }: NativeBatch, rowCount: number): void {
    const rows = Array.from({ length: rowCount }, (_, row) => ({
      row,
      token: tokens[row] ?? 0,
      position: positions[row] ?? 0,
      stream: streamOf.get(sequences[row] ?? -1) ?? 0,
      output: outputs[row] ?? 0,
    }));
    rows.sort((a, b) => a.stream - b.stream || a.row - b.row);
    rows.forEach(({ row, token, position, stream, output }, at) => {
      rowAt[row] = at;
      tokens[at] = token;
      positions[at] = position;
      sequences[at] = stream;
      outputs[at] = output;
    });
  }

  const settle = (isDecoded: boolean): void => {
    // After a failure some slices of the batch may have been kept.
    const isEmpty = (sequence: number): boolean =>
      bindings.memoryLast(memory, streamOf.get(sequence) ?? 0) < 0;
    if (!isDecoded) for (const sequence of given) if (isEmpty(sequence)) free(sequence);
    given = [];
  };
  const refuse = (what: string): never => {
    throw new RangeError(`A context with a stream for each sequence cannot ${what}.`);
  };

  return {
    arrange(batch, rowCount) {
      // Before any is given out: who comes stands above all that are there.
      closeHoles();
      if (!giveStreams(batch, rowCount)) return false;
      sortRows(batch, rowCount);
      return true;
    },
    rowOf: (row) => rowAt[row] ?? row,
    settle,
    nativeId: (sequence) => sequence,
    copy: () => refuse('share cells between sequences'),
    remove(sequence, { from, to }, isAll) {
      const stream = streamOf.get(sequence);
      if (stream === undefined) return true;
      if (!bindings.memoryRemove(memory, stream, isAll ? -1 : from, isAll ? -1 : to)) return false;
      if (isAll) free(sequence);
      return true;
    },
    discard: () => refuse('shift positions'),
    grown: () => undefined,
    save: () => refuse('save sequences'),
    restore: () => refuse('restore sequences'),
    clear() {
      bindings.memoryClear(memory, false);
      streamOf.clear();
      owners.fill(null);
      given = [];
    },
    reread(sequence) {
      const stream = streamOf.get(sequence);
      if (stream === undefined) return { from: 0, to: 0 };
      return {
        from: Math.max(0, bindings.memoryFirst(memory, stream)),
        to: bindings.memoryLast(memory, stream) + 1,
      };
    },
  };
}
