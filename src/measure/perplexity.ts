import type { Decoder } from '../engine/decoder.ts';
import { eachScoredRow, scoredPerWindow, type WindowOptions } from './scored-rows.ts';

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

/**
 * Perplexity as llama.cpp's tool defines it: the text in windows that do not overlap, each read from nothing, the
 * second half of each scored, so that every scored token has at least half a window of context. Comparable only
 * between models of one vocabulary, on one text and window. Clears the decoder's cells.
 * @throws RangeError where the text is shorter than a window or the decoder smaller than one
 */
export function measurePerplexity(decoder: Decoder, tokens: Int32Array, options: WindowOptions): Perplexity {
  const scored = scoredPerWindow(options.windowTokenCount ?? 512);
  const windowNats: number[] = [];
  const windowCount = eachScoredRow(decoder, tokens, options, ({ logits, token, window }) => {
    windowNats[window] = (windowNats[window] ?? 0) - logProbability(logits, token) / scored;
  });
  const value = Math.exp(meanOf(windowNats));
  const error = standardErrorOfMean(windowNats);
  return {
    value,
    scoredTokenCount: windowCount * scored,
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

/** ln of the softmax of one token; the maximum is taken out first, so that exp cannot overflow. */
export function logProbability(logits: Float32Array, token: number): number {
  let highest = -Infinity;
  for (const value of logits) if (value > highest) highest = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return (logits[token] ?? -Infinity) - highest - Math.log(sum);
}
