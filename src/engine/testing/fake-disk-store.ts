import type { DiskBlob, DiskListener, DiskStore, FoundFile } from '../disk-tier/disk-store.ts';

interface Stored {
  readonly blob: DiskBlob;
  usedAt: number;
}

/** What is left when an engine ends: handed to the next one, it is found again. */
export type FakeDisk = Map<string, DiskBlob>;

export interface FakeDiskStore extends DiskStore {
  /** Runs what the thread of a real one would have done by now. Returns whether there was anything. */
  work(): boolean;
  /** Everything that was ever given to be written. */
  readonly given: readonly DiskBlob[];
}

export interface FakeDiskOptions {
  readonly disk: FakeDisk;
  readonly budgetBytes: number;
  /** Whether the next file that is read turns out to be damaged. */
  readonly isDamaged?: () => boolean;
  /** Whether the next write fails. */
  readonly isFull?: () => boolean;
  /** Beyond so many bytes on their way nothing more is taken. No limit by default. */
  readonly pendingLimitBytes?: number;
}

/** A disk in memory. It does its work when `work` is called, so that anything may happen in between. */
export function createFakeDiskStore(options: FakeDiskOptions): FakeDiskStore {
  const {
    disk,
    budgetBytes,
    isDamaged = () => false,
    isFull = () => false,
    pendingLimitBytes = Infinity,
  } = options;
  const stored = new Map<number, Stored>();
  const given: DiskBlob[] = [];
  let jobs: (() => void)[] = [];
  let listener: DiskListener | null = null;
  let pendingBytes = 0;
  let writtenBytes = 0;
  let rejectedCount = 0;
  let clock = 0;
  let isOpen = false;
  let nextId = 1000;
  let settlers: (() => void)[] = [];

  const keyOf = (blob: DiskBlob) => `${blob.saltId}/${blob.start}/${blob.tokens.join()}`;
  const usedBytes = () => [...stored.values()].reduce((sum, { blob }) => sum + blob.data.byteLength, 0);

  function drop(id: number): void {
    const file = stored.get(id);
    if (file === undefined) return;
    stored.delete(id);
    disk.delete(keyOf(file.blob));
  }

  function evict(): number[] {
    const gone: number[] = [];
    while (usedBytes() > budgetBytes) {
      const [oldest] = [...stored].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest === undefined) break;
      drop(oldest[0]);
      gone.push(oldest[0]);
    }
    return gone;
  }

  function finishWrite(blob: DiskBlob): void {
    pendingBytes -= blob.data.byteLength;
    if (isFull()) {
      listener?.onGone([blob.id]);
    } else {
      stored.set(blob.id, { blob, usedAt: ++clock });
      disk.set(keyOf(blob), blob);
      writtenBytes += blob.data.byteLength;
      const gone = evict();
      if (gone.length > 0) listener?.onGone(gone);
    }
    listener?.onWritten();
  }

  return {
    saltId: (salt) => `id of ${salt}`,
    write(blob) {
      if (pendingBytes > 0 && pendingBytes + blob.data.byteLength > pendingLimitBytes) return false;
      const copy = { ...blob, data: blob.data.slice() };
      given.push(copy);
      pendingBytes += copy.data.byteLength;
      jobs.push(() => {
        finishWrite(copy);
      });
      return true;
    },
    read: (id) =>
      new Promise((resolve) => {
        jobs.push(() => {
          const file = stored.get(id);
          if (file !== undefined && isDamaged()) {
            rejectedCount++;
            drop(id);
            resolve(null);
          } else {
            resolve(file?.blob.data.slice() ?? null);
          }
        });
      }),
    touch(ids) {
      for (const id of ids) {
        const file = stored.get(id);
        if (file !== undefined) file.usedAt = ++clock;
      }
    },
    remove(ids) {
      jobs.push(() => {
        ids.forEach(drop);
      });
    },
    nextId: () => ++nextId,
    settled: () =>
      pendingBytes === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            settlers.push(resolve);
          }),
    listen(heard) {
      listener = heard;
      jobs.push(() => {
        const found: FoundFile[] = [...disk.values()].map((blob, index) => {
          stored.set(-1 - index, { blob, usedAt: ++clock });
          const { saltId, start, data } = blob;
          return {
            id: -1 - index,
            saltId,
            start,
            tokens: Int32Array.from(blob.tokens),
            byteCount: data.byteLength,
          };
        });
        isOpen = true;
        heard.onFound(found);
      });
    },
    work() {
      const due = jobs;
      jobs = [];
      for (const job of due) job();
      const waiting = pendingBytes === 0 ? settlers : [];
      if (pendingBytes === 0) settlers = [];
      for (const resolve of waiting) resolve();
      return due.length > 0;
    },
    given,
    get isOpen() {
      return isOpen;
    },
    get usedBytes() {
      return usedBytes();
    },
    get pendingBytes() {
      return pendingBytes;
    },
    get writtenBytes() {
      return writtenBytes;
    },
    get rejectedCount() {
      return rejectedCount;
    },
  };
}
