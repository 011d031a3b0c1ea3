import type { Decoder } from '../engine/decoder.ts';
import { createRandom } from '../engine/sampling/random.ts';
import { estimateOf, type Estimate } from './interval.ts';

export interface BatchSpeedOptions {
  /** Sequences that are computed together, one figure each. @default 1 and 8 */
  readonly batchSizes?: readonly number[];
  /** Tokens of a prefill, over all sequences. @default 512, or what the decoder takes */
  readonly prefillTokenCount?: number;
  /** Steps of a token for each sequence, from an empty cache. @default 128 */
  readonly decodeStepCount?: number;
  /** Rounds after one that warms up. @default 5 */
  readonly roundCount?: number;
  /** After so long no further round is begun, once there are two. @default 60000 */
  readonly budgetMs?: number;
  /** Put first where the model wants it. */
  readonly bos: number | null;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
  readonly onProgress?: (fraction: number) => void;
}

/** What one number of sequences computed together reaches, over all of them. */
export interface BatchSpeed {
  readonly batchSize: number;
  readonly prefillTokensPerSecond: Estimate;
  readonly decodeTokensPerSecond: Estimate;
}

/**
 * Prefill and decode by the number of sequences, measured as llama-bench does (`pp512` and `tg128` for one): random tokens,
 * an empty cache before each test, logits of each sequence's last token, means over rounds. The tests alternate within a
 * round, so that what disturbs the machine for a while disturbs all. Clears the decoder's cells.
 * @throws RangeError where the decoder is too small
 */
export function measureBatchSpeeds(decoder: Decoder, options: BatchSpeedOptions): readonly BatchSpeed[] {
  const { batchSizes = [1, 8], decodeStepCount = 128, roundCount = 5, budgetMs = 60_000 } = options;
  const now = options.now ?? (() => performance.now());
  const widest = Math.max(...batchSizes);
  const prefillTokenCount = Math.min(options.prefillTokenCount ?? 512, decoder.batchTokenCount);
  if (
    decoder.sequenceCount < widest ||
    decoder.cellCount < Math.max(prefillTokenCount, widest * decodeStepCount)
  )
    throw new RangeError(`The decoder is too small to measure ${widest} sequences with.`);
  const random = createRandom(1);
  const draw = (): number => Math.floor(random() * decoder.vocabTokenCount);
  const prefill = (batchSize: number): number => {
    decoder.clearCells();
    const each = Math.floor(prefillTokenCount / batchSize);
    decoder.clearBatch();
    const rows: number[] = [];
    for (let sequence = 0; sequence < batchSize; sequence++) {
      for (let position = 0; position < each; position++) {
        const token = position === 0 ? (options.bos ?? draw()) : draw();
        const isLast = position === each - 1;
        const row = decoder.addToken(token, position, sequence, isLast);
        if (isLast) rows.push(row);
      }
    }
    const milliseconds = timed(() => {
      step(decoder, rows);
    }, now);
    return (1000 * each * batchSize) / milliseconds;
  };
  const decode = (batchSize: number): number => {
    decoder.clearCells();
    const milliseconds = timed(() => {
      for (let position = 0; position < decodeStepCount; position++) {
        decoder.clearBatch();
        const rows: number[] = [];
        for (let sequence = 0; sequence < batchSize; sequence++) {
          const token = position === 0 ? (options.bos ?? draw()) : draw();
          rows.push(decoder.addToken(token, position, sequence, true));
        }
        step(decoder, rows);
      }
    }, now);
    return (1000 * decodeStepCount * batchSize) / milliseconds;
  };
  const measured = batchSizes.map((batchSize) => ({
    batchSize,
    prefills: [] as number[],
    decodes: [] as number[],
  }));
  const startedAt = now();
  for (let round = 0; round <= roundCount; round++) {
    if (round > 2 && now() - startedAt > budgetMs) break;
    for (const one of measured) {
      const prefilled = prefill(one.batchSize);
      const decoded = decode(one.batchSize);
      // The first round touches the weights for the first time.
      if (round === 0) continue;
      one.prefills.push(prefilled);
      one.decodes.push(decoded);
    }
    options.onProgress?.((round + 1) / (roundCount + 1));
  }
  decoder.clearCells();
  return measured.map(({ batchSize, prefills, decodes }) => ({
    batchSize,
    prefillTokensPerSecond: estimateOf(prefills),
    decodeTokensPerSecond: estimateOf(decodes),
  }));
}

function timed(work: () => void, now: () => number): number {
  const startedAt = now();
  work();
  return now() - startedAt;
}

function step(decoder: Decoder, rows: readonly number[]): void {
  const outcome = decoder.decode();
  if (outcome !== 'ok') throw new Error(`Measuring speed: ${outcome}.`);
  // Some backends compute lazily: the step is over when its logits are there.
  for (const row of rows) decoder.logits(row);
}
