import type { DecodeOutcome, Decoder, ShiftingDecoder } from '../decoder.ts';
import { checkWindow, discardsBefore, discardTokenCount, type WindowShape } from './window-layout.ts';

/**
 * A decoder whose sequences never end: it takes positions of the whole stream, and each sequence has a window of cells
 * to itself, which slides. Nothing is shared or copied; what is saved is a whole window, for the sequence that it is of.
 */
export interface SlidingDecoder extends Decoder {
  readonly windowTokenCount: number;
  /** Most tokens that the following batches take; at least 1. */
  limitBatch(tokenCount: number): void;
  /**
   * Begins an empty sequence.
   * @throws RangeError where so many sinks leave no room, or the sequence is in use
   */
  open(sequence: number, keepTokenCount: number): void;
  /** Frees its cells. */
  close(sequence: number): void;
  /** The window as it is, between two batches; the sequence stays open. */
  save(sequence: number): SavedStream;
  /**
   * Begins a sequence that goes on where a saved one was; false where its cells do not fit.
   * @throws RangeError where the sequence is in use
   */
  restore(sequence: number, saved: SavedStream): boolean;
  readonly usedCellCount: number;
  /** Tokens that left a window, over all sequences so far. */
  readonly discardedTokenCount: number;
}

/** A window out of its context, and where its stream is. */
export interface SavedStream {
  readonly data: Uint8Array;
  readonly keepTokenCount: number;
  /** Tokens taken in so far, and those of them that are in the window. */
  readonly end: number;
  readonly heldTokenCount: number;
  readonly discardCount: number;
}

export interface SlidingDecoderOptions {
  readonly decoder: ShiftingDecoder;
  readonly windowTokenCount: number;
  /** Sequences at once; the decoder has a window of cells for each. */
  readonly sequenceCount: number;
}

interface Row {
  readonly token: number;
  readonly position: number;
  readonly sequence: number;
  readonly wantsLogits: boolean;
}

interface Stream extends WindowShape {
  /** Tokens taken in so far. */
  end: number;
  discardCount: number;
  /** With those of the batch under construction. */
  pendingEnd: number;
}

/** @throws RangeError where the decoder cannot shift or has too few cells */
export function createSlidingDecoder(options: SlidingDecoderOptions): SlidingDecoder {
  const { decoder, windowTokenCount, sequenceCount } = options;
  if (!decoder.canShift) throw new RangeError('This decoder cannot shift positions.');
  if (decoder.cellCount < windowTokenCount * sequenceCount || decoder.sequenceCount < sequenceCount) {
    throw new RangeError(`${sequenceCount} windows of ${windowTokenCount} do not fit the decoder.`);
  }
  const streams = new Map<number, Stream>();
  let limit = decoder.batchTokenCount;
  let rows: Row[] = [];
  /** By row of the batch, the native row that has its logits. */
  let logitRows = new Map<number, number>();
  let discardedTokenCount = 0;

  function streamOf(sequence: number): Stream {
    const stream = streams.get(sequence);
    if (stream === undefined) throw new RangeError(`Sequence ${sequence} is not open.`);
    return stream;
  }

  function requireFree(sequence: number): void {
    if (streams.has(sequence) || sequence < 0 || sequence >= sequenceCount) {
      throw new RangeError(`Sequence ${sequence} is not free.`);
    }
  }

  const heldOf = (stream: Stream): number => stream.end - stream.discardCount * discardTokenCount(stream);

  function clearBatch(): void {
    rows = [];
    logitRows = new Map();
    for (const stream of streams.values()) stream.pendingEnd = stream.end;
  }

  function slideTo(sequence: number, stream: Stream, position: number): void {
    const discardCount = discardsBefore(stream, position);
    const tokenCount = discardTokenCount(stream);
    for (; stream.discardCount < discardCount; stream.discardCount++) {
      decoder.discard(sequence, stream.keepTokenCount, stream.keepTokenCount + tokenCount);
      discardedTokenCount += tokenCount;
    }
  }

  /**
   * The batch in turns: a sequence that crosses the end of its window goes on after the slide, in a turn of its own. All
   * end in the last one, whose logits are there to be read.
   */
  function turnsOf(batch: readonly Row[]): readonly (readonly number[])[] {
    const lastOf = new Map<number, number>();
    const countOf = ({ sequence, position }: Row): number => discardsBefore(streamOf(sequence), position);
    for (const row of batch) lastOf.set(row.sequence, countOf(row));
    const turns: number[][] = [];
    batch.forEach((row, index) => {
      const fromEnd = (lastOf.get(row.sequence) ?? 0) - countOf(row);
      if (fromEnd > 0 && row.wantsLogits) throw new RangeError('Only the last turn of a batch has logits.');
      (turns[fromEnd] ??= []).push(index);
    });
    return turns.reverse();
  }

  function decodeTurn(indexes: readonly number[]): DecodeOutcome {
    for (const index of indexes) {
      const row = rows[index];
      if (row !== undefined) slideTo(row.sequence, streamOf(row.sequence), row.position);
    }
    decoder.clearBatch();
    logitRows = new Map();
    for (const index of indexes) {
      const row = rows[index];
      if (row === undefined) continue;
      const stream = streamOf(row.sequence);
      const position = row.position - stream.discardCount * discardTokenCount(stream);
      logitRows.set(index, decoder.addToken(row.token, position, row.sequence, row.wantsLogits));
    }
    const outcome = decoder.decode();
    if (outcome !== 'ok') return outcome;
    for (const index of indexes) {
      const row = rows[index];
      if (row !== undefined) streamOf(row.sequence).end = row.position + 1;
    }
    return outcome;
  }

  const neverShared = (): never => {
    throw new RangeError('The cells of a window are never shared, copied or saved in part.');
  };

  return {
    windowTokenCount,
    cellCount: windowTokenCount * sequenceCount,
    sequenceCount,
    vocabTokenCount: decoder.vocabTokenCount,
    // As with states: nothing of a stream can be taken over by another.
    prefixGranularity: 'sequence',
    get batchTokenCount() {
      return limit;
    },
    limitBatch(tokenCount) {
      limit = Math.max(1, Math.min(tokenCount, decoder.batchTokenCount));
    },

    open(sequence, keepTokenCount) {
      requireFree(sequence);
      const stream = { windowTokenCount, keepTokenCount, end: 0, pendingEnd: 0, discardCount: 0 };
      checkWindow(stream);
      streams.set(sequence, stream);
    },
    close(sequence) {
      streamOf(sequence);
      rows = rows.filter((row) => row.sequence !== sequence);
      decoder.clearBatch();
      decoder.removeSequence(sequence, -1, -1);
      streams.delete(sequence);
    },

    save(sequence) {
      const { keepTokenCount, end, discardCount } = streamOf(sequence);
      const heldTokenCount = heldOf(streamOf(sequence));
      return { data: decoder.saveSequence(sequence), keepTokenCount, end, heldTokenCount, discardCount };
    },
    restore(sequence, { data, keepTokenCount, end, discardCount }) {
      requireFree(sequence);
      if (!decoder.restoreSequence(sequence, data)) return false;
      streams.set(sequence, { windowTokenCount, keepTokenCount, end, pendingEnd: end, discardCount });
      return true;
    },
    clearBatch,
    addToken(token, position, sequence, wantsLogits) {
      const stream = streamOf(sequence);
      if (rows.length >= decoder.batchTokenCount) throw new RangeError('The batch is full.');
      if (position !== stream.pendingEnd) {
        throw new RangeError(`Sequence ${sequence} continues at ${stream.pendingEnd}, not ${position}.`);
      }
      stream.pendingEnd++;
      return rows.push({ token, position, sequence, wantsLogits }) - 1;
    },
    useAdapter: (adapter) => {
      decoder.useAdapter(adapter);
    },
    decode() {
      let isBegun = false;
      for (const turn of turnsOf(rows)) {
        const outcome = decodeTurn(turn);
        // What the turns before have taken in, the caller does not know of.
        if (outcome !== 'ok') return isBegun ? 'failed' : outcome;
        isBegun = true;
      }
      return 'ok';
    },
    logits(row) {
      const native = logitRows.get(row);
      if (native === undefined) throw new RangeError(`Row ${row} has no logits.`);
      return decoder.logits(native);
    },

    copySequence: neverShared,
    saveSequence: neverShared,
    restoreSequence: neverShared,
    removeSequence(sequence, from, to) {
      const stream = streamOf(sequence);
      if (from > 0 || (to >= 0 && to < stream.end)) neverShared();
      decoder.removeSequence(sequence, -1, -1);
      Object.assign(stream, { end: 0, pendingEnd: 0, discardCount: 0 });
      return true;
    },
    clearCells() {
      clearBatch();
      streams.clear();
      decoder.clearCells();
    },
    get usedCellCount() {
      let count = 0;
      for (const stream of streams.values()) count += heldOf(stream);
      return count;
    },
    get discardedTokenCount() {
      return discardedTokenCount;
    },
  };
}
