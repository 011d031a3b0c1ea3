import type { Decoder } from '../engine/decoder.ts';

/** What thread choice needs of a context. */
export type ThreadedDecoder = Pick<
  Decoder,
  'batchTokenCount' | 'sequenceCount' | 'clearBatch' | 'addToken' | 'decode' | 'logits' | 'removeSequence'
> & { setThreads(count: number): void };

export interface ThreadTiming {
  readonly threadCount: number;
  /** Median time of a one-token step. */
  readonly milliseconds: number;
}

export interface ThreadChoice {
  readonly threadCount: number;
  readonly timings: readonly ThreadTiming[];
}

/**
 * Thread counts worth a try, ascending. With more than two processors one is kept for the event loop; a quarter and a
 * half are tried because hyperthreads and narrow memory buses make more threads slower.
 */
export function threadCandidates(processorCount: number): number[] {
  if (processorCount <= 2) return Array.from({ length: processorCount }, (_, index) => index + 1);
  const counts = [processorCount / 4, processorCount / 2, processorCount - 1].map(Math.floor);
  return [...new Set(counts.map((count) => Math.max(1, count)))].sort((a, b) => a - b);
}

/**
 * The most threads whose step is within 15% of the fastest, as the engine chooses (docs/decisions/007): reading prompts
 * gains from every thread. With as many as processors, any other busy process makes them wait for each other, hence
 * measuring.
 */
export function bestThreadCount(timings: readonly ThreadTiming[]): number {
  const fastest = Math.min(...timings.map(({ milliseconds }) => milliseconds));
  return timings.findLast(({ milliseconds }) => milliseconds <= 1.15 * fastest)?.threadCount ?? 1;
}

export interface ThreadMeasureOptions {
  readonly candidates: readonly number[];
  /** Steps per candidate. @default 8 */
  readonly roundCount?: number;
  /** Measuring ends with the round in which this is passed, at the earliest after two. @default 1000 */
  readonly budgetMs?: number;
  /** @default performance.now */
  readonly now?: () => number;
}

/**
 * Measures one-token steps with each candidate in turn and sets the best. Uses the last sequence, which must be empty,
 * and leaves it so.
 */
export function chooseThreads(decoder: ThreadedDecoder, options: ThreadMeasureOptions): ThreadChoice {
  const { candidates, roundCount = 8, budgetMs = 1000, now = () => performance.now() } = options;
  const sequence = decoder.sequenceCount - 1;
  const times = new Map(candidates.map((count) => [count, [] as number[]]));
  let position = 0;
  const step = (): number => {
    const startedAt = now();
    decoder.clearBatch();
    const row = decoder.addToken(0, position++, sequence, true);
    decoder.decode();
    decoder.logits(row);
    return now() - startedAt;
  };
  const startedAt = now();
  for (let round = 0; round <= roundCount; round++) {
    for (const [count, measured] of times) {
      decoder.setThreads(count);
      const milliseconds = step();
      // The first round warms caches and starts threads.
      if (round > 0) measured.push(milliseconds);
    }
    if (round >= 2 && now() - startedAt > budgetMs) break;
  }
  decoder.removeSequence(sequence, -1, -1);
  decoder.clearBatch();
  const timings = [...times].map(([threadCount, measured]) => ({
    threadCount,
    milliseconds: median(measured),
  }));
  const threadCount = bestThreadCount(timings);
  decoder.setThreads(threadCount);
  return { threadCount, timings };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Infinity;
}
