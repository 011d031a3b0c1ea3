import type { Pooling } from '../../chat/embedding.ts';
import { NearfarError } from '../../chat/error.ts';
import { chooseEmbeddingSizes, embeddingSequenceLimit } from '../../plan/embedding-sizes.ts';
import type { EmbeddingSizes } from '../../plan/embedding-sizes.ts';
import type { EmbeddingDecoder, EmbeddingPiece } from '../embedding-decoder.ts';
import { createBatch } from './batch.ts';
import { readFloats } from './bindings.ts';
import type { Pointer } from './bindings.ts';
import { checkThreads } from './context-options.ts';
import type { LlamaModel } from './model.ts';
import { poolingName, seesWholeText, statedPooling } from './pooling.ts';
import { enums } from './structs.ts';
import { createThreadpool } from './threadpool.ts';

export interface EmbeddingContextOptions {
  /** Most tokens of one text; `null` = chosen by `chooseEmbeddingSizes`. */
  readonly contextTokenCount: number | null;
  readonly threadCount: number;
  /** Memory of this machine, in bytes. */
  readonly memoryBytes: number;
}

export interface EmbeddingContext extends EmbeddingDecoder {
  close(): void;
}

const recurrentSequenceLimit = 8;
/** Pooling of models whose file states none; see docs/decisions/050. */
export const defaultPooling: Pooling = 'mean';

/**
 * A context of its own beside that of the answers: pooling and attention belong to a context.
 * @throws NearfarError `unavailable` where memory does not suffice
 */
export function createEmbeddingContext(
  model: LlamaModel,
  options: EmbeddingContextOptions,
): EmbeddingContext {
  checkThreads(options.threadCount);
  const { bindings } = model.library;
  const read = (key: string): string | undefined => model.metadata.get(key);
  const isWhole = seesWholeText(read);
  const sizes = chooseEmbeddingSizes(
    {
      trainedContextTokenCount: model.trainedContextTokenCount,
      isWhole,
      kvBytesPerCell: model.kvBytesPerCell,
      vocabTokenCount: model.vocabulary.tokenCount,
    },
    options.contextTokenCount,
    options.memoryBytes,
  );
  const { contextTokenCount, batchTokenCount } = sizes;
  const sequenceCount = model.isRecurrent || model.isHybrid ? recurrentSequenceLimit : embeddingSequenceLimit;
  const types = enums.llama_pooling_type;
  const pointer = bindings.createContext(model.pointer, {
    ...bindings.contextDefaults(),
    n_ctx: Math.max(contextTokenCount, batchTokenCount),
    n_batch: batchTokenCount,
    // One slice a decode: pooled vectors are those of the last slice only.
    n_ubatch: batchTokenCount,
    n_seq_max: sequenceCount,
    n_outputs_max: batchTokenCount,
    n_threads: options.threadCount,
    n_threads_batch: options.threadCount,
    embeddings: true,
    pooling_type:
      statedPooling(read) === null ? types.LLAMA_POOLING_TYPE_MEAN : types.LLAMA_POOLING_TYPE_UNSPECIFIED,
    kv_unified: true,
    swa_full: true,
    no_perf: true,
  });
  if (pointer === null) {
    throw new NearfarError(
      'unavailable',
      `A context for embeddings of ${contextTokenCount} tokens does not fit this machine's memory.`,
    );
  }
  return contextOver(model, pointer, { ...sizes, isWhole, sequenceCount, threadCount: options.threadCount });
}

interface Shape extends EmbeddingSizes {
  readonly isWhole: boolean;
  readonly sequenceCount: number;
  readonly threadCount: number;
}

function contextOver(model: LlamaModel, pointer: Pointer, shape: Shape): EmbeddingContext {
  const { bindings } = model.library;
  const memory = bindings.contextMemory(pointer);
  const pooling = poolingName(bindings.pooling(pointer)) ?? defaultPooling;
  const outputLength =
    pooling === 'rank'
      ? Math.max(1, bindings.modelClassCount(model.pointer))
      : bindings.modelOutputLength(model.pointer);
  const batch = createBatch(shape.batchTokenCount);
  const pool = createThreadpool(model.library, shape.threadCount, 1);
  if (pool !== null) bindings.attachThreadpool(pointer, pool.pointer, pool.pointer);
  const vocabTokenCount = model.vocabulary.tokenCount;
  const ends = new Array<number>(shape.sequenceCount).fill(0);
  let isOpen = true;

  // What llama.h would answer with an abort of the process.
  function check(pieces: readonly EmbeddingPiece[]): void {
    const total = pieces.reduce((sum, { tokens }) => sum + tokens.length, 0);
    if (total < 1 || total > shape.batchTokenCount) {
      throw new RangeError(`A batch takes 1 to ${shape.batchTokenCount} tokens, not ${total}.`);
    }
    const seen = new Set<number>();
    for (const { sequence, position, tokens } of pieces) {
      const end = ends[sequence];
      if (end === undefined || seen.has(sequence)) throw new RangeError(`Sequence ${sequence} is not free.`);
      seen.add(sequence);
      if (position !== end || (shape.isWhole && position > 0)) {
        throw new RangeError(`Sequence ${sequence} goes on at ${end}, not at ${position}.`);
      }
      if (tokens.length === 0 || position + tokens.length > shape.contextTokenCount) {
        throw new RangeError(`Sequence ${sequence} takes 1 to ${shape.contextTokenCount} tokens.`);
      }
      if (tokens.some((token) => token < 0 || token >= vocabTokenCount)) {
        throw new RangeError(`A token of sequence ${sequence} is not in the vocabulary.`);
      }
    }
  }

  return {
    pooling,
    outputLength,
    isWhole: shape.isWhole,
    contextTokenCount: shape.contextTokenCount,
    batchTokenCount: shape.batchTokenCount,
    sequenceCount: shape.sequenceCount,

    decode: (pieces) => {
      check(pieces);
      let row = 0;
      for (const { sequence, position, tokens } of pieces) {
        batch.tokens.set(tokens, row);
        for (let index = 0; index < tokens.length; index++) batch.positions[row + index] = position + index;
        batch.sequences.fill(sequence, row, row + tokens.length);
        row += tokens.length;
      }
      batch.outputs.fill(1, 0, row);
      batch.struct.n_tokens = row;
      const code = bindings.decode(pointer, batch.struct);
      if (code !== 0) throw new NearfarError('internal', `libllama could not read a text (code ${code}).`);
      return pieces.map(({ sequence, position, tokens }) => {
        ends[sequence] = shape.isWhole ? 0 : position + tokens.length;
        const address = bindings.embedding(pointer, sequence);
        if (address === 0) throw new NearfarError('internal', 'libllama gave no embedding.');
        return readFloats(address, outputLength);
      });
    },
    clear: () => {
      ends.fill(0);
      if (memory !== null) bindings.memoryClear(memory, false);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      bindings.freeContext(pointer);
      pool?.free();
      batch.free();
    },
  };
}
