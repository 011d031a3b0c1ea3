import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { readGguf } from '../models/gguf.ts';
import { meanContext } from '../measure/solve-calibration.ts';
import type { StepTimes } from '../measure/step-times.ts';
import { stepLoad } from '../models/step-load.ts';
import { bitsPerWeightOf } from '../models/tensor-format.ts';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  formatEfficiency,
  loadFormats,
  promptStep,
  type StepLoad,
} from '../plan/calculate/calibrated-speed.ts';
import type { OptionValues } from './command.ts';
import { calibrateMachine, covers, keptCalibration, type KeptCalibration } from './machine-speed.ts';
import { renderTable } from './table.ts';

interface Prediction {
  readonly what: string;
  readonly predictedMs: number;
  /** `null`: not measured. */
  readonly measuredMs: number | null;
}

const batchSizes = [1, 8];

/**
 * Of a model's file on this machine: predicted from what its kernels take of made-up models, and with --measure set beside the
 * measured. `null` where this machine was not measured, and is not to be.
 */
export async function planSpeedMeasured(
  model: { readonly name: string; readonly path: string },
  loaded: LoadedSettings,
  options: OptionValues,
  sizes: { readonly promptTokenCount: number; readonly contextTokenCount: number },
): Promise<number | null> {
  const load = stepLoad(await readGguf(model.path));
  const measures = options.flag('measure');
  const known = keptCalibration(loaded);
  if (!measures && !covers(known, load)) return null;
  const measured =
    measures || !covers(known, load)
      ? await calibrateMachine(loaded, load, { path: model.path, batchSizes })
      : { kept: known, beside: null };
  const { kept } = measured;
  const { calibration } = kept;
  const { promptTokenCount, contextTokenCount } = sizes;
  const prefillMs = calibratedPrefillMs(load, calibration, promptTokenCount);
  const stepMs = calibratedDecodeMs(load, calibration, 1, contextTokenCount);
  const predictions = measured.beside === null ? [] : compared(measured.beside, load, kept);
  const worst = Math.max(0, ...predictions.map(errorOf));
  if (options.flag('json')) {
    const report = {
      ...{ model: model.name, device: 'this machine', cpu: kept.cpu, basis: 'estimated' },
      ...{ calibratedAt: kept.measuredAt, calibration, ...sizes },
      ...{ firstTokenMs: prefillMs + stepMs, interTokenMs: stepMs, tokensPerSecond: 1000 / stepMs },
      compared: predictions.map((one) => ({ ...one, error: errorOf(one) })),
      maxError: measures ? worst : null,
    };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return 0;
  }
  const efficiency = loadFormats(load).flatMap((format) => {
    const found = formatEfficiency(format, bitsPerWeightOf(format), calibration);
    if (found === null) return [];
    return [`${format} ${share(found.memory)} of bandwidth, ${share(found.compute)} of FLOPS`];
  });
  process.stdout.write(
    [
      `${model.name} on this machine (${kept.cpu}, ${calibration.threadCount} threads), estimated:`,
      `  first token after a prompt of ${promptTokenCount}: ${(prefillMs + stepMs).toFixed(0)} ms`,
      `  each token at ${contextTokenCount} tokens of context: ${stepMs.toFixed(1)} ms, ${(1000 / stepMs).toFixed(1)} tokens/s`,
      '',
      `From what its kernels take, measured on ${kept.measuredAt.slice(0, 10)} with made-up models, none of them this one: ` +
        `${(calibration.bytesPerSecond / 1e9).toFixed(1)} GB/s, ${(calibration.flops / 1e9).toFixed(0)} GFLOPS; ` +
        `one stream and a prompt reach in ${efficiency.join('; ')}.`,
      'A step takes: weights x seconds of a weight + rows x seconds of a row, by format and width, + nodes of the graph x seconds of a',
      'node + pairs of tokens x attention width x seconds of a pair (docs/planning.md).',
      ...(predictions.length === 0
        ? ['--measure measures this machine anew, and this model beside the prediction.']
        : [
            '',
            renderTable(
              ['STEP', 'PREDICTED', 'MEASURED', 'ERROR'],
              predictions.map((one) => [
                one.what,
                `${one.predictedMs.toFixed(1)} ms`,
                `${(one.measuredMs ?? NaN).toFixed(1)} ms`,
                share(errorOf(one)),
              ]),
            ),
            `Largest error ${share(worst)}. Other work on this machine makes both wrong.`,
          ]),
      '',
    ].join('\n'),
  );
  return 0;
}

function compared(times: StepTimes, load: StepLoad, { calibration }: KeptCalibration): readonly Prediction[] {
  return [
    {
      what: `a prompt of ${promptStep}`,
      predictedMs: calibratedPrefillMs(load, calibration, promptStep),
      measuredMs: times.prefillMs,
    },
    ...batchSizes.map((size, index) => ({
      what: size === 1 ? 'a token of one stream' : `a token of each of ${size}`,
      predictedMs: calibratedDecodeMs(load, calibration, size, meanContext),
      measuredMs: times.decodeMs[index] ?? null,
    })),
  ];
}

function errorOf({ predictedMs, measuredMs }: Prediction): number {
  return Math.abs(predictedMs / (measuredMs ?? NaN) - 1);
}

function share(value: number): string {
  return `${(100 * value).toFixed(0)}%`;
}
