import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { NearfarError } from '../chat/error.ts';
import type { ChatRequest } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';
import type { LoadedSettings } from '../config/load.ts';
import { childEntry, forkChild } from '../engine/child-connection.ts';
import { createLocalModel } from '../engine/local-model.ts';
import { createSupervisor } from '../engine/supervisor.ts';
import type { InstalledModel } from '../models/store.ts';
import { readGguf } from '../models/gguf.ts';
import { stepLoad } from '../models/step-load.ts';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  loadFormats,
  type StepLoad,
} from '../plan/calculate/calibrated-speed.ts';
import { cacheTokens } from '../plan/decide/cache-room.ts';
import { nearParts, networkMs, type NearPart } from '../plan/decide/near-part.ts';
import type { PlanQuestion } from '../plan/decide/question.ts';
import { nearId } from '../plan/decide/settings.ts';
import type { SetUp } from '../plan/decide/set-up.ts';
import { loadOptionsFor } from './load-options.ts';
import { calibrateMachine, covers, keptCalibration, type KeptCalibration } from './machine-speed.ts';
import { findReference } from './model-index.ts';
import { openStore } from './open-store.ts';
import { createMemoryPredictor } from './predicted-memory.ts';
import { formatBytes } from './progress.ts';

/** A figure of which both are known. */
export interface TriedFigure {
  readonly name: string;
  readonly unit: 'bytes' | 'ms';
  readonly predicted: number;
  readonly measured: number;
  /** Predicted over measured, less 1. */
  readonly error: number;
}

export interface Trial {
  readonly isStarted: boolean;
  readonly figures: readonly TriedFigure[];
  readonly lines: readonly string[];
}

const notStarted = (why: string): Trial => ({
  isStarted: false,
  figures: [],
  lines: [`Nothing was started: ${why}`],
});

/**
 * Loads the near model as the set-up would, asks it once, and sets what was predicted beside what was measured. Before that this
 * machine is measured with made-up models, where it was not for the model's formats and `measures` is set.
 */
export async function tryHere(
  question: PlanQuestion,
  setUp: SetUp,
  loaded: LoadedSettings,
  { measures }: { readonly measures: boolean },
): Promise<Trial> {
  const { near } = setUp;
  if (near === null) return notStarted('all of it is answered by a provider.');
  if (near.engine.name !== 'nearfar')
    return notStarted(`${near.engine.name} is not part of nearfar; its commands stand above.`);
  if (near.offer.device.name !== 'this machine')
    return notStarted(`it is for ${near.offer.device.name}; --hardware this plans for this machine.`);
  const store = await openStore(loaded, () => undefined);
  const id = nearId(near);
  const found =
    (await store.find(id)) ?? (near.model.nearfar === null ? null : await store.find(near.model.nearfar));
  if (found === null)
    return notStarted(`${id} is not here yet: nearfar pull ${id}, then nearfar plan --apply --force again.`);
  const settings = withSetUp(loaded, question, near);
  const options = await loadOptionsFor(found, settings, (reference) => findReference(store, reference));
  const need = await createMemoryPredictor()(found, { ...options, hostCacheBytes: 0 });
  const stepsOf = stepLoad(await readGguf(found.path));
  const basis = await measuredMachine(loaded, stepsOf, measures);
  const speedFigures = predictSpeed(question, setUp, found, stepsOf, basis.kept);
  const figures = await measured(found, options, question, (speed) => [
    figure('memory', 'bytes', need.totalBytes, speed.residentBytes),
    ...speedFigures(speed),
  ]);
  const isOther =
    found.id !== id
      ? [`What is here is ${found.id} in ${found.facts.format ?? 'its own format'}; that was tried.`]
      : [];
  return {
    isStarted: true,
    figures,
    lines: [
      ...isOther,
      `Started ${found.id} here, asked once with ${question.traffic.promptTokenCount} tokens, and stopped again:`,
      ...figures.map(lineOf),
      basis.kept === null
        ? `Times are predicted by a rough roofline: ${basis.why}. nearfar plan speed ${found.id} --measure measures this machine for closer ones.`
        : `Times are predicted from what this machine's kernels take of made-up models, measured on ${basis.kept.measuredAt.slice(0, 10)}.`,
    ],
  };
}

type MachineBasis =
  | { readonly kept: KeptCalibration }
  | { readonly kept: null; /** Why it was not measured. */ readonly why: string };

/** What is on record for a model's formats; else measured now, which takes two minutes. */
async function measuredMachine(
  loaded: LoadedSettings,
  load: StepLoad,
  measures: boolean,
): Promise<MachineBasis> {
  const known = keptCalibration(loaded);
  if (covers(known, load)) return { kept: known };
  if (!measures) return { kept: null, why: 'this machine was not measured' };
  const { calibratableFormats } = await import('../measure/calibrate-speed.ts');
  const strange = loadFormats(load).filter((format) => !calibratableFormats.includes(format));
  if (strange.length > 0)
    return { kept: null, why: `no model can be made up in ${strange.join(' and ')} to measure this machine` };
  return { kept: (await calibrateMachine(loaded, load)).kept };
}

function withSetUp(
  loaded: LoadedSettings,
  { traffic }: PlanQuestion,
  { model, batchSize }: NearPart,
): LoadedSettings {
  const engine = {
    ...loaded.settings.engine,
    parallelCount: batchSize,
    contextTokenCount: cacheTokens(traffic, model, batchSize),
    diskCacheBytes: 0,
  };
  return { ...loaded, settings: { ...loaded.settings, engine } };
}

interface MeasuredSpeed {
  /** 0 where the system does not tell. */
  readonly residentBytes: number;
  readonly promptTokenCount: number;
  readonly prefillMs: number;
  readonly interTokenMs: number;
}

async function measured(
  model: InstalledModel,
  load: Awaited<ReturnType<typeof loadOptionsFor>>,
  question: PlanQuestion,
  figuresOf: (speed: MeasuredSpeed) => readonly TriedFigure[],
): Promise<readonly TriedFigure[]> {
  const engine = createSupervisor({
    connect: forkChild(childEntry(), () => undefined),
    load: { ...load, hostCacheBytes: 0, diskCache: null },
    watchdogMs: 120_000,
    log: () => undefined,
  });
  try {
    await engine.ready();
    const local = createLocalModel({
      facts: () => model.facts,
      adapter: null,
      acquire: () => Promise.resolve({ engine, release: () => undefined }),
    });
    const speed = await askOnce(local, question);
    // What the allocator gave back a moment later is not held.
    await sleep(50);
    return figuresOf({ ...speed, residentBytes: residentBytes(engine.processId) });
  } finally {
    await engine.close();
  }
}

/** Tokens that it writes at most; enough for a mean. */
const longestTry = 64;

/** Another prompt each time, so that nothing of it is found again. */
function promptOf(tokenCount: number): string {
  return `${String(process.pid)} ${'word '.repeat(Math.max(1, tokenCount - 8))}`;
}

/** As a program asks that has no wishes; drafts are off, as the prediction has none. */
function requestOf({ traffic }: PlanQuestion): ChatRequest {
  return {
    id: `plan-${randomUUID()}`,
    dialect: 'internal',
    requestedModel: 'near',
    input: { kind: 'text', text: promptOf(traffic.promptTokenCount) },
    sampling: neutralSampling,
    stop: [],
    maxTokenCount: Math.max(2, Math.min(longestTry, traffic.outputTokenCount)),
    choiceCount: 1,
    topLogprobCount: null,
    privacy: 'local_only',
    tenant: 'plan',
    priority: 'interactive',
    answerCache: 'off',
    deadlineAt: null,
    isStreamed: true,
    ignoreEndOfGeneration: true,
    speculation: 'off',
    outputFormat: { type: 'text' },
    keepAliveSeconds: null,
  };
}

async function askOnce(
  model: ReturnType<typeof createLocalModel>,
  question: PlanQuestion,
): Promise<Omit<MeasuredSpeed, 'residentBytes'>> {
  for await (const part of model.stream(requestOf(question), new AbortController().signal)) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'finish') {
      const { usage, timings } = part;
      return {
        promptTokenCount: usage.promptTokenCount,
        prefillMs: timings.prefillMs,
        interTokenMs: timings.decodeMs / Math.max(1, usage.completionTokenCount - 1),
      };
    }
  }
  throw new NearfarError('internal', 'The model stopped without saying how it ended.');
}

/** Linux tells; elsewhere 0, and memory is left out. */
function residentBytes(processId: number | null): number {
  if (process.platform !== 'linux' || processId === null) return 0;
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'));
  return 1024 * Number(match?.[1] ?? 0);
}

/**
 * Predictions for the file that was loaded, with as many tokens as it counted, one answer at once: from what this machine's kernels
 * were measured to take, else (`null`) by the roofline.
 */
function predictSpeed(
  question: PlanQuestion,
  { near }: SetUp,
  { facts }: InstalledModel,
  load: StepLoad,
  kept: KeptCalibration | null,
): (speed: MeasuredSpeed) => readonly TriedFigure[] {
  const answerCount = Math.min(longestTry, question.traffic.outputTokenCount);
  if (kept !== null) {
    const { calibration } = kept;
    return (speed) => [
      figure(
        'first token',
        'ms',
        calibratedPrefillMs(load, calibration, speed.promptTokenCount),
        speed.prefillMs,
      ),
      figure(
        'each token',
        'ms',
        calibratedDecodeMs(load, calibration, 1, speed.promptTokenCount + answerCount / 2),
        speed.interTokenMs,
      ),
    ];
  }
  if (near === null) return () => [];
  const bits = facts.sizeBytes === null ? null : (8 * facts.sizeBytes) / near.model.shape.parameterCount;
  const format = bits === null ? near.format : { ...near.format, bitsPerWeight: bits };
  return (speed) => {
    const asked = { ...question.traffic, promptTokenCount: speed.promptTokenCount, repeatedPromptShare: 0 };
    const [one] = nearParts({ ...question, traffic: asked }, near.model, format, near.engine, near.offer);
    if (one === undefined) return [];
    return [
      figure('first token', 'ms', one.firstTokenMs - networkMs, speed.prefillMs),
      figure('each token', 'ms', one.interTokenMs, speed.interTokenMs),
    ];
  };
}

function figure(
  name: string,
  unit: TriedFigure['unit'],
  predicted: number,
  measuredValue: number,
): TriedFigure {
  return { name, unit, predicted, measured: measuredValue, error: predicted / measuredValue - 1 };
}

function lineOf({ name, unit, predicted, measured: found, error }: TriedFigure): string {
  const words = (value: number): string => (unit === 'bytes' ? formatBytes(value) : `${value.toFixed(1)} ms`);
  return found === 0
    ? `  ${name}: predicted ${words(predicted)}; this system does not tell what it is`
    : `  ${name}: predicted ${words(predicted)} (estimated), ${words(found)} measured: ${error >= 0 ? '+' : ''}${Math.round(100 * error)}%`;
}
