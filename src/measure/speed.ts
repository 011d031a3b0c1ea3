import type { Decoder } from '../engine/decoder.ts';

export interface SpeedOptions {
  /** Tokens of one prefill. @default 256, or what the decoder takes */
  readonly prefillTokenCount?: number;
  /** One-token steps that follow. @default 24 */
  readonly decodeStepCount?: number;
  /** Rounds of both, after one that warms up. @default 2 */
  readonly roundCount?: number;
  /** No further round is begun after this. @default 20000 */
  readonly budgetMs?: number;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** One stream, nothing else in the cache. */
export interface Speed {
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

const sequence = 0;

/**
 * Reads a prompt and generates after it, in rounds. Prefill is the best round and decode the median step of the best
 * round: what other programs take from a round is not the model's speed. Clears the decoder's cells.
 * @param tokens any text of the model's vocabulary, at least as long as the prefill
 */
export function measureSpeed(decoder: Decoder, tokens: Int32Array, options: SpeedOptions = {}): Speed {
  const { decodeStepCount = 24, roundCount = 2, budgetMs = 20_000, now = () => performance.now() } = options;
  const limit = Math.min(decoder.batchTokenCount, decoder.cellCount - decodeStepCount, tokens.length);
  const prefillTokenCount = Math.min(options.prefillTokenCount ?? 256, limit);
  if (prefillTokenCount < 1)
    throw new RangeError('The decoder or the text is too small to measure speed with.');
  let prefillMs = Infinity;
  let decodeMs = Infinity;
  const startedAt = now();
  // The first round also touches the weights for the first time.
  for (let round = 0; round <= roundCount; round++) {
    decoder.clearCells();
    const prefilled = timeStep(decoder, tokens.subarray(0, prefillTokenCount), 0, now);
    const steps = Array.from({ length: decodeStepCount }, (_, index) =>
      timeStep(decoder, tokens.subarray(index, index + 1), prefillTokenCount + index, now),
    );
    prefillMs = Math.min(prefillMs, prefilled);
    decodeMs = Math.min(decodeMs, median(steps));
    if (now() - startedAt > budgetMs) break;
  }
  decoder.clearCells();
  return {
    prefillTokensPerSecond: (1000 * prefillTokenCount) / prefillMs,
    decodeTokensPerSecond: 1000 / decodeMs,
  };
}

function timeStep(decoder: Decoder, tokens: Int32Array, from: number, now: () => number): number {
  const startedAt = now();
  decoder.clearBatch();
  let row = 0;
  tokens.forEach((token, index) => {
    row = decoder.addToken(token, from + index, sequence, index === tokens.length - 1);
  });
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`Measuring speed: ${outcome}.`);
  // Some backends compute lazily: the step is over when its logits are there.
  decoder.logits(row);
  return now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Infinity;
}
