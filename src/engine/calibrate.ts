import type { Decoder } from './decoder.ts';
import {
  interpolate,
  wideTokenCount,
  type AttentionCost,
  type StepCostCurve,
  type StepCostPoint,
} from './step-cost.ts';

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
/**
 * Kernels work in rows of four: 15 tokens were seen to take 82 ms where 16 take 59. Lengths of drafts are chosen by such
 * steps, so the widths in between are measured too, as many of them as fit a budget of their own, in this order.
 */
const fineWidths = [3, 5, 6, 7, 12, 9, 10, 11, 17, 13, 14, 15];
/** Of the whole budget, beyond it. */
const fineShare = 0.4;
const mostRoundCount = 8;
const finestTokenCount = 17;
const repeatCount = 3;
/** Measured whatever it takes: shorter curves would leave chunking to guesswork. */
const neededWidth = 64;
/** More threads must lose by this factor before fewer are taken: a busy moment must not decide for good. */
const threadMargin = 1.15;
/** Any token will do: cost does not depend on what is read. */
const anyToken = 1;
const attentionCellCount = 512;
/** Where CPU kernels are known to differ: one token, a few, one tile, several. */
const attentionWidths = [1, 16, 64, 256];
/** Where it cannot be measured: so many cells are taken to double a token's cost, */
const doublingCellCount = 8000;
/** and a masked cell to cost this share of a read one (measured on CPUs: 0.05-0.13). */
const maskedShare = 0.1;
/** Less is noise: taken for true it would keep idle prefixes in the pool for ever. */
const leastMaskedShare = 0.03;

/**
 * Measures what a step costs by its width, the thread count that is fastest at generating, and what used cells add.
 * Leaves the decoder empty.
 */
export function calibrate(options: CalibrateOptions): Calibration {
  const { decoder, now } = options;
  const startedAt = now();
  let refiningMs = 0;
  const remainingMs = () => options.budgetMs + refiningMs - (now() - startedAt);
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
  const refiningAt = now();
  const curvePoints = refineNarrow(options, points);
  refiningMs = now() - refiningAt;
  const attention = measureAttention(options, curvePoints, remainingMs);
  const readersApart = measureApart(options, curvePoints, remainingMs);
  decoder.clearCells();
  const noise = noises.reduce((sum, value) => sum + value, 0) / noises.length;
  return { threadCount, curve: { points: curvePoints, attention, readersApart }, noise };
}

/**
 * The points with the widths in between, and what is narrow measured again, in rounds over all of these widths: so a busy
 * moment falls on one repeat of several widths, where it does no harm, and not on all repeats of one.
 */
function refineNarrow(options: CalibrateOptions, coarse: readonly StepCostPoint[]): StepCostPoint[] {
  const { decoder, now } = options;
  const startedAt = now();
  const budgetMs = fineShare * options.budgetMs;
  const foreseenMs = (tokenCount: number): number => interpolate(coarse, tokenCount);
  const chosen = coarse.map(({ tokenCount }) => tokenCount).filter((width) => width <= finestTokenCount);
  let roundMs = chosen.reduce((sum, width) => sum + foreseenMs(width), 0);
  for (const width of fineWidths) {
    const isPossible = width <= decoder.batchTokenCount && width <= decoder.cellCount;
    if (!isPossible || repeatCount * (roundMs + foreseenMs(width)) > budgetMs) continue;
    chosen.push(width);
    roundMs += foreseenMs(width);
  }
  const quickest = new Map(coarse.map(({ tokenCount, milliseconds }) => [tokenCount, milliseconds]));
  // What one round took over what was foreseen the others will take too; the first ones are needed.
  for (let round = 0; round < mostRoundCount; round++) {
    const isNeeded = round < repeatCount && chosen.length > 0;
    const spentMs = now() - startedAt;
    if (!isNeeded && spentMs + spentMs / Math.max(1, round) > budgetMs) break;
    if (spentMs > 2 * budgetMs) break;
    for (const width of chosen)
      quickest.set(width, Math.min(quickest.get(width) ?? Infinity, timeStep(options, width)));
  }
  return [...quickest]
    .map(([tokenCount, milliseconds]) => ({ tokenCount, milliseconds }))
    .sort((one, other) => one.tokenCount - other.tokenCount);
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
  return timeAppend(options, [{ sequence: 0, from: 0, tokenCount }]);
}

/** Tokens of one sequence in a step. */
interface Piece {
  readonly sequence: number;
  readonly from: number;
  readonly tokenCount: number;
}

function timeAppend(options: CalibrateOptions, pieces: readonly Piece[]): number {
  const { decoder, outputCount, now } = options;
  decoder.clearBatch();
  let row = 0;
  for (const { sequence, from, tokenCount } of pieces) {
    const outputs = tokenCount <= outputCount ? tokenCount : 1;
    for (let index = 0; index < tokenCount; index++)
      row = decoder.addToken(anyToken, from + index, sequence, index >= tokenCount - outputs);
  }
  const startedAt = now();
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`measuring a step of ${row + 1} tokens: ${outcome}`);
  // Some backends compute lazily: the step is over when its logits are there.
  decoder.logits(row);
  return now() - startedAt;
}

/** Over a pool with one filled sequence: steps that go on with it read its cells, steps of another find them masked. */
function measureAttention(
  options: CalibrateOptions,
  points: readonly StepCostPoint[],
  remainingMs: () => number,
): AttentionCost[] {
  const { decoder } = options;
  const widest = points.at(-1);
  const guess = guessAttention(points);
  const widths = attentionWidths.filter((width) => width <= (widest?.tokenCount ?? 0));
  const fits = decoder.cellCount >= attentionCellCount + Math.max(...attentionWidths);
  if (widest === undefined || !fits || decoder.sequenceCount < 2) return [guess];
  const chunk = Math.min(widest.tokenCount, attentionCellCount);
  if ((widest.milliseconds / widest.tokenCount) * attentionCellCount * 2 > remainingMs()) return [guess];
  decoder.clearCells();
  for (let from = 0; from < attentionCellCount; from += chunk)
    timeAppend(options, [{ sequence: 0, from, tokenCount: Math.min(chunk, attentionCellCount - from) }]);

  const costs: AttentionCost[] = [];
  for (const tokenCount of widths) {
    const emptyMs = interpolate(points, tokenCount);
    // Two steps, each dearer than over an empty pool.
    if (emptyMs * 4 > remainingMs()) break;
    const perCell = (sequence: number, from: number): number => {
      const times: number[] = [];
      for (let repeat = 0; repeat < repeatCount; repeat++) {
        if (repeat > 0 && emptyMs * 4 > remainingMs()) break;
        times.push(timeAppend(options, [{ sequence, from, tokenCount }]));
        decoder.removeSequence(sequence, from, -1);
      }
      return (Math.min(...times) - emptyMs) / attentionCellCount;
    };
    // Noise can make a full pool look faster; attention is never free, and skipping never dearer than reading.
    const readMsPerCell = Math.max(perCell(0, attentionCellCount), (tokenCount * guess.readMsPerCell) / 10);
    const least = readMsPerCell * leastMaskedShare;
    const maskedMsPerCell = Math.min(Math.max(perCell(1, 0), least), readMsPerCell);
    costs.push({ tokenCount, readMsPerCell, maskedMsPerCell });
  }
  // Wide steps that could not be measured must not be judged by narrow ones, which cost several times as much per cell:
  // what looks too dear is never tried, and never learnt. The guess is low.
  if (costs.length > 0 && (costs.at(-1)?.tokenCount ?? 0) < wideTokenCount)
    costs.push(times(guess, wideTokenCount));
  return costs.length > 0 ? costs : [guess];
}

function times(cost: AttentionCost, tokenCount: number): AttentionCost {
  return {
    tokenCount,
    readMsPerCell: tokenCount * cost.readMsPerCell,
    maskedMsPerCell: tokenCount * cost.maskedMsPerCell,
  };
}

/**
 * A reader's token beside a piece of another's prompt, in one batch and in two. CPU attention works in tiles of 64 tokens
 * by 64 cells, and the tile with the reader's token reads all of his cells for all 64: measured with 512 of them, two
 * batches save 10 ms of 80. Not so where a batch itself is dear, as on a GPU.
 */
function measureApart(
  options: CalibrateOptions,
  points: readonly StepCostPoint[],
  remainingMs: () => number,
): boolean {
  const { decoder } = options;
  const piece = 2 * wideTokenCount;
  const context = attentionCellCount;
  const pieceMs = points.find((point) => point.tokenCount === piece)?.milliseconds;
  const fits = decoder.cellCount >= context + piece + 1 && decoder.sequenceCount >= 2;
  if (pieceMs === undefined || !fits || pieceMs * (context / piece + 4) > remainingMs()) return false;
  decoder.clearCells();
  for (let from = 0; from < context; from += piece)
    timeAppend(options, [{ sequence: 0, from, tokenCount: piece }]);
  const reader = { sequence: 0, from: context, tokenCount: 1 };
  const prompt = { sequence: 1, from: 0, tokenCount: piece };
  const together: number[] = [];
  const apart: number[] = [];
  for (let repeat = 0; repeat < repeatCount; repeat++) {
    if (repeat > 0 && pieceMs * 3 > remainingMs()) break;
    together.push(timeAppend(options, [reader, prompt]));
    forget();
    apart.push(timeAppend(options, [reader]) + timeAppend(options, [prompt]));
    forget();
  }
  return Math.min(...apart) < Math.min(...together);

  function forget(): void {
    decoder.removeSequence(0, context, -1);
    decoder.removeSequence(1, 0, -1);
  }
}

function guessAttention(points: readonly StepCostPoint[]): AttentionCost {
  const widest = points.at(-1);
  const perToken = widest === undefined ? 0 : widest.milliseconds / widest.tokenCount;
  const readMsPerCell = perToken / doublingCellCount;
  return { tokenCount: 1, readMsPerCell, maskedMsPerCell: readMsPerCell * maskedShare };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}
