import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QuantizeRequest } from '../engine/llama/quantize.ts';
import {
  calibratedWidths,
  fastestFlops,
  promptStep,
  type SpeedCalibration,
  type TimesByWidth,
} from '../plan/calculate/calibrated-speed.ts';
import {
  narrowShape,
  thinShape,
  wideShape,
  writeCalibrationModel,
  type CalibrationShape,
} from './calibration-model.ts';
import { deepTokens, solveCalibration } from './solve-calibration.ts';
import type { GroupTimes, StepTimes, StepTimesRequest, TimedModel } from './step-times.ts';

/** File types that write every tensor in one format. */
export const pureFileTypes: Readonly<Record<string, string>> = {
  F16: 'F16',
  BF16: 'BF16',
  Q8_0: 'Q8_0',
  Q6_K: 'Q6_K',
  Q5_K: 'Q5_K_S',
  Q5_0: 'Q5_0',
  Q5_1: 'Q5_1',
  Q4_K: 'Q4_K_S',
  Q4_0: 'Q4_0',
  Q4_1: 'Q4_1',
  Q3_K: 'Q3_K_S',
  Q2_K: 'Q2_K',
  IQ4_NL: 'IQ4_NL',
  IQ4_XS: 'IQ4_XS',
  MXFP4: 'MXFP4_MOE',
};

/** Formats of tensors that the machine's kernels can be timed in. */
export const calibratableFormats: readonly string[] = ['F32', ...Object.keys(pureFileTypes)].filter(
  (format) => format !== 'MXFP4',
);

export interface CalibrationTools {
  readonly quantize: (request: QuantizeRequest & { readonly signal: AbortSignal }) => Promise<unknown>;
  readonly time: (
    request: StepTimesRequest,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ) => Promise<GroupTimes>;
  readonly bandwidth: () => Promise<{ readonly bytesPerSecond: number }>;
}

export interface BesideModel {
  readonly path: string;
  /** Of `formats`: that of most of its weights, whose kernels compute it. */
  readonly format: string;
}

export interface CalibrationRequest {
  /** Of `calibratableFormats`. */
  readonly formats: readonly string[];
  readonly backend: StepTimesRequest['backend'];
  readonly threadCount: number | null;
  /** The CPU kernels that compute a format: see `LibraryOptions`. @default the shipped ones */
  readonly kernelsFor?: (format: string) => string | null;
  /** Models that are timed in the same rounds, and numbers of sequences that decode together. */
  readonly beside?: readonly BesideModel[];
  readonly batchSizes?: readonly number[];
  /** Where files are made and removed again: 0.6 GB, and up to 0.2 GB more a format. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

const deepTokenCount = deepTokens - promptStep;

export interface MachineMeasurement {
  readonly calibration: SpeedCalibration;
  /** Of `beside`, in its order: measured in the same rounds. */
  readonly beside: readonly StepTimes[];
}

/**
 * Measures what this machine's kernels take, with made-up models: a wide and a narrow one in each format, a thin one for what the
 * graph's nodes take beside its matrices. Their steps alternate, so that none finds its weights in the caches; formats that other
 * kernels compute are timed by themselves, in a process of those.
 * @param request.beside files of models to be timed in turns with them, by themselves
 * @throws RangeError for a format that cannot be calibrated
 */
export async function calibrateSpeed(
  request: CalibrationRequest,
  tools: CalibrationTools,
): Promise<MachineMeasurement> {
  const formats = [...new Set(['F16', ...request.formats])];
  const unknown = formats.find((format) => !calibratableFormats.includes(format));
  if (unknown !== undefined) throw new RangeError(`format: ${unknown} cannot be calibrated`);
  const folder = await mkdtemp(join(request.folder, 'calibration-'));
  const { signal, backend, threadCount, batchSizes = [], beside = [] } = request;
  const makingShare = 0.1;
  const makingCount = 2 * formats.length + 2;
  let madeCount = 0;
  const step = (): void => {
    request.onProgress((makingShare * ++madeCount) / makingCount);
  };
  try {
    const before = await tools.bandwidth();
    step();
    const made = async (input: string, format: string): Promise<string> => {
      step();
      if (format === 'F32') return input;
      const output = `${input}.${format}.gguf`;
      const fileType = pureFileTypes[format] ?? format;
      await tools.quantize({ input, output, format: fileType, isPure: true, allowRequantize: false, signal });
      return output;
    };
    const source = (name: string, shape: CalibrationShape): string => {
      const file = join(folder, `${name}.gguf`);
      writeCalibrationModel(file, shape);
      return file;
    };
    const [thin, wide, narrow] = [
      source('thin', thinShape),
      source('wide', wideShape),
      source('narrow', narrowShape),
    ];
    const models = new Map<string, readonly TimedModel[]>();
    const thinModel: TimedModel = { path: await made(thin, 'F16'), deepTokenCount: 0 };
    for (const format of formats)
      models.set(format, [
        { path: await made(wide, format), deepTokenCount: format === 'F16' ? deepTokenCount : 0 },
        { path: await made(narrow, format), deepTokenCount: 0 },
      ]);
    // A process has one set of kernels. F16 comes first, and the thin model with it.
    const kernelsFor = request.kernelsFor ?? (() => null);
    const kinds = [...new Set(formats.map(kernelsFor))];
    let thinTimes: TimesByWidth | null = null;
    let deep: StepTimes['deep'] = null;
    let timedThreadCount = 1;
    const byFormat = new Map<string, { readonly wide: TimesByWidth; readonly narrow: TimesByWidth }>();
    const besideTimes = new Map<BesideModel, StepTimes>();
    for (const [kindIndex, kernels] of kinds.entries()) {
      const ofKind = formats.filter((format) => kernelsFor(format) === kernels);
      const isFirst = kindIndex === 0;
      const besides = beside.filter(({ format }) => kernelsFor(format) === kernels);
      const timed = await tools.time(
        {
          ...{ backend, threadCount, prefillTokenCount: promptStep, builtKernels: kernels },
          groups: [
            {
              models: [
                ...(isFirst ? [thinModel] : []),
                ...ofKind.flatMap((format) => models.get(format) ?? []),
              ],
              batchSizes: calibratedWidths.slice(0, -1),
            },
            ...besides.map(({ path }) => ({ models: [{ path, deepTokenCount: 0 }], batchSizes })),
          ],
        },
        {
          signal,
          onProgress: (fraction) => {
            request.onProgress(makingShare + ((1 - makingShare) * (kindIndex + fraction)) / kinds.length);
          },
        },
      );
      timedThreadCount = timed.threadCount;
      const [ofFormats = [], ...others] = timed.groups;
      if (isFirst) [thinTimes, deep] = [timesByWidth(ofFormats[0]), ofFormats[1]?.deep ?? null];
      const pairs = ofFormats.slice(isFirst ? 1 : 0);
      for (const [index, format] of ofKind.entries())
        byFormat.set(format, {
          wide: timesByWidth(pairs[2 * index]),
          narrow: timesByWidth(pairs[2 * index + 1]),
        });
      for (const [index, one] of besides.entries()) {
        const times = others[index]?.[0];
        if (times !== undefined) besideTimes.set(one, times);
      }
    }
    if (thinTimes === null) throw new RangeError('format: none was timed');
    // Both of seconds, of a machine that is slower in some: the best counts, as of the rounds.
    const bytesPerSecond = Math.max(before.bytesPerSecond, (await tools.bandwidth()).bytesPerSecond);
    const found = solveCalibration({ thin: thinTimes, byFormat, deep });
    return {
      calibration: { bytesPerSecond, flops: fastestFlops(found), ...found, threadCount: timedThreadCount },
      beside: beside.flatMap((one) => besideTimes.get(one) ?? []),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws RangeError where a model was not timed */
function timesByWidth(times: StepTimes | undefined): TimesByWidth {
  if (times === undefined) throw new RangeError('models: one was not timed');
  const { decodeMs, prefillMs } = times;
  return [...decodeMs, prefillMs].map((ms) => ms / 1000);
}
