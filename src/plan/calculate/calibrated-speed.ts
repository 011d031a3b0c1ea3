import { requireNumber } from './figure.ts';

/** Tokens of one step at which a machine is calibrated: one stream, small batches, whose kernels differ, and a prompt. */
export const calibratedWidths = [1, 2, 4, 8, 512] as const;

/** Seconds of a step at each of `calibratedWidths`. */
export type TimesByWidth = readonly number[];

/** What this machine's kernels take, measured with made-up models. */
export interface SpeedCalibration {
  readonly bytesPerSecond: number;
  /** Operations per second of the fastest format's kernels on a whole prompt: the measured compute of this machine. */
  readonly flops: number;
  /** By the format of a tensor: seconds that a step takes for each of its weights. */
  readonly secondsPerWeight: Readonly<Record<string, TimesByWidth>>;
  /** Beside its matrices, of one layer: norms, positions, waiting of threads for each other. */
  readonly secondsPerLayer: TimesByWidth;
  /** For each pair of tokens and each number of the attention's width (layers x heads x head length). */
  readonly secondsPerPair: { readonly decode: number; readonly prefill: number };
  readonly threadCount: number;
}

/** What a step of a model has to do. */
export interface StepLoad {
  /** Weights of the blocks' matrices, by the format of their tensors. */
  readonly blockWeights: Readonly<Record<string, number>>;
  /** Weights of the output's matrix: read for each row of logits only. */
  readonly outputWeights: Readonly<Record<string, number>>;
  readonly layerCount: number;
  readonly attentionWidth: number;
}

/** Formats that a calibration lacks for a model. Pure. */
export function missingFormats(
  load: StepLoad,
  calibration: Pick<SpeedCalibration, 'secondsPerWeight'>,
): readonly string[] {
  const needed = [...Object.keys(load.blockWeights), ...Object.keys(load.outputWeights)];
  return [...new Set(needed)].filter((format) => !Object.hasOwn(calibration.secondsPerWeight, format));
}

/**
 * Seconds of a step of `width` tokens with `rowCount` rows of logits: weights x seconds of a weight + layers x seconds of a layer +
 * pairs x attention width x seconds of a pair. Between calibrated widths by a straight line.
 * @param pairCount pairs of tokens that attention compares, over all sequences
 * @throws RangeError naming formats that were not calibrated
 */
function stepSeconds(
  load: StepLoad,
  calibration: SpeedCalibration,
  step: {
    readonly kind: 'decode' | 'prefill';
    readonly width: number;
    readonly rowCount: number;
    readonly pairCount: number;
  },
): number {
  const missing = missingFormats(load, calibration);
  if (missing.length > 0) throw new RangeError(`format: ${missing.join(', ')} not calibrated`);
  const of = (weights: Readonly<Record<string, number>>, width: number): number =>
    Object.entries(weights).reduce((sum, [format, count]) => {
      const times = calibration.secondsPerWeight[format];
      return sum + count * (times === undefined ? NaN : timeAt(times, width));
    }, 0);
  return (
    of(load.blockWeights, step.width) +
    of(load.outputWeights, step.rowCount) +
    load.layerCount * timeAt(calibration.secondsPerLayer, step.width) +
    step.pairCount * load.attentionWidth * calibration.secondsPerPair[step.kind]
  );
}

/** Straight lines between the calibrated widths, and on beyond the last. */
export function timeAt(times: TimesByWidth, width: number): number {
  requireNumber('width', width, 1);
  const next = calibratedWidths.findIndex((calibrated) => calibrated >= width);
  const at = Math.max(1, next === -1 ? calibratedWidths.length - 1 : next);
  const [from = 1, to = 1] = calibratedWidths.slice(at - 1, at + 1);
  const [a = NaN, b = NaN] = times.slice(at - 1, at + 1);
  return Math.max(0, a + ((b - a) * (width - from)) / (to - from));
}

/** Milliseconds in which a prompt is read, in steps of 512 tokens. */
export function calibratedPrefillMs(
  load: StepLoad,
  calibration: SpeedCalibration,
  promptTokenCount: number,
): number {
  requireNumber('promptTokenCount', promptTokenCount, 1);
  let seconds = 0;
  for (let from = 0; from < promptTokenCount; from += 512) {
    const width = Math.min(512, promptTokenCount - from);
    const pairCount = width * (from + width / 2);
    seconds += stepSeconds(load, calibration, { kind: 'prefill', width, rowCount: 1, pairCount });
  }
  return 1000 * seconds;
}

/** Milliseconds of a step in which `batchSize` sequences with so much context get a token each. */
export function calibratedDecodeMs(
  load: StepLoad,
  calibration: SpeedCalibration,
  batchSize: number,
  contextTokenCount: number,
): number {
  const pairCount = batchSize * contextTokenCount;
  return (
    1000 *
    stepSeconds(load, calibration, { kind: 'decode', width: batchSize, rowCount: batchSize, pairCount })
  );
}

/** How near a format's kernels come to what was measured of the machine: bytes of one stream, operations of a prompt. */
export function formatEfficiency(
  format: string,
  bitsPerWeight: number,
  calibration: SpeedCalibration,
): { readonly memory: number; readonly compute: number } | null {
  const times = calibration.secondsPerWeight[format];
  if (times === undefined) return null;
  return {
    memory: bitsPerWeight / 8 / (times[0] ?? NaN) / calibration.bytesPerSecond,
    compute: (2 * 512) / (times.at(-1) ?? NaN) / calibration.flops,
  };
}
