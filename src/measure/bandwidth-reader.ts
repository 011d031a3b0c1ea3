// One thread of measureBandwidth: waits until all are ready, then reads its buffer over and over, in rounds.
import { parentPort, workerData } from 'node:worker_threads';
import type { ReaderReport, ReaderTask } from './bandwidth.ts';

const { gate, byteCount, roundMs, roundCount, threadCount } = workerData as ReaderTask & {
  readonly threadCount: number;
};
// Written once: pages never touched are all one page of zeros, which stays in the cache.
const buffer = Buffer.alloc(byteCount, 1);
const arrived = new Int32Array(gate);
const reports: ReaderReport[] = [];
for (let round = 1; round <= roundCount; round++) {
  meet(round);
  const startedAt = performance.now();
  let bytes = 0;
  let milliseconds = 0;
  while (milliseconds < roundMs) {
    if (buffer.indexOf(0) !== -1) throw new Error('The buffer changed while it was read.');
    bytes += byteCount;
    milliseconds = performance.now() - startedAt;
  }
  reports.push({ bytes, milliseconds });
}
parentPort?.postMessage(reports);

/** Blocks until every thread has come to this round. */
function meet(round: number): void {
  const target = round * threadCount;
  if (Atomics.add(arrived, 0, 1) + 1 >= target) Atomics.notify(arrived, 0);
  for (let count = Atomics.load(arrived, 0); count < target; count = Atomics.load(arrived, 0)) {
    // A thread that failed never comes: rather a wrong round than one that never ends.
    if (Atomics.wait(arrived, 0, count, 5000) === 'timed-out') return;
  }
}
