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
const pureFileTypes: Readonly<Record<string, string>> = {
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

export interface CalibrationRequest {
  /** Of `calibratableFormats`. */
  readonly formats: readonly string[];
  readonly backend: StepTimesRequest['backend'];
  readonly threadCount: number | null;
  /** Models that are timed in the same rounds, and numbers of sequences that decode together. */
  readonly beside?: readonly string[];
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
 * graph's nodes take beside its matrices. Their steps alternate, so that none finds its weights in the caches.
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
    const models: TimedModel[] = [{ path: await made(thin, 'F16'), deepTokenCount: 0 }];
    for (const format of formats) {
      models.push({ path: await made(wide, format), deepTokenCount: format === 'F16' ? deepTokenCount : 0 });
      models.push({ path: await made(narrow, format), deepTokenCount: 0 });
    }
    const timed = await tools.time(
      {
        ...{ backend, threadCount, prefillTokenCount: promptStep },
        groups: [
          { models, batchSizes: calibratedWidths.slice(0, -1) },
          ...beside.map((path) => ({ models: [{ path, deepTokenCount: 0 }], batchSizes })),
        ],
      },
      {
        signal,
        onProgress: (fraction) => {
          request.onProgress(makingShare + (1 - makingShare) * fraction);
        },
      },
    );
    // Both of seconds, of a machine that is slower in some: the best counts, as of the rounds.
    const bytesPerSecond = Math.max(before.bytesPerSecond, (await tools.bandwidth()).bytesPerSecond);
    const [first, ...others] = timed.groups;
    const [thinTimes, ...pairs] = (first ?? []).map(timesByWidth);
    if (thinTimes === undefined) throw new RangeError('groups: none was timed');
    const byFormat = new Map(
      formats.flatMap((format, index) => {
        const [ofWide, ofNarrow] = pairs.slice(2 * index, 2 * index + 2);
        return ofWide === undefined || ofNarrow === undefined
          ? []
          : [[format, { wide: ofWide, narrow: ofNarrow }]];
      }),
    );
    const deep = first?.[1]?.deep ?? null;
    const found = solveCalibration({ thin: thinTimes, byFormat, deep });
    return {
      calibration: { bytesPerSecond, flops: fastestFlops(found), ...found, threadCount: timed.threadCount },
      beside: others.flat(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function timesByWidth({ decodeMs, prefillMs }: StepTimes): TimesByWidth {
  return [...decodeMs, prefillMs].map((ms) => ms / 1000);
}
