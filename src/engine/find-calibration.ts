import { cpus } from 'node:os';
import { calibrate, type Calibration } from './calibrate.ts';
import { readCalibration, writeCalibration } from './curve-file.ts';
import type { KvType } from './kv-type.ts';
import type { LlamaContext } from './llama/context.ts';
import type { LlamaModel } from './llama/model.ts';

export interface CalibrationSetup {
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly kvType: KvType;
  /** To choose from; one = not measured. */
  readonly threadCounts: readonly number[];
  /** What the choice was made by: a number that was asked for, or none. */
  readonly threadSetting: number | 'auto';
  /** Rows with logits of the steps that are measured. */
  readonly outputCount: number;
  readonly budgetMs: number;
  /** `null` = not kept. */
  readonly curvePath: string | null;
  /** Of a split pool; `null` = one pool for all. */
  readonly streamCount: number | null;
}

const noisyCalibration = 1.5;

/** The step-cost curve: read if it was measured before, else measured now and kept. */
export function findCalibration(setup: CalibrationSetup): Calibration {
  const { model, context, curvePath } = setup;
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
    setup.threadSetting,
    `${setup.outputCount} rows`,
    setup.kvType,
    // Nothing for the shipped ones, so that what is on record of them stays.
    ...(library.kernels === 'built' ? ['built kernels'] : []),
  ].join(' | ');
  const kept = curvePath === null ? null : readCalibration(curvePath, key);
  // What was measured while the machine was busy is measured once more at the next start. A split pool is not what
  // people are served from: it takes what is known, and what it measures is not kept.
  const { streamCount } = setup;
  if (kept !== null && (streamCount !== null || kept.noise < noisyCalibration)) return kept;
  const measured = calibrate({
    decoder: streamCount === null ? context : { ...context, cellCount: context.cellCount / streamCount },
    threadCounts: setup.threadCounts,
    outputCount: setup.outputCount,
    budgetMs: setup.budgetMs,
    now: () => performance.now(),
  });
  if (curvePath !== null && streamCount === null) writeCalibration(curvePath, key, measured);
  return measured;
}
