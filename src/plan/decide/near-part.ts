import type { PlanEngine } from '../catalogue/engines.ts';
import type { PlanFormat } from '../catalogue/formats.ts';
import type { PlanModel } from '../catalogue/models.ts';
import { kvBytes, kvBytesPerToken } from '../calculate/attention.ts';
import { decodeStep, prefillStep, type Machine, type ModelLoad } from '../calculate/roofline.ts';
import { cacheTokens } from './cache-room.ts';
import type { Offer, PlanQuestion } from './question.ts';

/** A model in a format, run by an engine on so many devices, with so many answers at once: one machine. */
export interface NearPart {
  readonly model: PlanModel;
  readonly format: PlanFormat;
  readonly engine: PlanEngine;
  readonly offer: Offer;
  /** Over which the model is split. */
  readonly splitCount: number;
  readonly batchSize: number;
  readonly memory: {
    readonly weightBytes: number;
    /** Of all answers under way, and of the longest request at least. */
    readonly cacheBytes: number;
    readonly overheadBytes: number;
    readonly totalBytes: number;
    readonly usableBytes: number;
  };
  readonly firstTokenMs: number;
  readonly interTokenMs: number;
  /** Of one machine with its batch full. */
  readonly requestsPerSecond: number;
  readonly boundBy: 'memory' | 'compute';
}

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** What going over the network to a server and back adds; assumed. */
export const networkMs = 20;
/** Of the bandwidth and FLOPS of several devices together, what is left after they have waited for each other; assumed. */
export const splitEfficiency = 0.85;

/**
 * All machines that hold this model so: for each number of answers at once that fits the memory. Empty where not even one does, or
 * the context is too short, or the engine runs elsewhere.
 */
export function nearParts(
  question: PlanQuestion,
  model: PlanModel,
  format: PlanFormat,
  engine: PlanEngine,
  offer: Offer,
): readonly NearPart[] {
  const { traffic } = question;
  const tokenCount = traffic.promptTokenCount + traffic.outputTokenCount;
  if (!runs(engine, offer) || !engine.formats.includes(format.name)) return [];
  if (tokenCount > model.shape.contextTokenCount) return [];
  const weightBytes = (model.shape.parameterCount * format.bitsPerWeight) / 8;
  const cacheOf = (batchSize: number): number => {
    const longest = cacheTokens(traffic, model, 1);
    // Windows end where they end in each answer by itself: many short answers are no long one.
    return Math.max(
      kvBytes(model.shape.layers, longest, 2),
      batchSize * kvBytes(model.shape.layers, tokenCount, 2),
    );
  };
  const parts: NearPart[] = [];
  for (const splitCount of splits(engine, offer, weightBytes + cacheOf(1) + engine.overheadBytes)) {
    const usableBytes = offer.device.memoryBytes * offer.device.usableShare * splitCount;
    const machine = machineOf(engine, format, offer, splitCount);
    const load = loadOf(model, weightBytes);
    for (const batchSize of batchSizes) {
      if (batchSize > engine.batchLimit) break;
      const cacheBytes = cacheOf(batchSize);
      const totalBytes = weightBytes + cacheBytes + engine.overheadBytes;
      if (totalBytes > usableBytes) break;
      const memory = {
        weightBytes,
        cacheBytes,
        overheadBytes: engine.overheadBytes,
        totalBytes,
        usableBytes,
      };
      parts.push({
        ...{ model, format, engine, offer, splitCount, batchSize, memory },
        ...speedOf(question, load, machine, engine, batchSize, offer),
      });
    }
  }
  return parts;
}

function runs(engine: PlanEngine, { device }: Offer): boolean {
  if (!engine.runsOn.includes(device.kind)) return false;
  return engine.systems === null || device.systems.some((system) => engine.systems?.includes(system));
}

/** The fewest devices that hold it, and twice as many, where it is split at all. */
function splits(engine: PlanEngine, { device, countLimit }: Offer, neededBytes: number): readonly number[] {
  const most = Math.min(engine.splitLimit, countLimit, device.kind === 'gpu' ? 8 : 1);
  const possible = [1, 2, 4, 8].filter((count) => count <= most);
  const least = possible.findIndex((count) => neededBytes <= device.memoryBytes * device.usableShare * count);
  return least < 0 ? [] : possible.slice(least, least + 2);
}

function machineOf(engine: PlanEngine, format: PlanFormat, { device }: Offer, splitCount: number): Machine {
  const sixteen = device.flops16 ?? device.assumedFlops16;
  const isFast = format.hasFastMath && (format.kind === 'FP8' ? device.hasFp8 : true);
  const flops = isFast ? (device.flops8 ?? sixteen) : sixteen;
  const together = splitCount === 1 ? 1 : splitCount * splitEfficiency;
  return {
    memoryBytesPerSecond: device.memoryBytesPerSecond * together,
    flops: flops === null ? null : flops * together,
    efficiency: {
      memory: engine.efficiency.memory * format.kernelShare,
      compute: engine.efficiency.compute * format.kernelShare,
    },
  };
}

function loadOf({ shape }: PlanModel, weightBytes: number): ModelLoad {
  const layerCount = shape.layers.reduce((sum, group) => sum + group.layerCount, 0);
  return {
    weightBytes: weightBytes * (shape.activeParameterCount / shape.parameterCount),
    activeParameterCount: shape.activeParameterCount,
    kvBytesPerToken: kvBytesPerToken(shape.layers, 2),
    attentionWidth: layerCount * shape.headCount * shape.headLength,
  };
}

/** Continuous batching in its steady state: each prompt is read once, and all answers under way wait for it. */
function speedOf(
  { traffic }: PlanQuestion,
  load: ModelLoad,
  machine: Machine,
  engine: PlanEngine,
  batchSize: number,
  offer: Offer,
): Pick<NearPart, 'firstTokenMs' | 'interTokenMs' | 'requestsPerSecond' | 'boundBy'> {
  const readShare = engine.hasPrefixCache ? 1 - traffic.repeatedPromptShare : 1;
  const readCount = Math.max(1, Math.round(traffic.promptTokenCount * readShare));
  const step = decodeStep(load, machine, batchSize, traffic.promptTokenCount + traffic.outputTokenCount / 2);
  const prefillMs = prefillStep(load, machine, readCount).ms;
  // While this answer is written as many prompts are read as there are others.
  const interTokenMs = step.ms + (prefillMs * (batchSize - 1)) / traffic.outputTokenCount;
  const wholeMs = prefillMs + traffic.outputTokenCount * interTokenMs;
  return {
    firstTokenMs: prefillMs + step.ms + (offer.terms === 'users' ? 0 : networkMs),
    interTokenMs,
    requestsPerSecond: (1000 * batchSize) / wholeMs,
    boundBy: step.boundBy,
  };
}

/** Milliseconds of a decode step of so many sequences by this part's engine, format and device. */
export function stepMsOf(question: PlanQuestion, part: NearPart, sequenceCount: number): number {
  const { traffic } = question;
  const machine = machineOf(part.engine, part.format, part.offer, part.splitCount);
  const load = loadOf(part.model, part.memory.weightBytes);
  return decodeStep(load, machine, sequenceCount, traffic.promptTokenCount + traffic.outputTokenCount / 2).ms;
}
