import { availableParallelism } from 'node:os';
import { createContext } from '../engine/llama/context.ts';
import { openLibrary } from '../engine/llama/library.ts';
import type { LibraryOptions } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { measurePerplexity } from './perplexity.ts';
import { measureSpeed } from './speed.ts';
import type { Speed } from './speed.ts';
import { measuringText } from './text.ts';
import { chooseThreads, threadCandidates } from './threads.ts';

export interface ModelMeasureRequest {
  /** A GGUF, or the first part of a split one. */
  readonly path: string;
  readonly backend?: LibraryOptions['backend'];
  /** `null` = chosen by measuring. @default null */
  readonly threadCount?: number | null;
  /** @default a text of nearfar's own; perplexities are comparable only on the same text */
  readonly text?: string;
  /** Tokens per window of the perplexity. @default 512 */
  readonly windowTokenCount?: number;
}

/** One model file, measured on this machine. */
export interface ModelMeasurement extends Speed {
  readonly perplexity: number;
  /** Tokens that the perplexity is a mean over. */
  readonly scoredTokenCount: number;
  readonly threadCount: number;
  /** llama.cpp's name of the weight format. */
  readonly format: string;
  /** Bytes of all tensors. */
  readonly sizeBytes: number;
}

const batchTokenCount = 512;

/**
 * Loads a model, measures it and frees it. Blocks this thread for seconds: `measureModel` runs it in a process of its own.
 * @throws NearfarError where the file cannot be loaded
 */
export async function measureHere(request: ModelMeasureRequest): Promise<ModelMeasurement> {
  const { windowTokenCount = 512, text = measuringText } = request;
  const library = openLibrary({
    backend: request.backend ?? 'auto',
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const model = await loadModel(library, { path: request.path, gpuLayerCount: 'auto' });
  const processors = availableParallelism();
  const context = createContext(model, {
    cellCount: 2 * Math.max(windowTokenCount, batchTokenCount),
    batchTokenCount,
    sequenceCount: 2,
    outputCount: 16,
    threadCount: request.threadCount ?? processors,
  });
  const threadCount =
    request.threadCount ?? chooseThreads(context, { candidates: threadCandidates(processors) }).threadCount;
  const { vocabulary } = model;
  const tokens = vocabulary.tokenize(text, { addSpecial: true, parseSpecial: false });
  const speed = measureSpeed(context, tokens);
  const perplexity = measurePerplexity(context, tokens, {
    windowTokenCount,
    bos: vocabulary.addsBos ? vocabulary.bos : null,
  });
  const measurement = {
    ...speed,
    perplexity: perplexity.value,
    scoredTokenCount: perplexity.scoredTokenCount,
    threadCount,
    format: model.format,
    sizeBytes: model.sizeBytes,
  };
  context.close();
  model.close();
  library.close();
  return measurement;
}
