import { Worker } from 'node:worker_threads';

const watchMs = 1_000;

/** Runs in a thread of its own, so that it sees the parent's end while the main thread is stuck in native code. */
const watcher = `
  const parent = require('node:worker_threads').workerData;
  setInterval(() => {
    let isAlive = process.ppid === parent;
    try {
      process.kill(parent, 0);
    } catch (error) {
      if (error.code === 'ESRCH') isAlive = false;
    }
    if (!isAlive) process.kill(process.pid, 'SIGKILL');
  }, ${watchMs});
`;

/**
 * Ties a forked process to its parent: it exits when the channel closes, and is killed within about a second of the
 * parent's death even while it hangs. A killed gateway leaves no orphan that holds memory or a device.
 * Call it once, first thing.
 */
export function exitWithParent(): void {
  process.on('disconnect', () => process.exit(0));
  // The parent is named here: by the time that the thread runs it may be gone already.
  new Worker(watcher, { eval: true, workerData: process.ppid }).unref();
}
