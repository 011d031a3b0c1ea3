import { availableParallelism, freemem } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface BandwidthOptions {
  /** Threads that read at once. @default all processors */
  readonly threadCount?: number;
  /** Bytes that each thread scans again and again; must be far more than its share of the last cache. @default 128 MiB */
  readonly bytesPerThread?: number;
  /** How long one round reads. @default 200 */
  readonly roundMs?: number;
  /** @default 3 */
  readonly roundCount?: number;
}

export interface BandwidthMeasurement {
  /** Median over the rounds of: bytes that all threads read, over the time that they took. */
  readonly bytesPerSecond: number;
  readonly threadCount: number;
  readonly rounds: readonly number[];
}

/** What a reader thread is told: where to wait, and for how long to read each time. */
export interface ReaderTask {
  readonly gate: SharedArrayBuffer;
  readonly byteCount: number;
  readonly roundMs: number;
  readonly roundCount: number;
}

export interface ReaderReport {
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * How fast this machine reads memory that is in no cache, with several threads: the bound on generating tokens one at a
 * time, because every weight is read for each. The threads scan buffers for a byte that is not there (memchr, which is
 * vectorised in every C library).
 */
export async function measureBandwidth(options: BandwidthOptions = {}): Promise<BandwidthMeasurement> {
  const { threadCount = availableParallelism(), roundMs = 200, roundCount = 3 } = options;
  const byteCount = Math.floor(
    Math.min(options.bytesPerThread ?? 128 * 1024 ** 2, freemem() / 4 / threadCount),
  );
  const gate = new SharedArrayBuffer(8);
  const task: ReaderTask = { gate, byteCount, roundMs, roundCount };
  const reports = await Promise.all(
    Array.from({ length: threadCount }, () => readInThread(task, threadCount)),
  );
  const rounds = Array.from({ length: roundCount }, (_, round) =>
    reports.reduce((sum, report) => sum + bytesPerSecond(report[round]), 0),
  );
  return { bytesPerSecond: rounds.toSorted((a, b) => a - b)[roundCount >> 1] ?? 0, threadCount, rounds };
}

/**
 * Tokens per second of one stream at best: bandwidth / bytes of the weights that a token reads (the roofline of
 * reference/engines.md, section 2). An upper bound, not a promise: small models and slow kernels stay below it.
 * @param weightBytes all weights; of a mixture of experts only the active ones
 */
export function decodeBound(bandwidthBytesPerSecond: number, weightBytes: number): number {
  return bandwidthBytesPerSecond / weightBytes;
}

function bytesPerSecond(report: ReaderReport | undefined): number {
  return report === undefined ? 0 : (1000 * report.bytes) / report.milliseconds;
}

function readInThread(task: ReaderTask, threadCount: number): Promise<readonly ReaderReport[]> {
  return new Promise((resolve, reject) => {
    const entry = new URL(`./bandwidth-reader${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(entry, { workerData: { ...task, threadCount }, execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new Error(`A thread that measures bandwidth ended with code ${code}.`));
    });
  });
}
