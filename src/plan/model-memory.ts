import { chooseCellCount } from './cell-count.ts';
import { chooseEmbeddingSizes } from './embedding-sizes.ts';
import { chooseSinksSizes } from './sinks-sizes.ts';

/** What a GGUF's header says, as far as memory goes. */
export interface MemoryFacts {
  /** Bytes of all files: they are mapped, and every page is read. */
  readonly fileBytes: number;
  /** Bytes of weights that the CPU's fast kernels hold once more in their own order; see `repackedBytes`. */
  readonly repackedBytes: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabTokenCount: number;
  readonly trainedContextTokenCount: number;
  /** In f16, over all layers; 0 where the model keeps a state instead of cells. */
  readonly kvBytesPerCell: number;
  readonly hasSlidingWindow: boolean;
  /** Only embeds or ranks, so that there is no KV pool. */
  readonly isReader: boolean;
  /** A text must be read in one go. */
  readonly isWhole: boolean;
}

/** How it is going to be loaded. */
export interface MemoryOptions {
  /** `null` = as `chooseCellCount` says. */
  readonly contextTokenCount: number | null;
  /** Streams that the cells are split into, each read by itself; 1 where absent: one pool. */
  readonly streamCount?: number;
  /** Rows with logits of one step: a token of each answer, and drafted ones. */
  readonly outputCount: number;
  /** What the type of the KV pool takes of the memory that f16 would, up to 1. */
  readonly kvShareOfF16: number;
  readonly hostCacheBytes: number;
  /** Set aside for LoRA adapters. */
  readonly adapterBytes: number;
  readonly embeddingContextTokenCount: number | null;
  /** The windows of `context_overflow: sinks`, as the settings have them. */
  readonly sinks: { readonly windowTokenCount: number | null; readonly parallelCount: number };
  /** Of this machine. */
  readonly memoryBytes: number;
}

/** A model that drafts for another one. */
export interface DraftMemory {
  readonly facts: MemoryFacts;
  /** Rows with logits of one round: a token of each answer. */
  readonly outputCount: number;
  readonly kvShareOfF16: number;
}

/** Bytes, on the CPU: what is kept on a GPU is counted as if it were not. */
export interface MemoryNeed {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  /** Activations, attention masks, logits and the vocabulary. */
  readonly computeBytes: number;
  /** What the process is before it holds a model, and prefixes that left the pool. */
  readonly processBytes: number;
  /** LoRA adapters, as many as may be in memory at once. */
  readonly adapterBytes: number;
  readonly totalBytes: number;
  /** What the first request for embeddings adds; 0 for models that do nothing else. */
  readonly embeddingBytes: number;
  /** What the first request for `sinks` adds; 0 for models that only read. */
  readonly sinksBytes: number;
}

const MiB = 1024 ** 2;
const sliceTokenCount = 512;
/** Node with the engine's code and libllama before a load: 101 to 113 MiB resident where measured. */
export const bareProcessBytes = 110 * MiB;
/** Spelling, score, lookup and test bits of a token; fitted to vocabularies of 49,152 and 262,144 tokens. */
const vocabBytesPerToken = 160;
/** Buffers of any size of model, and what JavaScript keeps of prompts and answers under way. */
const fixedBytes = 30 * MiB;

/**
 * Memory of a model before it is loaded. The formula, fitted to SmolLM2 and Gemma 3 270M on x64 (see
 * docs/decisions/051): weights = files + repacked tensors; cache = cells x bytes of a cell; compute = 30 MiB + 160 bytes a
 * token of the vocabulary + 2 x 4 bytes x vocabulary x rows of logits + 2 bytes x cells of a stream x 512 for each attention mask +
 * 4 bytes x 512 x (3 x feed-forward + 6 x embedding length). A draft model adds all of its own but the 30 MiB.
 */
export function predictMemory(
  facts: MemoryFacts,
  options: MemoryOptions,
  draft: DraftMemory | null = null,
): MemoryNeed {
  const weightBytes = facts.fileBytes + facts.repackedBytes;
  const vocabularyBytes = vocabBytesPerToken * facts.vocabTokenCount;
  const reading = readingBytes(facts, options);
  if (facts.isReader) {
    return need({
      weightBytes,
      cacheBytes: reading.cacheBytes,
      computeBytes: fixedBytes + vocabularyBytes + reading.computeBytes,
      processBytes: bareProcessBytes,
      adapterBytes: 0,
      embeddingBytes: 0,
      sinksBytes: 0,
    });
  }
  const kvBytesPerCell = facts.kvBytesPerCell * options.kvShareOfF16;
  const cellCount =
    options.contextTokenCount ??
    chooseCellCount(facts.trainedContextTokenCount, kvBytesPerCell, options.memoryBytes);
  const drafting = draftBytes(draft, cellCount);
  return need({
    weightBytes: weightBytes + drafting.weightBytes,
    cacheBytes: cellCount * kvBytesPerCell + drafting.cacheBytes,
    computeBytes:
      fixedBytes +
      vocabularyBytes +
      logitBytes(facts, options.outputCount) +
      maskBytes(facts, cellCount / (options.streamCount ?? 1), sliceTokenCount) +
      activationBytes(facts, sliceTokenCount) +
      drafting.computeBytes,
    processBytes: bareProcessBytes + options.hostCacheBytes,
    adapterBytes: options.adapterBytes,
    embeddingBytes: reading.cacheBytes + reading.computeBytes,
    sinksBytes: sinksBytes(facts, options, Math.min(cellCount, facts.trainedContextTokenCount || cellCount)),
  });
}

/** In the same process, over as many cells as the model has that it drafts for. */
function draftBytes(
  draft: DraftMemory | null,
  cellCount: number,
): Pick<MemoryNeed, 'weightBytes' | 'cacheBytes' | 'computeBytes'> {
  if (draft === null) return { weightBytes: 0, cacheBytes: 0, computeBytes: 0 };
  const { facts } = draft;
  return {
    weightBytes: facts.fileBytes + facts.repackedBytes,
    cacheBytes: cellCount * facts.kvBytesPerCell * draft.kvShareOfF16,
    computeBytes:
      vocabBytesPerToken * facts.vocabTokenCount +
      logitBytes(facts, draft.outputCount) +
      maskBytes(facts, cellCount, sliceTokenCount) +
      activationBytes(facts, sliceTokenCount),
  };
}

function need(parts: Omit<MemoryNeed, 'totalBytes'>): MemoryNeed {
  const { weightBytes, cacheBytes, computeBytes, processBytes, adapterBytes } = parts;
  return { ...parts, totalBytes: weightBytes + cacheBytes + computeBytes + processBytes + adapterBytes };
}

/** The embedding context. */
function readingBytes(
  facts: MemoryFacts,
  options: MemoryOptions,
): { readonly cacheBytes: number; readonly computeBytes: number } {
  const sizes = chooseEmbeddingSizes(facts, options.embeddingContextTokenCount, options.memoryBytes);
  const { contextTokenCount, batchTokenCount } = sizes;
  // A model that sees the whole text keeps nothing, and its output has no logits, only room for them.
  return {
    cacheBytes: facts.isWhole ? 0 : contextTokenCount * facts.kvBytesPerCell,
    computeBytes:
      logitBytes(facts, batchTokenCount) / (facts.isWhole ? 2 : 1) +
      maskBytes(facts, facts.isWhole ? batchTokenCount : contextTokenCount, batchTokenCount) +
      activationBytes(facts, batchTokenCount),
  };
}

/** The context that windows slide in; `contextTokenCount` is that of one request elsewhere. */
function sinksBytes(facts: MemoryFacts, options: MemoryOptions, contextTokenCount: number): number {
  // A pool with a stream for each answer has no windows beside it.
  if ((options.streamCount ?? 1) > 1) return 0;
  const { cellCount, batchTokenCount, parallelCount } = chooseSinksSizes(contextTokenCount, options.sinks);
  return (
    cellCount * facts.kvBytesPerCell * options.kvShareOfF16 +
    logitBytes(facts, parallelCount) +
    maskBytes(facts, cellCount, batchTokenCount) +
    activationBytes(facts, batchTokenCount)
  );
}

/** Computed once and copied once, 4 bytes a float. */
function logitBytes({ vocabTokenCount }: MemoryFacts, rowCount: number): number {
  return 2 * 4 * vocabTokenCount * rowCount;
}

function maskBytes({ hasSlidingWindow }: MemoryFacts, cellCount: number, tokenCount: number): number {
  return (hasSlidingWindow ? 2 : 1) * 2 * cellCount * tokenCount;
}

function activationBytes({ feedForwardLength, embeddingLength }: MemoryFacts, tokenCount: number): number {
  return 4 * tokenCount * (3 * feedForwardLength + 6 * embeddingLength);
}

/** A tensor of the file, by the name of its format. */
export interface StoredTensor {
  readonly name: string;
  readonly format: string;
  readonly dimensions: readonly number[];
  readonly bytes: number;
}

/** Formats that ggml's CPU code puts in an order of its own, by Node's name of the architecture. */
const repackedFormats: Readonly<Record<string, readonly string[]>> = {
  x64: ['Q4_0', 'Q4_K', 'IQ4_NL'],
  arm64: ['Q4_0', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0', 'IQ4_NL'],
};

/**
 * Bytes of weights that are held twice: as mapped and in the order of the fast kernels. Matrices only, of a number of
 * rows that 8 divides; the token embedding is looked up, not multiplied.
 */
export function repackedBytes(tensors: readonly StoredTensor[], architecture: string): number {
  const formats = repackedFormats[architecture] ?? [];
  return tensors
    .filter(({ name, format, dimensions }) => {
      const [, rowCount = 1, thirdSize = 1] = dimensions;
      return (
        formats.includes(format) &&
        rowCount > 1 &&
        rowCount % 8 === 0 &&
        thirdSize === 1 &&
        name !== 'token_embd.weight'
      );
    })
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
