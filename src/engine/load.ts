import { cpus, totalmem } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import { chooseCellCount } from '../plan/cell-count.ts';
import { chooseSinksSizes } from '../plan/sinks-sizes.ts';
import type { Calibration } from './calibrate.ts';
import type { DiskStore } from './disk-tier/disk-store.ts';
import { openDiskTier } from './disk-tier/open-disk-tier.ts';
import { findCalibration } from './find-calibration.ts';
import { kvShareOfF16 } from './kv-type.ts';
import { createContext, type LlamaContext } from './llama/context.ts';
import { createEmbeddingContext } from './llama/embedding-context.ts';
import { openLibrary } from './llama/library.ts';
import { loadModel, type LlamaModel } from './llama/model.ts';
import { isEmbeddingModel } from './llama/pooling.ts';
import type { EmbeddingDecoder } from './embedding-decoder.ts';
import { loadDraftModel, openDraft, type LoadedDraft } from './load-draft.ts';
import type { EngineEvent, LoadedModel, LoadOptions } from './protocol.ts';
import { splitStreams } from './offline-mode.ts';
import { noPadding, rowPadding } from './row-padding.ts';
import { draftRowCount, outputRowCount } from './speculation/speculator.ts';

/** Everything that a child holds once its model is loaded. */
export interface Loaded {
  readonly model: LlamaModel;
  /** What answers; `null` where the model only embeds or ranks. */
  readonly writing: {
    readonly context: LlamaContext;
    readonly calibration: Calibration;
    /** `null`: prefixes are not kept on disk. */
    readonly disk: DiskStore | null;
    /** What drafts for the model; `null` = prompt lookup alone. */
    readonly draft: LoadedDraft | null;
  } | null;
  /** Most tokens of one request. */
  readonly contextTokenCount: number;
  readonly threadCount: number;
  readonly facts: LoadedModel;
}

const batchTokenCount = 512;
const calibrationBudgetMs = 4000;
/**
 * Library, model, context, and the step-cost curve: read if it was measured before, else measured now and kept.
 * @throws NearfarError naming the path and the reason
 */
export async function load(options: LoadOptions, send: (event: EngineEvent) => void): Promise<Loaded> {
  const startedAt = performance.now();
  const library = openLibrary({
    backend: options.backend,
    builtKernels: options.builtKernels ?? null,
    onLog: (level, text) => {
      // The pool is larger than the trained context because many requests share it; each is held to its own. And chat
      // models state no pooling.
      // Adapters on repacked weights lie in plain memory, as they should.
      if (level !== 'info' && !/n_ctx_seq|default pooling_type|lora for .* cannot use buft/.test(text))
        send({ type: 'log', level, text });
    },
  });
  // First: its own thread learns what is there while the model is loaded.
  const thread = openDiskTier(options, library, (text) => {
    send({ type: 'log', level: 'warn', text });
  });
  let reported = 0;
  const model = await loadModel(library, {
    path: options.modelPath,
    gpuLayerCount: options.gpuLayerCount,
    ...(options.contextTokenCount === null ? {} : { cellCount: options.contextTokenCount }),
    onProgress: (fraction) => {
      if (fraction - reported >= 0.05 || fraction === 1) {
        reported = fraction;
        send({ type: 'loading', fraction });
      }
      return true;
    },
  });
  if (isEmbeddingModel((key) => model.metadata.get(key))) {
    await thread?.close();
    return loadReader(options, model, startedAt);
  }
  const isWhole = model.isRecurrent || model.isHybrid;
  const streams = splitStreams(options);
  const cellCount = streams?.cellCount ?? options.contextTokenCount ?? fittingCellCount(model, options);
  // Over a split pool, for work that nobody reads while it is done, nothing is drafted.
  const draftModel = streams === null ? await loadDraftModel(options, model, cellCount) : null;
  const batchLimit = Math.min(batchTokenCount, cellCount);
  const outputCount = Math.min(batchLimit, isWhole ? options.parallelCount : outputRowCount(options));
  const context = createContext(model, {
    cellCount,
    batchTokenCount: batchLimit,
    // A recurrent state costs memory whether it is used or not; ids in a unified pool cost nothing.
    sequenceCount: isWhole ? Math.min(256, 2 * options.parallelCount + 1) : 256,
    outputCount,
    threadCount: options.threadCount ?? cpus().length,
    kvType: options.kvType,
    ...(streams === null ? {} : { streamCount: streams.streamCount }),
  });
  if (isWhole) {
    await thread?.close();
    const text =
      'This model keeps a state in place of a cache of tokens: prompts share only prefixes that an earlier answer ended with, and nothing is drafted.';
    send({ type: 'log', level: 'warn', text });
  }
  const measured = findCalibration({
    model,
    context,
    kvType: options.kvType,
    threadCounts: options.threadCount === null ? threadCandidates(cpus().length) : [options.threadCount],
    threadSetting: options.threadCount ?? 'auto',
    // What decodes together, or what one sequence may draft.
    outputCount: Math.min(outputCount, Math.max(options.parallelCount, draftRowCount + 1)),
    budgetMs: calibrationBudgetMs,
    curvePath: options.curvePath,
    streamCount: streams?.streamCount ?? null,
  });
  const padding = streams === null && !isWhole ? rowPadding(measured.curve.points) : noPadding;
  const calibration = { ...measured, curve: { ...measured.curve, padding } };
  context.setThreads(calibration.threadCount);
  context.setPadding(padding);
  const target = { model, context, threadCount: calibration.threadCount };
  const draft = draftModel === null ? null : openDraft(options, draftModel, target);
  const longestTokenCount = context.cellCount / (streams?.streamCount ?? 1);
  const contextTokenCount = Math.min(longestTokenCount, model.trainedContextTokenCount || longestTokenCount);
  const { threadCount } = calibration;
  return {
    model,
    writing: { context, calibration, disk: isWhole ? null : thread, draft },
    contextTokenCount,
    threadCount,
    facts: describe(model, {
      contextTokenCount,
      prefixGranularity: context.prefixGranularity,
      threadCount,
      stepCost: calibration.curve.points,
      attentionCost: calibration.curve.attention,
      loadMs: performance.now() - startedAt,
      pool: {
        cellCount: context.cellCount,
        kvBytesPerCell: model.kvBytesPerCell * kvShareOfF16(options.kvType),
        canShift: context.canShift,
        windowTokenCount: chooseSinksSizes(contextTokenCount, options.sinks).windowTokenCount,
      },
    }),
  };
}

/** A model that only embeds or ranks: no cache of its own, and its contexts are opened by the embedder. */
function loadReader(options: LoadOptions, model: LlamaModel, startedAt: number): Loaded {
  const threadCount = options.threadCount ?? fastestThreadCount(options, model);
  const contextTokenCount = withReader(options, model, threadCount, (reader) => reader.contextTokenCount);
  return {
    model,
    writing: null,
    contextTokenCount,
    threadCount,
    facts: describe(model, {
      contextTokenCount,
      prefixGranularity: 'sequence',
      threadCount,
      stepCost: [],
      loadMs: performance.now() - startedAt,
    }),
  };
}

const probeTokenCount = 64;
const probeRoundCount = 3;

/** The thread count by which a short text is read soonest: the best of three tries each. */
function fastestThreadCount(options: LoadOptions, model: LlamaModel): number {
  const timed = threadCandidates(cpus().length).map((threadCount) =>
    withReader(options, model, threadCount, (reader) => {
      const tokens = new Int32Array(Math.min(probeTokenCount, reader.contextTokenCount));
      const times = Array.from({ length: probeRoundCount }, () => {
        const from = performance.now();
        reader.decode([{ sequence: 0, position: 0, tokens }]);
        const milliseconds = performance.now() - from;
        reader.clear();
        return milliseconds;
      });
      return { threadCount, milliseconds: Math.min(...times) };
    }),
  );
  return timed.reduce((best, one) => (one.milliseconds < best.milliseconds ? one : best)).threadCount;
}

function withReader<Result>(
  options: LoadOptions,
  model: LlamaModel,
  threadCount: number,
  use: (reader: EmbeddingDecoder) => Result,
): Result {
  const reader = createEmbeddingContext(model, {
    contextTokenCount: options.embeddingContextTokenCount,
    threadCount,
    memoryBytes: totalmem(),
  });
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

/** @throws NearfarError `unavailable` */
function fittingCellCount(model: LlamaModel, { kvType }: LoadOptions): number {
  const kvBytesPerCell = model.kvBytesPerCell * kvShareOfF16(kvType);
  const cellCount = chooseCellCount(model.trainedContextTokenCount, kvBytesPerCell, totalmem());
  if (cellCount >= 256) return cellCount;
  throw new NearfarError(
    'unavailable',
    `The KV cache of ${model.description} does not fit this machine's memory.`,
  );
}

/** All cores, one fewer, and half (where two logical cores share one): ascending. */
export function threadCandidates(coreCount: number): number[] {
  const candidates = [Math.ceil(coreCount / 2), coreCount - 1, coreCount].filter((count) => count >= 1);
  return [...new Set(candidates)].sort((a, b) => a - b);
}

function describe(
  model: LlamaModel,
  measured: Pick<
    LoadedModel,
    | 'contextTokenCount'
    | 'prefixGranularity'
    | 'threadCount'
    | 'stepCost'
    | 'attentionCost'
    | 'loadMs'
    | 'pool'
  >,
): LoadedModel {
  const { library, vocabulary } = model;
  return {
    ...measured,
    trainedContextTokenCount: model.trainedContextTokenCount,
    vocabTokenCount: vocabulary.tokenCount,
    parameterCount: model.parameterCount,
    sizeBytes: model.sizeBytes,
    description: model.description,
    hasChatTemplate: model.chatTemplate !== null,
    hasFillInMiddle:
      vocabulary.fimPrefix !== null && vocabulary.fimSuffix !== null && vocabulary.fimMiddle !== null,
    libraryVersion: library.version,
    backend: library.backend,
    deviceNames: library.devices.map((device) => device.name),
    gpuLayerCount: model.gpuLayerCount,
    systemInfo: library.systemInfo,
    kernels: library.kernels,
  };
}
