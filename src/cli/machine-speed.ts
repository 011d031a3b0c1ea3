import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import {
  loadFormats,
  missingFormats,
  type SpeedCalibration,
  type StepLoad,
} from '../plan/calculate/calibrated-speed.ts';
import type { StepTimes } from '../measure/step-times.ts';
import { cpuName } from './faster-format.ts';
import { foundKernels, kernelsFor } from './found-kernels.ts';
import { measuredBandwidth } from './measured-bandwidth.ts';
import { runMeasuring } from './measuring-job.ts';

/** What this machine's kernels take, as it was last measured. */
export interface KeptCalibration {
  readonly calibration: SpeedCalibration;
  readonly measuredAt: string;
  readonly cpu: string;
}

/** Part of the record: figures of another method are not gone on from. */
const methodVersion = 3;

/** Of this processor and the kernels that the settings let compute; `null`: never measured here. */
export function keptCalibration(loaded: LoadedSettings): KeptCalibration | null {
  const { home } = loaded;
  try {
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8')) as Partial<KeptCalibration> & {
      readonly methodVersion?: number;
      readonly kernels?: string;
    };
    const { calibration, measuredAt, cpu } = kept;
    if (calibration === undefined || cpu !== cpuName() || kept.methodVersion !== methodVersion) return null;
    if ((kept.kernels ?? shipped) !== kernelsOf(loaded)) return null;
    return { calibration, measuredAt: measuredAt ?? '', cpu };
  } catch {
    return null;
  }
}

const shipped = 'shipped';

/** Kernels that were built since, or another setting, make every figure another one. */
function kernelsOf({ home, settings }: LoadedSettings): string {
  const { kernels } = settings.engine;
  const built = kernels === shipped ? undefined : foundKernels(home).built?.record.sha256;
  return built === undefined ? shipped : `${kernels} ${built}`;
}

/** Whether predictions for a model can be made of it. */
export function covers(kept: KeptCalibration | null, load: StepLoad): kept is KeptCalibration {
  return kept !== null && missingFormats(load, kept.calibration).length === 0;
}

/** A model that is timed in turns with the made-up ones. */
export interface TimedBeside {
  readonly path: string;
  /** Numbers of sequences that decode together. */
  readonly batchSizes: readonly number[];
}

/**
 * Measures anew, for the formats of a model and those that are on record: some 35 seconds a format on two cores.
 * @returns what is on record from now on, and what `beside` took in the same rounds
 */
export async function calibrateMachine(
  loaded: LoadedSettings,
  load: StepLoad,
  beside: TimedBeside | null = null,
): Promise<{ readonly kept: KeptCalibration; readonly beside: StepTimes | null }> {
  const known = keptCalibration(loaded)?.calibration.secondsPerWeight ?? {};
  const formats = [...new Set([...Object.keys(known), ...loadFormats(load)])];
  const [{ calibrateSpeed }, { measureStepTimes }, { quantizeFile }] = await Promise.all([
    import('../measure/calibrate-speed.ts'),
    import('../measure/step-times-job.ts'),
    import('../engine/llama/quantize-job.ts'),
  ]);
  const { backend, threadCount } = loaded.settings.engine;
  const folder = path.join(loaded.home, 'measured');
  mkdirSync(folder, { recursive: true });
  const measured = await runMeasuring('measuring this machine', ({ signal, onProgress }) =>
    calibrateSpeed(
      {
        ...{ formats, backend, threadCount, folder, signal, onProgress },
        kernelsFor: (format) => kernelsFor(loaded, format),
        ...(beside === null
          ? {}
          : {
              beside: [{ path: beside.path, format: mainFormat(load) }],
              batchSizes: beside.batchSizes,
            }),
      },
      {
        quantize: quantizeFile,
        time: measureStepTimes,
        bandwidth: () => measuredBandwidth(loaded.home, { fresh: true }),
      },
    ),
  );
  const { calibration } = measured;
  const kept = { calibration, measuredAt: new Date().toISOString(), cpu: cpuName() };
  writeFileSync(
    fileOf(loaded.home),
    `${JSON.stringify({ methodVersion, kernels: kernelsOf(loaded), ...kept })}\n`,
  );
  return { kept, beside: measured.beside[0] ?? null };
}

/** That of most weights, whose kernels compute the model. */
function mainFormat({ blocks, ends }: StepLoad): string {
  const weights = new Map<string, number>();
  for (const [format, { weightCount }] of [...Object.entries(blocks), ...Object.entries(ends)])
    weights.set(format, (weights.get(format) ?? 0) + weightCount);
  return [...weights].toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? 'F16';
}

function fileOf(home: string): string {
  return path.join(home, 'measured', 'speed.json');
}
