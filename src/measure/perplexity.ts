import type { Decoder } from '../engine/decoder.ts';

export interface PerplexityOptions {
  /** Tokens of one window. Each is read from an empty cache; only its second half is scored. @default 512 */
  readonly windowTokenCount?: number;
  /** Called after each window with the share that is done, 0-1. */
  readonly onProgress?: (fraction: number) => void;
  /** Put first in each window where the model wants it; `null` = none. */
  readonly bos: number | null;
}

export interface Perplexity {
  /** exp of the mean negative log-likelihood of a scored token. */
  readonly value: number;
  readonly scoredTokenCount: number;
  /**
   * Of the value: value x (deviation of the windows' mean negative log-likelihoods / sqrt(windows)), by the delta
   * method. `null` for one window. What two types of one model differ by is far less uncertain: same text, same windows.
   */
  readonly standardError: number | null;
  /** Mean negative log-likelihood of each window's scored tokens, in nats. */
  readonly windowNats: readonly number[];
}

// Rows of logits per step: few, because a row is a float per word of the vocabulary.
const scoredPerStep = 16;
const sequence = 0;

/**
 * Perplexity as llama.cpp's tool defines it: the text in windows that do not overlap, each read from nothing, the
 * second half of each scored, so that every scored token has at least half a window of context. Comparable only
 * between models of one vocabulary, on one text and window. Clears the decoder's cells.
 * @throws RangeError where the text is shorter than a window or the decoder smaller than one
 */
export function measurePerplexity(
  decoder: Decoder,
  tokens: Int32Array,
  options: PerplexityOptions,
): Perplexity {
  const { windowTokenCount = 512, bos } = options;
  const windowCount = Math.floor(tokens.length / windowTokenCount);
  if (windowCount === 0) {
    throw new RangeError(`The text has ${tokens.length} tokens; a window takes ${windowTokenCount}.`);
  }
  if (decoder.cellCount < windowTokenCount) {
    throw new RangeError(`The context has ${decoder.cellCount} cells; a window takes ${windowTokenCount}.`);
  }
  const windowNats: number[] = [];
  const scoredPerWindow = windowTokenCount - 1 - (windowTokenCount >> 1);
  for (let index = 0; index < windowCount; index++) {
    const window = tokens.slice(index * windowTokenCount, (index + 1) * windowTokenCount);
    if (bos !== null) window[0] = bos;
    windowNats.push(scoreWindow(decoder, window) / scoredPerWindow);
    options.onProgress?.((index + 1) / windowCount);
  }
  decoder.clearCells();
  const value = Math.exp(meanOf(windowNats));
  const error = standardErrorOfMean(windowNats);
  return {
    value,
    scoredTokenCount: windowCount * scoredPerWindow,
    standardError: error === null ? null : value * error,
    windowNats,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample deviation / sqrt(n); `null` for fewer than two values. */
export function standardErrorOfMean(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Sum of -ln p over the second half of a window. */
function scoreWindow(decoder: Decoder, window: Int32Array): number {
  decoder.clearCells();
  const half = window.length >> 1;
  for (let from = 0; from < half; from += decoder.batchTokenCount) {
    read(decoder, window, from, Math.min(half, from + decoder.batchTokenCount), false);
  }
  let sum = 0;
  // The last token predicts nothing that is in the window.
  const end = window.length - 1;
  const stride = Math.min(scoredPerStep, decoder.batchTokenCount);
  for (let from = half; from < end; from += stride) {
    const to = Math.min(end, from + stride);
    const rows = read(decoder, window, from, to, true);
    rows.forEach((row, index) => {
      sum -= logProbability(decoder.logits(row), window[from + index + 1] ?? 0);
    });
  }
  return sum;
}

function read(
  decoder: Decoder,
  window: Int32Array,
  from: number,
  to: number,
  wantsLogits: boolean,
): number[] {
  decoder.clearBatch();
  const rows: number[] = [];
  for (let position = from; position < to; position++) {
    rows.push(decoder.addToken(window[position] ?? 0, position, sequence, wantsLogits));
  }
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`Reading the text for perplexity: ${outcome}.`);
  return rows;
}

/** ln of the softmax of one token; the maximum is taken out first, so that exp cannot overflow. */
export function logProbability(logits: Float32Array, token: number): number {
  let highest = -Infinity;
  for (const value of logits) if (value > highest) highest = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return (logits[token] ?? -Infinity) - highest - Math.log(sum);
}
