import { NearfarError } from '../../chat/error.ts';
import { kvBlockLength, type KvType } from '../kv-type.ts';
import type { Pointer, StructValue } from './bindings.ts';
import { kvHeadLengths, type LlamaModel } from './model.ts';
import { enums } from './structs.ts';
import type { Threadpools } from './threadpool.ts';

export interface ContextOptions {
  /** Cells of the KV pool, over all streams. The native side rounds a stream up to a multiple of 256. */
  readonly cellCount: number;
  /** Most tokens of one `decode`. */
  readonly batchTokenCount: number;
  /** Sequence ids to be used, 1-256. */
  readonly sequenceCount: number;
  /** Most rows with logits in one batch; each costs a float per word of the vocabulary, twice. */
  readonly outputCount: number;
  readonly threadCount: number;
  readonly kvType?: KvType;
  /**
   * Absent: one pool that all sequences share. A number: so many streams of cells, one for each sequence that holds
   * anything, which share nothing and read nobody else's.
   */
  readonly streamCount?: number;
  /** Another context's, which is closed later than this one; absent: its own. */
  readonly threadpools?: Threadpools;
  /** Called by native code for each node of a graph: see tensor-bindings.ts. */
  readonly evalCallback?: Pointer;
}

// LLAMA_MAX_SEQ.
const sequenceLimit = 256;
// The physical slice of a batch: larger ones need more memory for activations and are not faster on a CPU.
const sliceTokenLimit = 512;

/** @throws RangeError naming the option that llama.h would not take */
export function checkOptions(options: ContextOptions): void {
  const { cellCount, batchTokenCount, sequenceCount, outputCount } = options;
  const requireBetween = (name: string, value: number, low: number, high: number): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    throw new RangeError(`${name} is ${value}; expected a whole number from ${low} to ${high}.`);
  };
  requireBetween('cellCount', cellCount, 1, 2 ** 31 - 1);
  requireBetween('batchTokenCount', batchTokenCount, 1, cellCount);
  requireBetween('sequenceCount', sequenceCount, 1, sequenceLimit);
  requireBetween('outputCount', outputCount, 1, batchTokenCount);
  if (options.streamCount !== undefined) requireBetween('streamCount', options.streamCount, 1, sequenceLimit);
  checkThreads(options.threadCount);
}

/** @throws RangeError */
export function checkThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 512) {
    throw new RangeError(`threadCount is ${count}; expected a whole number from 1 to 512.`);
  }
}

/**
 * Quantized values need flash attention, and blocks that divide a head.
 * @throws NearfarError `unsupported` where this model can have neither
 */
export function checkKvType(model: Pick<LlamaModel, KvShapeKey>, kvType: KvType): void {
  if (kvType === 'f16') return;
  const refuse = (why: string): never => {
    const text = `${model.description} cannot have a KV cache of type ${kvType}: ${why}. Use engine.kvType f16.`;
    throw new NearfarError('unsupported', text, { field: 'engine.kvType' });
  };
  const architecture = model.metadata.get('general.architecture') ?? '';
  if (withoutFlashAttention.has(architecture)) {
    refuse(`quantized values need flash attention, which llama.cpp does not have for ${architecture}`);
  }
  for (const length of Object.values(kvHeadLengths(model.metadata, model))) {
    if (length % kvBlockLength === 0) continue;
    refuse(`its heads of ${length} numbers are no multiple of the block of ${kvBlockLength}`);
  }
}

type KvShapeKey = 'description' | 'metadata' | 'embeddingLength' | 'headCount';

const withoutFlashAttention: ReadonlySet<string> = new Set(['grok']);

/** @throws NearfarError `unsupported` where the model's memory has no cells that could stand in streams */
export function checkStreams(model: LlamaModel, options: ContextOptions): void {
  if (options.streamCount === undefined || !takesWholeSequences(model)) return;
  throw new NearfarError('unsupported', `${model.description} keeps states, which have no split layout.`);
}

/** The options in the terms of llama_context_params. */
export function contextParams(model: LlamaModel, options: ContextOptions): StructValue {
  const types = enums.ggml_type;
  const kvTypes = { f16: types.GGML_TYPE_F16, q8_0: types.GGML_TYPE_Q8_0, q4_0: types.GGML_TYPE_Q4_0 };
  const kvType = kvTypes[options.kvType ?? 'f16'];
  const isWhole = takesWholeSequences(model);
  const isWindowed = model.swaWindow > 0 && !isWhole;
  return {
    ...model.library.bindings.contextDefaults(),
    n_ctx: options.cellCount,
    n_batch: options.batchTokenCount,
    // One slice where there is a window: the second could recycle cells that the first has just filled.
    n_ubatch: isWindowed ? options.batchTokenCount : Math.min(options.batchTokenCount, sliceTokenLimit),
    // Every unit of n_seq_max reserves a row of logits. A unified pool takes ids up to 255 whatever it says; only
    // recurrent memory has one state an id.
    n_seq_max:
      options.streamCount ??
      (isWhole ? options.sequenceCount : Math.min(options.sequenceCount, options.outputCount)),
    n_outputs_max: isWhole
      ? Math.max(options.sequenceCount, options.outputCount)
      : Math.max(options.streamCount ?? 1, options.outputCount),
    n_threads: options.threadCount,
    n_threads_batch: options.threadCount,
    type_k: kvType,
    type_v: kvType,
    // Said outright: left to itself, libllama would decide by device and then refuse the values.
    flash_attn_type:
      kvType === types.GGML_TYPE_F16
        ? enums.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_AUTO
        : enums.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    kv_unified: options.streamCount === undefined,
    // With cells for the whole text in window layers too, ranges can be copied; see sequence-memory.ts.
    swa_full: true,
    cb_eval: options.evalCallback ?? null,
    no_perf: true,
  };
}

/** Whether the model's memory has states in place of cells, so that no part of a sequence can be copied or cut. */
export function takesWholeSequences(model: LlamaModel): boolean {
  return (
    model.isRecurrent ||
    model.isHybrid ||
    compressingArchitectures.has(model.metadata.get('general.architecture') ?? '')
  );
}

/** As far as the model goes: its positions are in cells of their own, and are not looked up in a learned table. */
export function canShift(model: LlamaModel): boolean {
  return (
    !takesWholeSequences(model) &&
    !learnedPositionArchitectures.has(model.metadata.get('general.architecture') ?? '')
  );
}

// A learned position is added to the token before the first layer, so that a shift would not move what a cell holds.
const learnedPositionArchitectures: ReadonlySet<string> = new Set(['gpt2', 'starcoder']);

// Their cells stand for several positions each.
const compressingArchitectures: ReadonlySet<string> = new Set(['deepseek4']);
