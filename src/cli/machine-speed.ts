import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { missingFormats, type SpeedCalibration, type StepLoad } from '../plan/calculate/calibrated-speed.ts';
import { cpuName } from './faster-format.ts';
import { fasterKernels, foundKernels } from './found-kernels.ts';
import { measuredBandwidth } from './measured-bandwidth.ts';
import { runMeasuring } from './measuring-job.ts';

/** What this machine's kernels take, as it was last measured. */
export interface KeptCalibration {
  readonly calibration: SpeedCalibration;
  readonly measuredAt: string;
  readonly cpu: string;
}

/** Part of the record: figures of another method are not gone on from. */
const methodVersion = 2;

/** Of this processor, from the home; `null`: never measured here. */
export function keptCalibration(home: string): KeptCalibration | null {
  try {
    const kept = JSON.parse(readFileSync(fileOf(home), 'utf8')) as Partial<KeptCalibration> & {
      readonly methodVersion?: number;
      readonly kernels?: string;
    };
    const { calibration, measuredAt, cpu } = kept;
    if (calibration === undefined || cpu !== cpuName() || kept.methodVersion !== methodVersion) return null;
    if ((kept.kernels ?? shipped) !== kernelsOf(home)) return null;
    return { calibration, measuredAt: measuredAt ?? '', cpu };
  } catch {
    return null;
  }
}

const shipped = 'shipped';

/** Kernels that were built since make every figure another one. */
function kernelsOf(home: string): string {
  return foundKernels(home).built?.record.sha256 ?? shipped;
}

/** Whether predictions for a model can be made of it. */
export function covers(kept: KeptCalibration | null, load: StepLoad): kept is KeptCalibration {
  return kept !== null && missingFormats(load, kept.calibration).length === 0;
}

/** Measures anew, for the formats of a model and those that are on record; some ten seconds a format. */
export async function calibrateMachine(loaded: LoadedSettings, load: StepLoad): Promise<KeptCalibration> {
  const known = keptCalibration(loaded.home)?.calibration.secondsPerWeight ?? {};
  const formats = [
    ...new Set([
      ...Object.keys(known),
      ...Object.keys(load.blockWeights),
      ...Object.keys(load.outputWeights),
    ]),
  ];
  const [{ calibrateSpeed }, { measureStepTimes }, { quantizeFile }] = await Promise.all([
    import('../measure/calibrate-speed.ts'),
    import('../measure/step-times-job.ts'),
    import('../engine/llama/quantize-job.ts'),
  ]);
  const { backend, threadCount } = loaded.settings.engine;
  const folder = path.join(loaded.home, 'measured');
  mkdirSync(folder, { recursive: true });
  const calibration = await runMeasuring('measuring this machine', ({ signal, onProgress }) =>
    calibrateSpeed(
      {
        ...{ formats, backend, threadCount, folder, signal, onProgress },
        kernelsFor: (format) => fasterKernels(loaded.home, format),
      },
      {
        quantize: quantizeFile,
        time: measureStepTimes,
        bandwidth: () => measuredBandwidth(loaded.home, { fresh: true }),
      },
    ),
  );
  const kept = { calibration, measuredAt: new Date().toISOString(), cpu: cpuName() };
  writeFileSync(
    fileOf(loaded.home),
    `${JSON.stringify({ methodVersion, kernels: kernelsOf(loaded.home), ...kept })}\n`,
  );
  return kept;
}

function fileOf(home: string): string {
  return path.join(home, 'measured', 'speed.json');
}
