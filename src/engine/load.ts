import { cpus, totalmem } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import { calibrate, type Calibration } from './calibrate.ts';
import type { DiskStore } from './disk-tier/disk-store.ts';
import { openDiskTier } from './disk-tier/open-disk-tier.ts';
import { readCalibration, writeCalibration } from './curve-file.ts';
import { kvShareOfF16 } from './kv-type.ts';
import { createContext, type LlamaContext } from './llama/context.ts';
import { openLibrary } from './llama/library.ts';
import { loadModel, type LlamaModel } from './llama/model.ts';
import type { EngineEvent, LoadedModel, LoadOptions } from './protocol.ts';

/** Everything that a child holds once its model is loaded. */
export interface Loaded {
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly calibration: Calibration;
  /** `null`: prefixes are not kept on disk. */
  readonly disk: DiskStore | null;
  /** Most tokens of one request. */
  readonly contextTokenCount: number;
  readonly facts: LoadedModel;
}

const batchTokenCount = 512;
const calibrationBudgetMs = 4000;
const noisyCalibration = 1.5;
/** KV cells by default where memory allows: room for several long chats and their prefixes. */
const defaultCellCount = 16_384;
/** Share of this machine's memory that the KV cache may take by default. */
const kvMemoryShare = 0.2;

/**
 * Library, model, context, and the step-cost curve: read if it was measured before, else measured now and kept.
 * @throws NearfarError naming the path and the reason
 */
export async function load(options: LoadOptions, send: (event: EngineEvent) => void): Promise<Loaded> {
  const startedAt = performance.now();
  const library = openLibrary({
    backend: options.backend,
    onLog: (level, text) => {
      // The pool is larger than the trained context because many requests share it; each is held to its own.
      if (level !== 'info' && !text.includes('n_ctx_seq')) send({ type: 'log', level, text });
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
  const isWhole = model.isRecurrent || model.isHybrid;
  const cellCount = options.contextTokenCount ?? chooseCellCount(model, options);
  const outputCount = options.parallelCount;
  const context = createContext(model, {
    cellCount,
    batchTokenCount: Math.min(batchTokenCount, cellCount),
    // A recurrent state costs memory whether it is used or not; ids in a unified pool cost nothing.
    sequenceCount: isWhole ? Math.min(256, 2 * options.parallelCount + 1) : 256,
    outputCount,
    threadCount: options.threadCount ?? cpus().length,
    kvType: options.kvType,
  });
  if (isWhole) {
    await thread?.close();
    const text =
      'This model keeps a state in place of a cache of tokens: prompts share only prefixes that an earlier answer ended with.';
    send({ type: 'log', level: 'warn', text });
  }
  const calibration = findCalibration(options, model, context);
  context.setThreads(calibration.threadCount);
  const contextTokenCount = Math.min(context.cellCount, model.trainedContextTokenCount || context.cellCount);
  return {
    model,
    context,
    calibration,
    disk: isWhole ? null : thread,
    contextTokenCount,
    facts: describe(model, context, calibration, contextTokenCount, performance.now() - startedAt),
  };
}

function chooseCellCount(model: LlamaModel, { kvType }: LoadOptions): number {
  const bytesPerCell = model.kvBytesPerCell * kvShareOfF16(kvType);
  const fits = Math.floor((totalmem() * kvMemoryShare) / Math.max(1, bytesPerCell));
  const cellCount = Math.min(
    fits,
    Math.max(defaultCellCount, Math.min(model.trainedContextTokenCount, 32_768)),
  );
  if (cellCount < 256) {
    throw new NearfarError(
      'unavailable',
      `The KV cache of ${model.description} does not fit this machine's memory.`,
    );
  }
  return Math.floor(cellCount / 256) * 256;
}

function findCalibration(options: LoadOptions, model: LlamaModel, context: LlamaContext): Calibration {
  const { library } = model;
  const [cpu] = cpus();
  const key = [
    model.description,
    model.format,
    model.sizeBytes,
    cpu?.model ?? 'unknown CPU',
    cpus().length,
    library.version,
    library.backend,
    model.gpuLayerCount,
    options.threadCount ?? 'auto',
    options.parallelCount,
    options.kvType,
  ].join(' | ');
  const kept = options.curvePath === null ? null : readCalibration(options.curvePath, key);
  // What was measured while the machine was busy is measured once more at the next start.
  if (kept !== null && kept.noise < noisyCalibration) return kept;
  const measured = calibrate({
    decoder: context,
    threadCounts: options.threadCount === null ? threadCandidates(cpus().length) : [options.threadCount],
    outputCount: options.parallelCount,
    budgetMs: calibrationBudgetMs,
    now: () => performance.now(),
  });
  if (options.curvePath !== null) writeCalibration(options.curvePath, key, measured);
  return measured;
}

/** All cores, one fewer, and half (where two logical cores share one): ascending. */
export function threadCandidates(coreCount: number): number[] {
  const candidates = [Math.ceil(coreCount / 2), coreCount - 1, coreCount].filter((count) => count >= 1);
  return [...new Set(candidates)].sort((a, b) => a - b);
}

function describe(
  model: LlamaModel,
  context: LlamaContext,
  calibration: Calibration,
  contextTokenCount: number,
  loadMs: number,
): LoadedModel {
  const { library, vocabulary } = model;
  return {
    contextTokenCount,
    trainedContextTokenCount: model.trainedContextTokenCount,
    vocabTokenCount: vocabulary.tokenCount,
    parameterCount: model.parameterCount,
    sizeBytes: model.sizeBytes,
    description: model.description,
    hasChatTemplate: model.chatTemplate !== null,
    hasFillInMiddle:
      vocabulary.fimPrefix !== null && vocabulary.fimSuffix !== null && vocabulary.fimMiddle !== null,
    prefixGranularity: context.prefixGranularity,
    libraryVersion: library.version,
    backend: library.backend,
    deviceNames: library.devices.map((device) => device.name),
    gpuLayerCount: model.gpuLayerCount,
    threadCount: calibration.threadCount,
    systemInfo: library.systemInfo,
    stepCost: calibration.curve.points,
    loadMs,
  };
}
