import { NearfarError } from '../../chat/error.ts';
import type { DecodeOutcome, Decoder } from '../decoder.ts';
import { createBatch } from './batch.ts';
import type { NativeBatch } from './batch.ts';
import { viewFloats } from './bindings.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { checkOptions, checkThreads, contextParams } from './context-options.ts';
import type { ContextOptions } from './context-options.ts';
import type { LlamaModel } from './model.ts';
import { createSequenceRanges } from './sequence-ranges.ts';
import type { SequenceRanges } from './sequence-ranges.ts';

/** A KV pool over a model, and the only way to run it. Not reentrant: one caller. */
export interface LlamaContext extends Decoder {
  /** Threads from the next `decode` on. */
  setThreads(count: number): void;
  /** One past the last position that a sequence holds; 0 = empty. */
  sequenceEnd(sequence: number): number;
  close(): void;
}

// Rows come back at a few addresses; were the native buffer moved often, stale views would pile up.
const logitsViewLimit = 1024;

/**
 * @throws RangeError for options outside what llama.h takes
 * @throws NearfarError `unavailable` where memory does not suffice
 */
export function createContext(model: LlamaModel, options: ContextOptions): LlamaContext {
  checkOptions(options);
  const { bindings } = model.library;
  const pointer = bindings.createContext(model.pointer, contextParams(model, options));
  if (pointer === null) {
    throw new NearfarError(
      'unavailable',
      `A context of ${options.cellCount} tokens does not fit this machine's memory, or this model cannot have one ` +
        `(KV cache ${options.kvType ?? 'f16'}). A smaller context needs less.`,
      { field: 'contextTokenCount' },
    );
  }
  const memory = bindings.contextMemory(pointer);
  if (memory === null) {
    bindings.freeContext(pointer);
    throw new NearfarError(
      'unsupported',
      'This model keeps no memory of what it read; it cannot generate text.',
    );
  }
  return contextOver(model, options, pointer, memory);
}

function contextOver(
  model: LlamaModel,
  options: ContextOptions,
  pointer: Pointer,
  memory: Pointer,
): LlamaContext {
  const { bindings } = model.library;
  const { sequenceCount, outputCount } = options;
  const batchTokenCount = Math.min(options.batchTokenCount, bindings.contextBatchCount(pointer));
  const batch = createBatch(batchTokenCount);
  const { tokens, positions, sequences, outputs, struct } = batch;
  const ranges = createSequenceRanges(sequenceCount);
  const logitsAt = createLogits(bindings, pointer, model.vocabulary.tokenCount);
  const vocabTokenCount = model.vocabulary.tokenCount;
  const isWhole = model.isRecurrent || model.isHybrid;
  let rowCount = 0;
  let outputRowCount = 0;
  let isDecoded = false;
  let isOpen = true;

  const clearBatch = (): void => {
    ranges.rollback();
    rowCount = 0;
    outputRowCount = 0;
    isDecoded = false;
  };
  const requireWhole = (sequence: number, from: number, to: number): void => {
    if (!isWhole || (from <= ranges.start(sequence) && (to < 0 || to >= ranges.end(sequence)))) return;
    throw new RangeError(
      `This model's memory takes whole sequences only, not [${from}, ${to}) of ${sequence}.`,
    );
  };

  return {
    cellCount: bindings.contextCellCount(pointer),
    batchTokenCount,
    sequenceCount,
    vocabTokenCount,
    prefixGranularity: isWhole ? 'sequence' : 'token',

    clearBatch,
    addToken: (token, position, sequence, wantsLogits) => {
      if (isDecoded) throw new RangeError('The batch was decoded; clear it before adding to it.');
      if (rowCount >= batchTokenCount)
        throw new RangeError(`A batch takes at most ${batchTokenCount} tokens.`);
      if (!Number.isInteger(token) || token < 0 || token >= vocabTokenCount) {
        throw new RangeError(`Token ${token} is not in this vocabulary of ${vocabTokenCount}.`);
      }
      if (wantsLogits && outputRowCount >= outputCount) {
        throw new RangeError(`A batch has logits for at most ${outputCount} rows.`);
      }
      ranges.append(sequence, position);
      const row = rowCount++;
      tokens[row] = token;
      positions[row] = position;
      sequences[row] = sequence;
      outputs[row] = wantsLogits ? 1 : 0;
      if (wantsLogits) outputRowCount++;
      return row;
    },
    decode: () => {
      if (rowCount === 0) throw new RangeError('The batch is empty.');
      if (isDecoded) throw new RangeError('The batch was decoded already; clear it first.');
      struct.n_tokens = rowCount;
      const outcome = outcomeOf(bindings.decode(pointer, struct));
      isDecoded = outcome === 'ok';
      if (outcome === 'ok') ranges.commit();
      else ranges.rollback();
      if (outcome === 'failed') reread(bindings, memory, batch, rowCount, ranges);
      return outcome;
    },
    logits: (row) => {
      if (!isDecoded || !(row >= 0 && row < rowCount) || outputs[row] !== 1) {
        throw new RangeError(`Row ${row} has no logits: not decoded, or not asked for.`);
      }
      return logitsAt(row);
    },

    copySequence: (source, destination, from, to) => {
      requireWhole(source, from, to);
      if (isWhole && !ranges.isEmpty(destination)) {
        throw new RangeError(
          `Sequence ${destination} is not empty, and this model's memory cannot join sequences.`,
        );
      }
      const range = ranges.copy(source, destination, from, to);
      if (range !== null) bindings.memoryCopy(memory, source, destination, range.from, range.to);
    },
    removeSequence: (sequence, from, to) => {
      const [start, end] = [ranges.start(sequence), ranges.end(sequence)];
      const range = ranges.remove(sequence, from, to);
      if (range === null) return true;
      // Whole sequences are named as such: recurrent memory refuses a part, however it is put.
      const isAll = range.from === start && range.to === end;
      const isRemoved = bindings.memoryRemove(
        memory,
        sequence,
        isAll ? -1 : range.from,
        isAll ? -1 : range.to,
      );
      if (!isRemoved) ranges.set(sequence, start, end);
      return isRemoved;
    },
    saveSequence: (sequence) => {
      const end = ranges.end(sequence);
      const size = bindings.stateSize(pointer, sequence);
      const data = new Uint8Array(headerBytes + size);
      const header = new DataView(data.buffer);
      header.setInt32(0, ranges.start(sequence), true);
      header.setInt32(4, end, true);
      const written = bindings.stateGet(pointer, data.subarray(headerBytes), size, sequence);
      if (written !== size)
        throw new NearfarError('internal', `Saving sequence ${sequence} gave ${written} of ${size} bytes.`);
      return data;
    },
    restoreSequence: (sequence, data) => {
      if (!ranges.isEmpty(sequence)) throw new RangeError(`Sequence ${sequence} is not empty.`);
      if (data.length <= headerBytes) throw new RangeError('This is not a saved sequence.');
      const header = new DataView(data.buffer, data.byteOffset, headerBytes);
      const state = data.subarray(headerBytes);
      if (bindings.stateSet(pointer, state, state.length, sequence) === 0) return false;
      ranges.set(sequence, header.getInt32(0, true), header.getInt32(4, true));
      return true;
    },
    clearCells: () => {
      clearBatch();
      bindings.memoryClear(memory, false);
      ranges.clear();
    },

    sequenceEnd: (sequence) => ranges.end(sequence),
    setThreads: (count) => {
      checkThreads(count);
      bindings.setThreads(pointer, count, count);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      bindings.freeContext(pointer);
      batch.free();
    },
  };
}

// A saved sequence: its range as two little-endian int32, then what llama.cpp wrote.
const headerBytes = 8;

function outcomeOf(code: number): DecodeOutcome {
  if (code === 0) return 'ok';
  return code === 1 ? 'no_cells' : 'failed';
}

// After a failure some slices of the batch may have been kept.
function reread(
  bindings: Bindings,
  memory: Pointer,
  batch: NativeBatch,
  rowCount: number,
  ranges: SequenceRanges,
): void {
  for (const sequence of new Set(batch.sequences.subarray(0, rowCount))) {
    const start = Math.max(0, bindings.memoryFirst(memory, sequence));
    ranges.set(sequence, start, bindings.memoryLast(memory, sequence) + 1);
  }
}

/** Views of rows, kept by address: the native buffer stays where it is from step to step. */
function createLogits(
  bindings: Bindings,
  pointer: Pointer,
  vocabTokenCount: number,
): (row: number) => Float32Array {
  const views = new Map<number, Float32Array>();
  return (row) => {
    const address = bindings.logits(pointer, row);
    if (address === 0) throw new NearfarError('internal', `libllama has no logits for row ${row}.`);
    const known = views.get(address);
    if (known !== undefined) return known;
    if (views.size >= logitsViewLimit) views.clear();
    const view = viewFloats(address, vocabTokenCount);
    views.set(address, view);
    return view;
  };
}
