import { requireNumber } from './figure.ts';

/** What a batch of one size does. */
export interface BatchPoint {
  readonly batchSize: number;
  /** Tokens of all streams. */
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  /** Of one request, from its first step to its end. */
  readonly latencyMs: number;
  readonly interTokenMs: number;
  /** Requests/s over those of one at a time. */
  readonly gain: number;
  readonly meetsTarget: boolean;
}

export interface BatchFacts {
  /** Milliseconds of one decode step of so many sequences: measured, or by the roofline. */
  readonly stepMs: (batchSize: number) => number;
  /** Milliseconds of reading one prompt. */
  readonly prefillMs: number;
  readonly outputTokenCount: number;
  /** Most milliseconds between two tokens; Infinity where nobody waits. */
  readonly targetInterTokenMs: number;
}

/**
 * Throughput and latency against the size of the batch, continuous batching in its steady state: each stream's prompt is read
 * once, and all wait for it, so that a request takes prefill x size + tokens x step.
 */
export function batchTradeoff(facts: BatchFacts, sizes: readonly number[]): readonly BatchPoint[] {
  const { stepMs, prefillMs, outputTokenCount, targetInterTokenMs } = facts;
  requireNumber('prefillMs', prefillMs);
  requireNumber('outputTokenCount', outputTokenCount, 1);
  const latencyOf = (size: number): number => prefillMs * size + outputTokenCount * stepMs(size);
  const alone = 1000 / latencyOf(1);
  return sizes.map((batchSize) => {
    requireNumber('batchSize', batchSize, 1);
    const latencyMs = latencyOf(batchSize);
    const interTokenMs = (latencyMs - prefillMs) / outputTokenCount;
    const requestsPerSecond = (1000 * batchSize) / latencyMs;
    return {
      batchSize,
      latencyMs,
      interTokenMs,
      requestsPerSecond,
      tokensPerSecond: requestsPerSecond * outputTokenCount,
      gain: requestsPerSecond / alone,
      meetsTarget: interTokenMs <= targetInterTokenMs,
    };
  });
}

/** Requests under way at once: arrivals a second x seconds that each stays (Little 1961). */
export function requestsUnderWay(requestsPerSecond: number, latencyMs: number): number {
  return (
    (requireNumber('requestsPerSecond', requestsPerSecond) * requireNumber('latencyMs', latencyMs)) / 1000
  );
}

/**
 * The smallest batch whose throughput carries the arrivals, or `null` where none of the points does: with Little's law a
 * steady state needs requests under way <= batch size.
 */
export function batchFor(requestsPerSecond: number, points: readonly BatchPoint[]): BatchPoint | null {
  return points.find((point) => point.requestsPerSecond >= requestsPerSecond) ?? null;
}
