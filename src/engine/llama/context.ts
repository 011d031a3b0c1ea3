import { NearfarError } from '../../chat/error.ts';
import type { LoadedAdapter } from '../adapter.ts';
import type { DecodeOutcome, ShiftingDecoder } from '../decoder.ts';
import type { RowPadding } from '../row-padding.ts';
import { createBatch } from './batch.ts';
import { viewFloats } from './bindings.ts';
import type { Bindings, Pointer } from './bindings.ts';
import {
  canShift,
  checkKvType,
  checkOptions,
  checkStreams,
  checkThreads,
  contextParams,
  takesWholeSequences,
} from './context-options.ts';
import type { ContextOptions } from './context-options.ts';
import type { LlamaModel } from './model.ts';
import { createPaddedDecode } from './padded-decode.ts';
import { createSequenceMemory, scratchId, usableSequenceCount } from './sequence-memory.ts';
import { createSequenceRanges } from './sequence-ranges.ts';
import { createSplitStreams } from './split-streams.ts';
import { createThreadpools } from './threadpool.ts';
import type { Threadpools } from './threadpool.ts';

/** A KV pool over a model, and the only way to run it. Not reentrant: one caller. */
export interface LlamaContext extends ShiftingDecoder {
  /** For a second context that computes in turn with this one: waiting workers of two pools would disturb each other. */
  readonly threadpools: Threadpools;
  /** Threads from the next `decode` on. */
  setThreads(count: number): void;
  /** Rows that every `decode` from now on adds for nothing, where that makes it quicker. Nothing of them is left behind. */
  setPadding(padding: RowPadding): void;
  /** One past the last position that a sequence holds; 0 = empty. */
  sequenceEnd(sequence: number): number;
  close(): void;
}

// Waiting workers spin for some 2 ms and then sleep: long enough for the next step of a busy loop, too short to take a
// core from anyone else. Measured at batch 1 on 2 cores: 6.2 ms without a pool, 5.9 ms with sleeping workers, 5.8 ms so.
const idlePolling = 1;
// Rows come back at a few addresses; were the native buffer moved often, stale views would pile up.
const logitsViewLimit = 1024;

/**
 * @throws RangeError for options outside what llama.h takes
 * @throws NearfarError `unavailable` where memory does not suffice, `unsupported` where the model cannot have the KV type
 */
export function createContext(model: LlamaModel, options: ContextOptions): LlamaContext {
  checkOptions(options);
  checkStreams(model, options);
  if (!takesWholeSequences(model)) checkKvType(model, options.kvType ?? 'f16');
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
  const { outputCount } = options;
  const isWhole = takesWholeSequences(model);
  const isSplit = options.streamCount !== undefined;
  // Windows need guards only where cells are shared.
  const sequenceCount = usableSequenceCount(options.sequenceCount, isSplit ? 0 : model.swaWindow, isWhole);
  const batchTokenCount = Math.min(options.batchTokenCount, bindings.contextBatchCount(pointer));
  const batch = createBatch(batchTokenCount);
  const { tokens, positions, sequences, outputs, struct } = batch;
  const ranges = createSequenceRanges(sequenceCount);
  const logitsAt = createLogits(bindings, pointer, model.vocabulary.tokenCount);
  const vocabTokenCount = model.vocabulary.tokenCount;
  const streams =
    options.streamCount === undefined
      ? null
      : createSplitStreams({ bindings, memory, streamCount: options.streamCount, batchTokenCount });
  const held =
    streams ??
    createSequenceMemory({
      bindings,
      context: pointer,
      memory,
      sequenceCount,
      swaWindow: model.swaWindow,
      isWhole,
    });
  const threadpools = options.threadpools ?? createThreadpools(model.library, idlePolling);
  let rowCount = 0;
  let outputRowCount = 0;
  let isDecoded = false;
  let isOpen = true;
  let applied: LoadedAdapter | null = null;

  const clearBatch = (): void => {
    ranges.settle(false);
    rowCount = 0;
    outputRowCount = 0;
    isDecoded = false;
  };
  const requireWhole = (sequence: number, from: number, to: number): void => {
    if (!isWhole) return;
    const all = ranges.held(sequence);
    if (from <= all.from && (to < 0 || to >= all.to)) return;
    throw new RangeError(
      `This model's memory takes whole sequences only, not [${from}, ${to}) of ${sequence}.`,
    );
  };

  // A pool keeps its threads from step to step; without one, libllama starts them anew for each. Pools live as long as
  // the context: at the next step the backend pauses the one it used last, so it must not be freed before.
  const useThreads = (count: number): void => {
    bindings.setThreads(pointer, count, count);
    const pool = threadpools.get(count);
    if (pool === null) bindings.detachThreadpool(pointer);
    else bindings.attachThreadpool(pointer, pool.pointer, pool.pointer);
  };
  useThreads(options.threadCount);

  const padded = createPaddedDecode({
    batch,
    rowLimit: isWhole || isSplit ? 0 : batchTokenCount,
    outputCount,
    decode: () => outcomeOf(bindings.decode(pointer, struct)),
    clear: () => bindings.memoryRemove(memory, scratchId, -1, -1),
  });

  const isShiftable = !isSplit && canShift(model) && bindings.memoryCanShift(memory);

  return {
    cellCount: bindings.contextCellCount(pointer),
    batchTokenCount,
    sequenceCount,
    vocabTokenCount,
    prefixGranularity: isSplit ? 'none' : isWhole ? 'sequence' : 'token',
    threadpools,

    clearBatch,
    useAdapter: (adapter) => {
      if (adapter?.handle === applied?.handle && adapter?.scale === applied?.scale) return;
      const { adapters } = model;
      const pointers = BigUint64Array.from(adapter === null ? [] : [adapters.pointer(adapter.handle)]);
      bindings.setAdapters(pointer, pointers, pointers.length, Float32Array.of(adapter?.scale ?? 0));
      applied = adapter;
    },
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
      sequences[row] = held.nativeId(sequence);
      outputs[row] = wantsLogits ? 1 : 0;
      if (wantsLogits) outputRowCount++;
      return row;
    },
    decode: () => {
      if (rowCount === 0) throw new RangeError('The batch is empty.');
      if (isDecoded) throw new RangeError('The batch was decoded already; clear it first.');
      struct.n_tokens = rowCount;
      const hasStreams = streams === null || streams.arrange(batch, rowCount);
      const outcome = hasStreams ? padded.decode(rowCount, outputRowCount) : 'no_cells';
      isDecoded = outcome === 'ok';
      for (const sequence of ranges.settle(isDecoded)) {
        if (isDecoded) held.grown(sequence, ranges.end(sequence));
        // After a failure some slices of the batch may have been kept.
        else if (outcome === 'failed') ranges.set(sequence, held.reread(sequence));
      }
      streams?.settle(isDecoded);
      return outcome;
    },
    logits: (row) => {
      const at = streams === null ? row : streams.rowOf(row);
      if (!isDecoded || !(row >= 0 && row < rowCount) || outputs[at] !== 1) {
        throw new RangeError(`Row ${row} has no logits: not decoded, or not asked for.`);
      }
      return logitsAt(at);
    },

    copySequence: (source, destination, from, to) => {
      requireWhole(source, from, to);
      if (isWhole && !ranges.isEmpty(destination)) {
        throw new RangeError(
          `Sequence ${destination} is not empty, and this model's memory cannot join sequences.`,
        );
      }
      const range = ranges.copy(source, destination, from, to);
      if (range !== null) held.copy(source, destination, range);
    },
    removeSequence: (sequence, from, to) => {
      const before = ranges.held(sequence);
      const range = ranges.remove(sequence, from, to);
      if (range === null) return true;
      const isAll = range.from === before.from && range.to === before.to;
      const isRemoved = held.remove(sequence, range, isAll);
      if (!isRemoved) ranges.set(sequence, before);
      return isRemoved;
    },
    canShift: isShiftable,
    discard: (sequence, from, to) => {
      if (!isShiftable) {
        throw new RangeError(`The positions of ${model.description} cannot be shifted.`);
      }
      ranges.discard(sequence, from, to);
      held.discard(sequence, { from, to });
    },
    saveSequence: (sequence) => held.save(sequence, ranges.held(sequence)),
    restoreSequence: (sequence, data) => {
      if (!ranges.isEmpty(sequence)) throw new RangeError(`Sequence ${sequence} is not empty.`);
      const range = held.restore(sequence, data);
      if (range !== null) ranges.set(sequence, range);
      return range !== null;
    },
    clearCells: () => {
      clearBatch();
      held.clear();
      ranges.clear();
    },

    sequenceEnd: (sequence) => ranges.end(sequence),
    setThreads: (count) => {
      checkThreads(count);
      useThreads(count);
    },
    setPadding: (padding) => {
      padded.setPadding(padding);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      bindings.freeContext(pointer);
      if (options.threadpools === undefined) threadpools.free();
      batch.free();
    },
  };
}

function outcomeOf(code: number): DecodeOutcome {
  if (code === 0) return 'ok';
  return code === 1 ? 'no_cells' : 'failed';
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
