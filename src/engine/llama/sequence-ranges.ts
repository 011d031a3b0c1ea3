/**
 * What every sequence holds, as positions [start, end): a copy in JavaScript of what the native memory knows, so that
 * the rules of llama.h are checked without crossing the border. Tokens of the batch under construction are pending
 * until `settle`. Every method that is told something impossible throws RangeError and changes nothing.
 */
export interface SequenceRanges {
  held(sequence: number): Range;
  /** One past the last position; 0 = empty. */
  end(sequence: number): number;
  isEmpty(sequence: number): boolean;
  /** Adds the next position to the batch under construction. */
  append(sequence: number, position: number): void;
  /** Ends the batch: pending positions are held now, or forgotten. Returns the sequences that had any. */
  settle(isDecoded: boolean): readonly number[];
  /**
   * Records that `destination` shares [from, to) of `source`; negative bounds mean its ends. Returns the range that
   * was really there, or `null` where it is empty.
   */
  copy(source: number, destination: number, from: number, to: number): Range | null;
  /** Like `copy`, for a cut; removal must leave one piece. */
  remove(sequence: number, from: number, to: number): Range | null;
  /** Records that [from, to) is gone and that what followed moved up to `from`. */
  discard(sequence: number, from: number, to: number): void;
  set(sequence: number, range: Range): void;
  clear(): void;
}

/** Positions [from, to). */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export function createSequenceRanges(sequenceCount: number): SequenceRanges {
  const starts = new Int32Array(sequenceCount);
  const ends = new Int32Array(sequenceCount);
  const pendingEnds = new Int32Array(sequenceCount);
  let touched: number[] = [];

  const requireSequence = (sequence: number): void => {
    if (!Number.isInteger(sequence) || sequence < 0 || sequence >= sequenceCount) {
      throw new RangeError(`Sequence ${sequence} is not in 0..${sequenceCount - 1}.`);
    }
  };
  const endOf = (sequence: number): number => ends[sequence] ?? 0;
  const startOf = (sequence: number): number => starts[sequence] ?? 0;
  const pendingEndOf = (sequence: number): number => pendingEnds[sequence] ?? 0;
  const assign = (sequence: number, start: number, end: number): void => {
    const isEmpty = start >= end;
    starts[sequence] = isEmpty ? 0 : start;
    ends[sequence] = isEmpty ? 0 : end;
    pendingEnds[sequence] = ends[sequence] ?? 0;
  };
  const requireSettled = (sequence: number): void => {
    requireSequence(sequence);
    if (pendingEndOf(sequence) !== endOf(sequence)) {
      throw new RangeError(
        `Sequence ${sequence} has tokens in the batch under construction; decode or clear it first.`,
      );
    }
  };
  const within = (sequence: number, from: number, to: number): Range | null => {
    const low = Math.max(from < 0 ? 0 : from, startOf(sequence));
    const high = Math.min(to < 0 ? endOf(sequence) : to, endOf(sequence));
    return low < high ? { from: low, to: high } : null;
  };

  return {
    held: (sequence) => {
      requireSequence(sequence);
      return { from: startOf(sequence), to: endOf(sequence) };
    },
    end: (sequence) => {
      requireSequence(sequence);
      return endOf(sequence);
    },
    isEmpty: (sequence) => {
      requireSequence(sequence);
      return endOf(sequence) === 0;
    },

    append: (sequence, position) => {
      requireSequence(sequence);
      const expected = pendingEndOf(sequence);
      if (position !== expected) {
        throw new RangeError(`Sequence ${sequence} continues at position ${expected}, not ${position}.`);
      }
      if (startOf(sequence) !== 0) {
        throw new RangeError(
          `Sequence ${sequence} starts at position ${startOf(sequence)}: its first tokens are missing.`,
        );
      }
      if (expected === endOf(sequence)) touched.push(sequence);
      pendingEnds[sequence] = expected + 1;
    },
    settle: (isDecoded) => {
      const settled = touched;
      touched = [];
      for (const sequence of settled) {
        if (isDecoded) ends[sequence] = pendingEndOf(sequence);
        else pendingEnds[sequence] = endOf(sequence);
      }
      return settled;
    },

    copy: (source, destination, from, to) => {
      requireSettled(source);
      requireSettled(destination);
      if (source === destination) throw new RangeError(`Sequence ${source} cannot be copied to itself.`);
      const range = within(source, from, to);
      if (range === null) return null;
      const isEmpty = endOf(destination) === 0;
      if (!isEmpty && range.from !== endOf(destination)) {
        throw new RangeError(
          `Sequence ${destination} holds [${startOf(destination)}, ${endOf(destination)}); ` +
            `positions [${range.from}, ${range.to}) do not continue it.`,
        );
      }
      assign(destination, isEmpty ? range.from : startOf(destination), range.to);
      return range;
    },
    remove: (sequence, from, to) => {
      requireSettled(sequence);
      const range = within(sequence, from, to);
      if (range === null) return null;
      if (range.to === endOf(sequence)) assign(sequence, startOf(sequence), range.from);
      else if (range.from === startOf(sequence)) assign(sequence, range.to, endOf(sequence));
      else {
        throw new RangeError(
          `Removing [${range.from}, ${range.to}) would leave a hole in sequence ${sequence}.`,
        );
      }
      return range;
    },
    discard: (sequence, from, to) => {
      requireSettled(sequence);
      const end = endOf(sequence);
      if (startOf(sequence) !== 0 || !(from >= 0 && from < to && to <= end)) {
        throw new RangeError(
          `Sequence ${sequence} holds [${startOf(sequence)}, ${end}); [${from}, ${to}) cannot be discarded.`,
        );
      }
      assign(sequence, 0, end - (to - from));
    },
    set: (sequence, { from, to }) => {
      requireSequence(sequence);
      assign(sequence, from, to);
    },
    clear: () => {
      starts.fill(0);
      ends.fill(0);
      pendingEnds.fill(0);
      touched = [];
    },
  };
}
