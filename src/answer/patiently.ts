import { setTimeout as sleep } from 'node:timers/promises';

/** Writes that came to nothing are tried again after these milliseconds: another process may hold the store for a moment. */
const retryDelaysMs = [10, 50, 200, 500];

/** @throws what the last try threw */
export async function patiently<Value>(write: () => Promise<Value>): Promise<Value> {
  for (const delayMs of retryDelaysMs) {
    try {
      return await write();
    } catch {
      await sleep(delayMs);
    }
  }
  return write();
}
