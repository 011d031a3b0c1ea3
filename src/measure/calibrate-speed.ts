import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QuantizeRequest } from '../engine/llama/quantize.ts';
import {
  calibratedWidths,
  type SpeedCalibration,
  type TimesByWidth,
} from '../plan/calculate/calibrated-speed.ts';
import {
  attentionWidthOf,
  blockWeightCount,
  thinShape,
  wideShape,
  writeCalibrationModel,
} from './calibration-model.ts';
import type { StepTimes, StepTimesRequest } from './step-times.ts';

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
  readonly time: (request: StepTimesRequest, options: { readonly signal: AbortSignal }) => Promise<StepTimes>;
  readonly bandwidth: () => Promise<{ readonly bytesPerSecond: number }>;
}

export interface CalibrationRequest {
  /** Of `calibratableFormats`. */
  readonly formats: readonly string[];
  readonly backend: StepTimesRequest['backend'];
  readonly threadCount: number | null;
  /** The CPU kernels that compute a format: see `LibraryOptions`. @default the shipped ones */
  readonly kernelsFor?: (format: string) => string | null;
  /** Where files are made and removed again: 300 MB and less. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

const prefillTokenCount = 512;
const deepTokenCount = 1536;

/**
 * Measures what this machine's kernels take, with two made-up models: a wide one in each format, a thin one for what a layer takes
 * beside its matrices. With times T of n tokens, W weights and L layers, s and c solve W s + L c = T for both.
 * @throws RangeError for a format that cannot be calibrated
 */
export async function calibrateSpeed(
  request: CalibrationRequest,
  tools: CalibrationTools,
): Promise<SpeedCalibration> {
  const formats = [...new Set(['F16', ...request.formats])];
  const unknown = formats.find((format) => !calibratableFormats.includes(format));
  if (unknown !== undefined) throw new RangeError(`format: ${unknown} cannot be calibrated`);
  const folder = await mkdtemp(join(request.folder, 'calibration-'));
  const { signal, backend, threadCount } = request;
  const unitCount = formats.length + 2;
  let done = 0;
  const step = (): void => {
    request.onProgress(++done / unitCount);
  };
  try {
    const { bytesPerSecond } = await tools.bandwidth();
    step();
    const time = (path: string, format: string, deep: number): Promise<StepTimes> =>
      tools.time(
        {
          path,
          backend,
          threadCount,
          prefillTokenCount,
          deepTokenCount: deep,
          batchSizes: calibratedWidths.slice(0, -1),
          builtKernels: request.kernelsFor?.(format) ?? null,
        },
        { signal },
      );
    const wide = join(folder, 'wide-f32.gguf');
    writeCalibrationModel(wide, wideShape);
    const made = async (input: string, format: string): Promise<string> => {
      if (format === 'F32') return input;
      const output = `${input}.${format}.gguf`;
      const fileType = pureFileTypes[format] ?? format;
      await tools.quantize({ input, output, format: fileType, isPure: true, allowRequantize: false, signal });
      return output;
    };
    const thinF32 = join(folder, 'thin-f32.gguf');
    writeCalibrationModel(thinF32, thinShape);
    const thin = await time(await made(thinF32, 'F16'), 'F16', 0);
    step();
    const timed = new Map<string, StepTimes>();
    for (const format of formats) {
      const path = await made(wide, format);
      timed.set(format, await time(path, format, format === 'F16' ? deepTokenCount : 0));
      if (path !== wide) await rm(path, { force: true });
      step();
    }
    return solve(bytesPerSecond, thin, timed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pure. */
export function solve(
  bytesPerSecond: number,
  thin: StepTimes,
  timed: ReadonlyMap<string, StepTimes>,
): SpeedCalibration {
  const base = timed.get('F16');
  if (base === undefined || base.deepPrefillMs === null || base.deepDecodeMs === null)
    throw new RangeError('format: F16 must be timed, deep too');
  const width = attentionWidthOf(wideShape);
  const contextOfDecode = 16;
  const pair = {
    prefill: (base.deepPrefillMs - base.prefillMs) / 1000 / (prefillTokenCount * deepTokenCount) / width,
    decode:
      (base.deepDecodeMs - (base.decodeMs[0] ?? NaN)) / 1000 / (deepTokenCount + prefillTokenCount) / width,
  };
  const secondsPerPair = { prefill: Math.max(0, pair.prefill), decode: Math.max(0, pair.decode) };
  const seconds = (times: StepTimes, attentionWidth: number): TimesByWidth => [
    ...times.decodeMs.map(
      (ms, index) =>
        ms / 1000 -
        (calibratedWidths[index] ?? NaN) * contextOfDecode * attentionWidth * secondsPerPair.decode,
    ),
    times.prefillMs / 1000 - (prefillTokenCount ** 2 / 2) * attentionWidth * secondsPerPair.prefill,
  ];
  const wideF16 = seconds(base, width);
  const thinF16 = seconds(thin, attentionWidthOf(thinShape));
  const [wideWeights, thinWeights] = [blockWeightCount(wideShape), blockWeightCount(thinShape)];
  const [wideLayers, thinLayers] = [wideShape.layerCount, thinShape.layerCount];
  const determinant = wideWeights * thinLayers - thinWeights * wideLayers;
  const secondsPerLayer = thinF16.map((thinSeconds, index) =>
    Math.max(0, (wideWeights * thinSeconds - thinWeights * (wideF16[index] ?? NaN)) / determinant),
  );
  const secondsPerWeight: Record<string, TimesByWidth> = {};
  for (const [format, times] of timed) {
    secondsPerWeight[format] = seconds(times, width).map((whole, index) =>
      Math.max(1e-15, (whole - wideLayers * (secondsPerLayer[index] ?? 0)) / wideWeights),
    );
  }
  const fastest = Math.min(...Object.values(secondsPerWeight).map((times) => times.at(-1) ?? Infinity));
  return {
    bytesPerSecond,
    flops: (2 * prefillTokenCount) / fastest,
    secondsPerWeight,
    secondsPerLayer,
    secondsPerPair,
    threadCount: base.threadCount,
  };
}
