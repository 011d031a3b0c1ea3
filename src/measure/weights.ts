import { availableParallelism } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import { createContext, type LlamaContext } from '../engine/llama/context.ts';
import { openLibrary, type LibraryOptions } from '../engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../engine/llama/model.ts';
import { createBaseWriter, openBase } from './base-logits.ts';
import { measureBatchSpeeds, type BatchSpeed } from './batch-speed.ts';
import { compareRow, encodeRow } from './divergence.ts';
import { estimateOf, expOf, type Estimate } from './interval.ts';
import { eachScoredRow, scoredPerWindow, type WindowOptions } from './scored-rows.ts';
import { measuringText } from './text.ts';
import { chooseThreads, threadCandidates } from './threads.ts';

export interface WeightsFileRequest {
  /** A GGUF, or the first part of a split one. */
  readonly path: string;
  /** Where the base model's probabilities are: written for the base itself, compared with for the others. */
  readonly basePath: string;
  readonly isBase: boolean;
  readonly backend: NonNullable<LibraryOptions['backend']>;
  /** `null` = chosen by measuring. */
  readonly threadCount: number | null;
  /** `null`: nearfar's own. */
  readonly text: string | null;
  readonly windowTokenCount: number;
  /** Most windows that are read; `null`: all. */
  readonly windowCount: number | null;
  /** Weights that only stand for a format have no speed of it. */
  readonly measuresSpeed: boolean;
  /** See `ModelOptions`. @default true */
  readonly repacksWeights?: boolean;
  /** See `LibraryOptions`. @default null */
  readonly builtKernels?: string | null;
}

/** One model file, measured on this machine. Intervals of quality are over windows of the text, those of speed over rounds. */
export interface WeightsFileMeasurement {
  /** Bytes of all tensors, as libllama counts. */
  readonly tensorBytes: number;
  readonly parameterCount: number;
  /** What this process grew by: weights, repacked copies, cells for 8 sequences, buffers. `null` on a GPU. */
  readonly residentBytes: number | null;
  readonly threadCount: number;
  /** Whose CPU kernels computed. */
  readonly kernels: 'shipped' | 'built';
  readonly speeds: readonly BatchSpeed[];
  readonly windowTokenCount: number;
  readonly scoredTokenCount: number;
  readonly perplexity: Estimate;
  /** Against the base; `null` for the base itself. */
  readonly against: DivergenceFromBase | null;
}

export interface DivergenceFromBase {
  /** Perplexity over the base's on the same tokens. */
  readonly perplexityRatio: Estimate;
  /** Mean Kullback-Leibler divergence of next tokens from the base's, nats. */
  readonly divergence: Estimate;
  /** Share of tokens at which both hold the same next one for the likeliest, 0-1. */
  readonly topAgreement: Estimate;
}

const batchTokenCount = 512;
const sequenceCount = 8;
const decodeStepCount = 128;
/** Most bytes of logits of one step; above it windows are read in parts. */
const mostLogitBytes = 600e6;

/**
 * Loads a model, measures it and frees it. Blocks this thread: `measureWeightsFile` runs it in a process of its own.
 * @throws NearfarError where the file cannot be loaded, or the text is too short
 */
export async function measureWeightsFileHere(
  request: WeightsFileRequest,
  report: (fraction: number) => void,
): Promise<WeightsFileMeasurement> {
  const { windowTokenCount } = request;
  const library = openLibrary({
    backend: request.backend,
    builtKernels: request.builtKernels ?? null,
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const rssBefore = process.memoryUsage.rss();
  const model = await loadModel(library, {
    path: request.path,
    gpuLayerCount: 'auto',
    repacksWeights: request.repacksWeights ?? true,
  });
  const { vocabulary } = model;
  const processors = availableParallelism();
  const rowsPerStep =
    (windowTokenCount / 2) * vocabulary.tokenCount * 4 <= mostLogitBytes ? windowTokenCount >> 1 : 16;
  const speedContext = createContext(model, {
    cellCount: Math.max(batchTokenCount, sequenceCount * decodeStepCount),
    batchTokenCount,
    sequenceCount: sequenceCount + 1,
    outputCount: sequenceCount,
    threadCount: request.threadCount ?? processors,
  });
  let threadCount = request.threadCount;
  let speeds: readonly BatchSpeed[] = [];
  let residentBytes: number | null;
  const speedShare = request.measuresSpeed ? 0.5 : 0;
  try {
    threadCount ??= chooseThreads(speedContext, { candidates: threadCandidates(processors) }).threadCount;
    const bos = vocabulary.addsBos ? vocabulary.bos : null;
    speeds = measureBatchSpeeds(speedContext, {
      bos,
      decodeStepCount,
      // One round for those whose speed is nobody's: the weights are to be resident.
      ...(request.measuresSpeed ? {} : { roundCount: 1, decodeStepCount: 4, batchSizes: [1] }),
      onProgress: (fraction) => {
        report(speedShare * fraction);
      },
    });
    residentBytes = model.gpuLayerCount > 0 ? null : process.memoryUsage.rss() - rssBefore;
  } finally {
    speedContext.close();
  }
  const context = createContext(model, {
    cellCount: windowTokenCount,
    batchTokenCount: windowTokenCount,
    sequenceCount: 1,
    outputCount: Math.min(rowsPerStep, windowTokenCount),
    threadCount,
  });
  const quality = measureQuality(context, model, request, rowsPerStep, (fraction) => {
    report(speedShare + (1 - speedShare) * fraction);
  });
  const measurement = {
    tensorBytes: model.sizeBytes,
    parameterCount: model.parameterCount,
    residentBytes,
    threadCount,
    kernels: library.kernels,
    speeds: request.measuresSpeed ? speeds : [],
    windowTokenCount,
    ...quality,
  };
  context.close();
  model.close();
  library.close();
  return measurement;
}

type Quality = Pick<WeightsFileMeasurement, 'scoredTokenCount' | 'perplexity' | 'against'>;

function measureQuality(
  context: LlamaContext,
  model: LlamaModel,
  request: WeightsFileRequest,
  rowsPerStep: number,
  onProgress: (fraction: number) => void,
): Quality {
  const { windowTokenCount, basePath } = request;
  const { vocabulary } = model;
  const text = request.text ?? measuringText;
  const tokens = vocabulary.tokenize(text, { addSpecial: true, parseSpecial: false });
  if (tokens.length < 2 * windowTokenCount) {
    throw new NearfarError(
      'invalid_request',
      `The text has ${tokens.length} tokens; at least two windows of ${windowTokenCount} are needed.`,
      { field: 'text' },
    );
  }
  const wholeCount = Math.floor(tokens.length / windowTokenCount);
  const windowCount = Math.min(wholeCount, request.windowCount ?? wholeCount);
  const options: WindowOptions = {
    windowTokenCount,
    windowCount,
    bos: vocabulary.addsBos ? vocabulary.bos : null,
    rowsPerStep,
    onProgress,
  };
  const scored = scoredPerWindow(windowTokenCount);
  const scoredTokenCount = scored * windowCount;
  const shape = { windowTokenCount, vocabTokenCount: vocabulary.tokenCount, windowCount };
  const windowTokens = tokens.slice(0, windowCount * windowTokenCount);
  const nats = new Float64Array(windowCount);
  if (request.isBase) {
    const writer = createBaseWriter(basePath, { ...shape, tokens: windowTokens });
    try {
      eachScoredRow(context, tokens, options, ({ logits, token, window }) => {
        const surprise = encodeRow(logits, token, writer.row);
        requireNumbers(surprise, model);
        nats[window] = (nats[window] ?? 0) + surprise / scored;
        writer.append();
      });
    } finally {
      writer.close();
    }
    return { scoredTokenCount, perplexity: expOf(estimateOf([...nats])), against: null };
  }
  const base = openBase(basePath);
  const differences = new Float64Array(windowCount);
  const divergences = new Float64Array(windowCount);
  const agreements = new Float64Array(windowCount);
  try {
    requireSameText(base, shape, windowTokens);
    eachScoredRow(context, tokens, options, ({ logits, token, window }) => {
      const one = compareRow(logits, base.next(), token);
      nats[window] = (nats[window] ?? 0) + one.nats / scored;
      differences[window] = (differences[window] ?? 0) + (one.nats - one.baseNats) / scored;
      divergences[window] = (divergences[window] ?? 0) + one.divergence / scored;
      agreements[window] = (agreements[window] ?? 0) + (one.isSameTop ? 1 / scored : 0);
      requireNumbers(one.nats, model);
    });
  } finally {
    base.close();
  }
  return {
    scoredTokenCount,
    perplexity: expOf(estimateOf([...nats])),
    against: {
      perplexityRatio: expOf(estimateOf([...differences])),
      divergence: estimateOf([...divergences]),
      topAgreement: estimateOf([...agreements]),
    },
  };
}

/** @throws NearfarError `unsupported` where a kernel gave no numbers, as some do for rows of a single block */
function requireNumbers(nats: number, model: LlamaModel): void {
  if (Number.isFinite(nats)) return;
  throw new NearfarError(
    'unsupported',
    `${model.description} computes no finite numbers in this format here.`,
    {
      field: 'format',
    },
  );
}

function requireSameText(
  base: { readonly windowTokenCount: number; readonly vocabTokenCount: number; readonly tokens: Int32Array },
  shape: { readonly windowTokenCount: number; readonly vocabTokenCount: number },
  tokens: Int32Array,
): void {
  const isSame =
    base.windowTokenCount === shape.windowTokenCount &&
    base.vocabTokenCount === shape.vocabTokenCount &&
    base.tokens.length === tokens.length &&
    base.tokens.every((token, index) => token === tokens[index]);
  if (isSame) return;
  throw new NearfarError('invalid_request', 'The base was measured on another text, window or vocabulary.', {
    field: 'base',
  });
}
