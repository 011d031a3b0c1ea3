import type { Decoder } from './decoder.ts';
import type { StepCostCurve, StepCostPoint } from './step-cost.ts';

/** A decoder whose thread count can be changed between steps. */
export interface TunableDecoder extends Decoder {
  setThreads(count: number): void;
}

export interface Calibration {
  readonly threadCount: number;
  readonly curve: StepCostCurve;
  /** Median over minimum of the repeats, averaged over the widths; 1 = a quiet machine. */
  readonly noise: number;
}

export interface CalibrateOptions {
  readonly decoder: TunableDecoder;
  /** Thread counts to choose from; one = not measured. */
  readonly threadCounts: readonly number[];
  /** Rows with logits that a step of decoding sequences may ask for. */
  readonly outputCount: number;
  /** About how long measuring may take; wider steps are extrapolated once it is used up. */
  readonly budgetMs: number;
  readonly now: () => number;
}

const widths = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const repeatCount = 3;
/** Measured whatever it takes: shorter curves would leave chunking to guesswork. */
const neededWidth = 64;
/** More threads must lose by this factor before fewer are taken: a busy moment must not decide for good. */
const threadMargin = 1.15;
/** Any token will do: cost does not depend on what is read. */
const anyToken = 1;
const attentionCellCount = 1024;
const attentionWidth = 64;

/**
 * Measures what a step costs by its width, the thread count that is fastest at generating, and what every used cell
 * adds. Leaves the decoder empty.
 */
export function calibrate(options: CalibrateOptions): Calibration {
  const { decoder, now } = options;
  const startedAt = now();
  const remainingMs = () => options.budgetMs - (now() - startedAt);
  // The first step allocates and touches the weights; it is not what a step costs.
  timeStep(options, 1);
  const threadCount = chooseThreads(options);
  decoder.setThreads(threadCount);

  const points: StepCostPoint[] = [];
  const noises: number[] = [];
  for (const tokenCount of widths) {
    if (tokenCount > decoder.batchTokenCount || tokenCount > decoder.cellCount) break;
    const last = points.at(-1);
    if (last !== undefined && tokenCount > neededWidth && 2 * last.milliseconds > remainingMs()) break;
    const times = [timeStep(options, tokenCount)];
    while (times.length < repeatCount) {
      const isNeeded = times.length === 1 && tokenCount <= neededWidth;
      if (!isNeeded && (times[0] ?? 0) * 4 > remainingMs()) break;
      times.push(timeStep(options, tokenCount));
    }
    // What other processes add to a step is not the step's own cost, so the quickest repeat counts.
    const quickest = Math.min(...times);
    points.push({ tokenCount, milliseconds: quickest });
    if (times.length > 1) noises.push(median(times) / quickest);
  }
  const attentionMsPerTokenCell = measureAttention(options, points, remainingMs());
  decoder.clearCells();
  const noise = noises.reduce((sum, value) => sum + value, 0) / noises.length;
  return { threadCount, curve: { points, attentionMsPerTokenCell }, noise };
}

function chooseThreads(options: CalibrateOptions): number {
  const [first = 1] = options.threadCounts;
  if (options.threadCounts.length < 2) return first;
  // One token at a time is what people wait for, and where too many threads hurt; interleaved, so that a
  // disturbance hits all counts alike.
  const times = new Map<number, number[]>(options.threadCounts.map((count) => [count, []]));
  for (let round = 0; round < 4; round++) {
    for (const [count, list] of times) {
      options.decoder.setThreads(count);
      list.push(timeStep(options, 1));
    }
  }
  const quickest = Math.min(...[...times.values()].map(median));
  const good = [...times].filter(([, list]) => median(list) <= quickest * threadMargin);
  return Math.max(first, ...good.map(([count]) => count));
}

/** One step of `tokenCount` tokens over an empty pool, in milliseconds. */
function timeStep(options: CalibrateOptions, tokenCount: number): number {
  options.decoder.clearCells();
  return timeAppend(options, 0, tokenCount);
}

function timeAppend(options: CalibrateOptions, from: number, tokenCount: number): number {
  const { decoder, outputCount, now } = options;
  const outputs = tokenCount <= outputCount ? tokenCount : 1;
  decoder.clearBatch();
  let row = 0;
  for (let index = 0; index < tokenCount; index++) {
    row = decoder.addToken(anyToken, from + index, 0, index >= tokenCount - outputs);
  }
  const startedAt = now();
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`measuring a step of ${tokenCount} tokens: ${outcome}`);
  // Some backends compute lazily: the step is over when its logits are there.
  decoder.logits(row);
  return now() - startedAt;
}

function measureAttention(
  options: CalibrateOptions,
  points: readonly StepCostPoint[],
  remainingMs: number,
): number {
  const { decoder } = options;
  const narrow = points.find((point) => point.tokenCount === attentionWidth);
  const widest = points.at(-1);
  if (narrow === undefined || widest === undefined) return guessAttention(points);
  const chunk = Math.min(widest.tokenCount, attentionCellCount);
  const estimatedMs = (widest.milliseconds / widest.tokenCount) * attentionCellCount * 1.5;
  const fits = decoder.cellCount >= attentionCellCount + attentionWidth;
  if (!fits || estimatedMs > remainingMs) return guessAttention(points);
  decoder.clearCells();
  let from = 0;
  for (; from < attentionCellCount; from += chunk)
    timeAppend(options, from, Math.min(chunk, attentionCellCount - from));
  const times: number[] = [];
  for (let repeat = 0; repeat < repeatCount; repeat++) {
    decoder.removeSequence(0, attentionCellCount, -1);
    times.push(timeAppend(options, attentionCellCount, attentionWidth));
  }
  const extra = Math.min(...times) - narrow.milliseconds;
  // Noise can make the full pool look faster; attention is never free.
  return Math.max(extra / (attentionWidth * attentionCellCount), guessAttention(points) / 10);
}

/** Where it cannot be measured: 8,000 cells are taken to double a token's cost. */
function guessAttention(points: readonly StepCostPoint[]): number {
  const widest = points.at(-1);
  return widest === undefined ? 0 : widest.milliseconds / widest.tokenCount / 8000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}
