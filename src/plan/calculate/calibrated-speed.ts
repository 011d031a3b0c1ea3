import { requireNumber } from './figure.ts';

/** Tokens of one step at which a machine is calibrated: one stream, small batches, whose kernels differ, and a prompt. */
export const calibratedWidths = [1, 2, 3, 4, 8, 512] as const;
/** Tokens of a prompt that are read in one step. */
export const promptStep = 512;
/** Attention goes over this many cells of the cache at a time, whoever they belong to (llama_kv_cache::get_n_kv). */
const cellStep = 256;
/** Columns of the made-up models' widest matrices, on average: nothing is taken to gain from still longer rows. */
const widestColumns = 1024;

/** Seconds of a step at each of `calibratedWidths`. */
export type TimesByWidth = readonly number[];

/** What this machine's kernels take, measured with made-up models. */
export interface SpeedCalibration {
  readonly bytesPerSecond: number;
  /** Operations per second of the fastest format's kernels on a whole prompt: the measured compute of this machine. */
  readonly flops: number;
  /** By the format of a tensor: seconds that a step takes for each of its weights. */
  readonly secondsPerWeight: Readonly<Record<string, TimesByWidth>>;
  /** And for each of its rows, however short: a row is one number of the result, summed up and written by itself. */
  readonly secondsPerRow: Readonly<Record<string, TimesByWidth>>;
  /** For each node of the graph: threads wait for each other after each. */
  readonly secondsPerNode: TimesByWidth;
  /** For each pair of a token and a cell, and each number of the attention's width (layers x heads x head length). */
  readonly secondsPerPair: { readonly decode: number; readonly prefill: number };
  /** For each cell that a token may not look at, of other sequences or empty, and each head of each layer. */
  readonly secondsPerMaskedCell: number;
  readonly threadCount: number;
}

/** Matrices of one format: weights, and the rows that they stand in. */
export interface MatrixSize {
  readonly weightCount: number;
  readonly rowCount: number;
}

/** By format. */
export type Matrices = Readonly<Record<string, MatrixSize>>;

/** What a step of a model has to do. */
export interface StepLoad {
  /** Of the blocks, computed for every token. */
  readonly blocks: Matrices;
  /** Of the last block's feed-forward part and the output: computed for rows of logits only. */
  readonly ends: Matrices;
  /** Of the whole graph that wait for each other. */
  readonly nodeCount: number;
  /** Layers x heads. */
  readonly headCount: number;
  /** Layers x heads x head length. */
  readonly attentionWidth: number;
}

/** The formats of a model's matrices. Pure. */
export function loadFormats(load: StepLoad): readonly string[] {
  return [...new Set([...Object.keys(load.blocks), ...Object.keys(load.ends)])];
}

/** Formats that a calibration lacks for a model. Pure. */
export function missingFormats(
  load: StepLoad,
  calibration: Pick<SpeedCalibration, 'secondsPerWeight'>,
): readonly string[] {
  return loadFormats(load).filter((format) => !Object.hasOwn(calibration.secondsPerWeight, format));
}

interface Step {
  readonly kind: 'decode' | 'prefill';
  readonly width: number;
  readonly rowCount: number;
  /** Pairs of a token and a cell that it looks at, over all sequences. */
  readonly pairCount: number;
  readonly maskedCount: number;
}

/**
 * Seconds of a step of `width` tokens with `rowCount` rows of logits: weights x seconds of a weight + rows x seconds of a row, by the
 * formats of tensors, + nodes x seconds of a node + attention.
 * @throws RangeError naming formats that were not calibrated
 */
function stepSeconds(load: StepLoad, calibration: SpeedCalibration, step: Step): number {
  const missing = missingFormats(load, calibration);
  if (missing.length > 0) throw new RangeError(`format: ${missing.join(', ')} not calibrated`);
  return (
    matrixSeconds(load.blocks, calibration, step.width) +
    matrixSeconds(load.ends, calibration, step.rowCount) +
    load.nodeCount * timeAt(calibration.secondsPerNode, step.width) +
    attentionSeconds(load, calibration, step)
  );
}

/**
 * Seconds of the matrices for so many tokens. Kernels take tokens by fours, and what is left over by itself: between 4 and 8 that is
 * a step of four and one of the rest, at most one of eight. Rows longer than any that was measured count as several: what a
 * weight alone takes is a limit that was not reached.
 */
function matrixSeconds(matrices: Matrices, calibration: SpeedCalibration, width: number): number {
  return Object.entries(matrices).reduce((sum, [format, { weightCount, rowCount }]) => {
    const perWeight = calibration.secondsPerWeight[format];
    const perRow = calibration.secondsPerRow[format];
    if (perWeight === undefined || perRow === undefined) return NaN;
    const rows = Math.max(rowCount, weightCount / widestColumns);
    const at = (tokens: number): number =>
      weightCount * timeAt(perWeight, tokens) + rows * timeAt(perRow, tokens);
    return sum + (width > 4 && width < 8 ? Math.min(at(4) + at(Math.max(1, width - 4)), at(8)) : at(width));
  }, 0);
}

/** What attention takes beside the matrices. Pure. */
export function attentionSeconds(
  load: Pick<StepLoad, 'attentionWidth' | 'headCount'>,
  calibration: Pick<SpeedCalibration, 'secondsPerPair' | 'secondsPerMaskedCell'>,
  { kind, pairCount, maskedCount }: Pick<Step, 'kind' | 'pairCount' | 'maskedCount'>,
): number {
  return (
    pairCount * load.attentionWidth * calibration.secondsPerPair[kind] +
    maskedCount * load.headCount * calibration.secondsPerMaskedCell
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

/** Cells that attention goes over where so many are used. */
function cellsOver(usedCount: number): number {
  return cellStep * Math.max(1, Math.ceil(usedCount / cellStep));
}

/**
 * The step that reads tokens [from, from + width) of a prompt. Its kernel multiplies tiles whole, masked or not, so that pairs are
 * counted as a rectangle.
 */
export function prefillStep(from: number, width: number): Step {
  return {
    ...{ kind: 'prefill', width, rowCount: 1 },
    ...{ pairCount: width * cellsOver(from + width), maskedCount: 0 },
  };
}

/** The step that writes a token to each of `batchSize` sequences of so much context, all in one cache. */
export function decodeStep(batchSize: number, contextTokenCount: number): Step {
  const pairCount = batchSize * (contextTokenCount + 1);
  return {
    ...{ kind: 'decode', width: batchSize, rowCount: batchSize, pairCount },
    maskedCount: batchSize * cellsOver(pairCount) - pairCount,
  };
}

/** Milliseconds in which a prompt is read, in steps of 512 tokens. */
export function calibratedPrefillMs(
  load: StepLoad,
  calibration: SpeedCalibration,
  promptTokenCount: number,
): number {
  requireNumber('promptTokenCount', promptTokenCount, 1);
  let seconds = 0;
  for (let from = 0; from < promptTokenCount; from += promptStep) {
    const width = Math.min(promptStep, promptTokenCount - from);
    seconds += stepSeconds(load, calibration, prefillStep(from, width));
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
  return 1000 * stepSeconds(load, calibration, decodeStep(batchSize, contextTokenCount));
}

/** Operations per second of the fastest format's kernels on a prompt. Pure. */
export function fastestFlops({
  secondsPerWeight,
  secondsPerRow,
}: Pick<SpeedCalibration, 'secondsPerWeight' | 'secondsPerRow'>): number {
  const seconds = Object.keys(secondsPerWeight).map(
    (format) =>
      (secondsPerWeight[format]?.at(-1) ?? Infinity) + (secondsPerRow[format]?.at(-1) ?? 0) / widestColumns,
  );
  return (2 * promptStep) / Math.min(...seconds);
}

/** How near a format's kernels come to what was measured of the machine: bytes of one stream, operations of a prompt. */
export function formatEfficiency(
  format: string,
  bitsPerWeight: number,
  calibration: SpeedCalibration,
): { readonly memory: number; readonly compute: number } | null {
  const [perWeight, perRow] = [calibration.secondsPerWeight[format], calibration.secondsPerRow[format]];
  if (perWeight === undefined || perRow === undefined) return null;
  const secondsAt = (index: number): number =>
    (perWeight.at(index) ?? NaN) + (perRow.at(index) ?? NaN) / widestColumns;
  return {
    memory: bitsPerWeight / 8 / secondsAt(0) / calibration.bytesPerSecond,
    compute: (2 * promptStep) / secondsAt(-1) / calibration.flops,
  };
}
