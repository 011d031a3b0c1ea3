import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { NearfarError } from '../../chat/error.ts';
import { createAdapters, type Adapters } from './adapters.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { progressCallback } from './bindings.ts';
import { createGrammars, type Grammars } from './grammar.ts';
import { chooseGpuLayers } from './gpu-layers.ts';
import type { LlamaLibrary } from './library.ts';
import { enums } from './structs.ts';
import { createVocabulary } from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface ModelOptions {
  /** A GGUF file, or the first part of a split one. */
  readonly path: string;
  /** Layers kept on the GPU. `auto` = as many as its free memory holds. Ignored on the CPU. */
  readonly gpuLayerCount: number | 'auto';
  /** KV cells that a context will ask for; `auto` sets their memory aside on the GPU. */
  readonly cellCount?: number;
  /** Weights that the CPU's fast kernels want in another order are held in that. False is for comparisons. @default true */
  readonly repacksWeights?: boolean;
  /** Called with a fraction 0-1 while loading; return false to stop. */
  readonly onProgress?: (fraction: number) => boolean | undefined;
}

/** A GGUF in memory. */
export interface LlamaModel {
  readonly path: string;
  readonly library: LlamaLibrary;
  readonly pointer: Pointer;
  /** llama.cpp's own words, e.g. `llama 135M Q4_1`. */
  readonly description: string;
  /** E.g. `Q4_0`, `Q4_K - Medium`. */
  readonly format: string;
  readonly parameterCount: number;
  /** Bytes of all tensors. */
  readonly sizeBytes: number;
  /** Context that the model was trained for, in tokens. */
  readonly trainedContextTokenCount: number;
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  readonly gpuLayerCount: number;
  /** Bytes that one cell of an f16 KV cache takes, over all layers. An upper bound where layers differ. */
  readonly kvBytesPerCell: number;
  readonly vocabulary: Vocabulary;
  readonly grammars: Grammars;
  readonly adapters: Adapters;
  /** The Jinja template inside the file. */
  readonly chatTemplate: string | null;
  /** Spelling of the tokens that templates name `bos_token` and `eos_token`; empty where there is none. */
  readonly bosText: string;
  readonly eosText: string;
  /** State instead of cells (Mamba, RWKV), in all layers or, if hybrid, in some. */
  readonly isRecurrent: boolean;
  readonly isHybrid: boolean;
  /** Tokens that sliding-window layers look back; 0 = none. */
  readonly swaWindow: number;
  /** Every scalar of the file's metadata, as text. */
  readonly metadata: ReadonlyMap<string, string>;
  close(): void;
}

/**
 * Loads weights off the event loop.
 * @throws NearfarError `not_found`, `aborted` (`onProgress` said stop), `unsupported` (no text decoder) or
 * `invalid_request` (libllama could not read the file; its log says why)
 */
export async function loadModel(library: LlamaLibrary, options: ModelOptions): Promise<LlamaModel> {
  const { path } = options;
  requireFile(path);
  const gpuLayerCount = await chooseGpuLayers(library, path, options.gpuLayerCount, options.cellCount);
  let isStopped = false;
  const progress = progressCallback((fraction) => {
    isStopped = options.onProgress?.(fraction) === false;
    return !isStopped;
  });
  const { bindings } = library;
  let pointer: Pointer | null;
  try {
    pointer = await bindings.loadModel(path, {
      ...library.modelDefaults(),
      n_gpu_layers: gpuLayerCount,
      use_extra_bufts: options.repacksWeights ?? true,
      progress_callback: progress.pointer,
    });
  } finally {
    progress.release();
  }
  // The flag is set by a callback, which the type checker does not see.
  if (pointer === null && (isStopped as boolean))
    throw new NearfarError('aborted', `Loading ${basename(path)} was stopped.`);
  if (pointer === null) {
    throw new NearfarError(
      'invalid_request',
      `${path} cannot be loaded: not a GGUF that libllama ${library.version} knows, damaged, or too large for the free memory.`,
      { field: 'model' },
    );
  }
  try {
    return describeModel(library, path, pointer, gpuLayerCount);
  } catch (error) {
    bindings.freeModel(pointer);
    throw error;
  }
}

function requireFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) {
    throw new NearfarError('not_found', `There is no model file at ${path}.`, { field: 'model' });
  }
}

function describeModel(library: LlamaLibrary, path: string, pointer: Pointer, gpuLayers: number): LlamaModel {
  const { bindings } = library;
  requireTextDecoder(bindings, pointer, path);
  const metadata = readMetadata(bindings, pointer);
  const vocabularyPointer = bindings.modelVocabulary(pointer);
  const vocabulary = createVocabulary(bindings, vocabularyPointer);
  const grammars = createGrammars(bindings, vocabularyPointer, vocabulary);
  const adapters = createAdapters(bindings, pointer);
  const layerCount = bindings.modelLayerCount(pointer);
  const shape = {
    layerCount,
    embeddingLength: bindings.modelEmbeddingLength(pointer),
    headCount: bindings.modelHeadCount(pointer),
    kvHeadCount: bindings.modelKvHeadCount(pointer),
  };
  let isOpen = true;
  return {
    path,
    library,
    pointer,
    description: readText((buffer) => bindings.modelDescription(pointer, buffer, buffer.length)),
    format: bindings.formatName(bindings.modelFormat(pointer)),
    parameterCount: Number(bindings.modelParameterCount(pointer)),
    sizeBytes: Number(bindings.modelSize(pointer)),
    trainedContextTokenCount: bindings.modelTrainedContext(pointer),
    ...shape,
    gpuLayerCount:
      library.backend === 'cpu' ? 0 : Math.min(gpuLayers < 0 ? Infinity : gpuLayers, layerCount + 1),
    kvBytesPerCell: kvBytesPerCell(metadata, shape),
    vocabulary,
    grammars,
    adapters,
    chatTemplate: bindings.modelChatTemplate(pointer, null),
    bosText: vocabulary.spelling(vocabulary.bos),
    eosText: vocabulary.spelling(vocabulary.eos),
    isRecurrent: bindings.modelIsRecurrent(pointer),
    isHybrid: bindings.modelIsHybrid(pointer),
    swaWindow: bindings.modelSlidingWindow(pointer),
    metadata,
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      grammars.close();
      adapters.close();
      bindings.freeModel(pointer);
    },
  };
}

function requireTextDecoder(bindings: Bindings, pointer: Pointer, path: string): void {
  const refuse = (what: string): never => {
    throw new NearfarError('unsupported', `${basename(path)} ${what}.`, { field: 'model' });
  };
  if (
    !bindings.modelHasDecoder(pointer) ||
    bindings.modelHasEncoder(pointer) ||
    bindings.modelIsDiffusion(pointer)
  ) {
    refuse('is not a decoder-only text model; encoder-decoder and diffusion models are not supported');
  }
  // Tokenizing without a vocabulary aborts the process.
  const type = bindings.vocabularyType(bindings.modelVocabulary(pointer));
  if (type === enums.llama_vocab_type.LLAMA_VOCAB_TYPE_NONE) refuse('has no vocabulary');
}

/**
 * Bytes of K and V that a token takes in f16: 2 bytes x layers x KV heads x (key length + value length).
 * Head lengths come from the metadata where the file states them.
 */
export function kvBytesPerCell(
  metadata: ReadonlyMap<string, string>,
  shape: Pick<LlamaModel, 'layerCount' | 'embeddingLength' | 'headCount' | 'kvHeadCount'>,
): number {
  const { key, value } = kvHeadLengths(metadata, shape);
  return 2 * shape.layerCount * shape.kvHeadCount * (key + value);
}

/** Numbers of one head's key and value: stated in the metadata, else the embedding's share. */
export function kvHeadLengths(
  metadata: ReadonlyMap<string, string>,
  shape: Pick<LlamaModel, 'embeddingLength' | 'headCount'>,
): { readonly key: number; readonly value: number } {
  const architecture = metadata.get('general.architecture') ?? '';
  const headLength = shape.headCount > 0 ? shape.embeddingLength / shape.headCount : 0;
  const stated = (key: string): number =>
    Number(metadata.get(`${architecture}.attention.${key}`) ?? headLength);
  return { key: stated('key_length'), value: stated('value_length') };
}

function readMetadata(bindings: Bindings, pointer: Pointer): Map<string, string> {
  const metadata = new Map<string, string>();
  for (let index = 0; index < bindings.modelMetadataCount(pointer); index++) {
    const key = readText((buffer) => bindings.modelMetadataKey(pointer, index, buffer, buffer.length));
    metadata.set(
      key,
      readText((buffer) => bindings.modelMetadataValue(pointer, index, buffer, buffer.length)),
    );
  }
  return metadata;
}

// Like snprintf: returns the full length, writes what fits and a NUL.
function readText(read: (buffer: Uint8Array) => number): string {
  let buffer = new Uint8Array(1024);
  let length = read(buffer);
  if (length >= buffer.length) {
    buffer = new Uint8Array(length + 1);
    length = read(buffer);
  }
  return Buffer.from(buffer.subarray(0, Math.max(0, length))).toString('utf8');
}
