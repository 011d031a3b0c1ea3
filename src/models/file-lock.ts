import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { NearfarError } from '../chat/error.ts';

/** Held until `release`; the operating system lets go of it too when the process dies, however it dies. */
export interface FileLock {
  release(): void;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /database is locked|SQLITE_BUSY/i.test(error.message);
}

function tryLock(path: string): FileLock | null {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return {
    release(): void {
      database.close();
    },
  };
}

/**
 * Waits for the one lock that `path` stands for, across processes. The lock is SQLite's own lock on an empty
 * database file: the kernel drops it when its holder dies, so there is no stale lock to detect, and SQLite
 * keeps two holders within one process apart, which plain fcntl locks would not. The file stays behind, empty:
 * deleting it would let two holders in.
 * @param onWait called once if someone else holds it
 * @throws NearfarError `aborted`
 */
export async function lockFile(
  path: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onWait?: () => void } = {},
): Promise<FileLock> {
  await mkdir(dirname(path), { recursive: true });
  let hasWaited = false;
  for (;;) {
    if (options.signal?.aborted === true)
      throw new NearfarError('aborted', 'Cancelled while another process was waited for.');
    const lock = tryLock(path);
    if (lock !== null) return lock;
    if (!hasWaited) options.onWait?.();
    hasWaited = true;
    await sleep(100);
  }
}
