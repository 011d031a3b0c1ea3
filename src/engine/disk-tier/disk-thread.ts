import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DiskFolderOptions } from './disk-folder.ts';
import type { DiskBlob, DiskListener, DiskStore, DiskWriteMode, FoundFile } from './disk-store.ts';
import { saltIdOf, sealKeys, type SealedBlob } from './sealed-file.ts';

export type DiskCommand =
  | { readonly type: 'write'; readonly id: number; readonly blob: SealedBlob }
  | { readonly type: 'read'; readonly id: number }
  | { readonly type: 'touch' | 'remove'; readonly ids: readonly number[] };

export type DiskReply =
  | { readonly type: 'found'; readonly files: readonly FoundFile[]; readonly error: string | null }
  | {
      readonly type: 'written';
      readonly id: number;
      readonly gone: readonly number[];
      readonly outcome: 'written' | 'failed' | 'dropped';
      readonly reason: string | null;
    }
  | { readonly type: 'read'; readonly id: number; readonly data: Uint8Array | null };

type CountedReply = DiskReply & { readonly usedBytes: number; readonly rejectedCount: number };

export interface DiskThread extends DiskStore {
  close(): Promise<void>;
}

export interface DiskThreadOptions extends DiskFolderOptions {
  readonly warn: (text: string) => void;
}

/** What may wait to be written: more would be memory that no budget counts. */
const pendingLimitBytes = 64 * 2 ** 20;
/** After so many failures in a row nothing more is written for a while: a full disk may have room again. */
const failureLimit = 3;
const pauseMs = 10 * 60_000;

/** A folder of saved prefixes, worked on by a thread of its own. */
export function createDiskThread(options: DiskThreadOptions): DiskThread {
  const { warn, wallClock = Date.now, ...folder } = options;
  const keys = sealKeys(options.secret);
  const saltIds = new Map<string, string>();
  const pendingWrites = new Map<number, number>();
  const readers = new Map<number, (data: Uint8Array | null) => void>();
  let settlers: (() => void)[] = [];
  let listener: DiskListener | null = null;
  /** Found before anyone listened. */
  let found: readonly FoundFile[] | null = null;
  let pendingBytes = 0;
  let writtenBytes = 0;
  let usedBytes = 0;
  let rejectedCount = 0;
  let lastId = 0;
  let failureCount = 0;
  let pausedUntil = 0;
  let isOpen = false;
  let isLost = false;

  const entry = new URL(`./disk-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(entry, { workerData: folder, execArgv: [] });
  // It ends with the process, whatever it does.
  worker.unref();
  worker.on('message', receive);
  worker.on('error', (error: Error) => {
    lose(error.message);
  });
  worker.on('exit', () => {
    lose(null);
  });

  function receive(reply: CountedReply): void {
    ({ usedBytes, rejectedCount } = reply);
    switch (reply.type) {
      case 'found':
        isOpen = true;
        if (reply.error !== null) warn(`Prefixes saved on disk cannot be read: ${reply.error}`);
        if (listener === null) found = reply.files;
        else listener.onFound(reply.files);
        return;
      case 'written':
        noteWritten(reply);
        return;
      case 'read':
        readers.get(reply.id)?.(reply.data);
        readers.delete(reply.id);
        return;
    }
  }

  function noteWritten({ id, gone, outcome, reason }: Extract<DiskReply, { type: 'written' }>): void {
    const size = pendingWrites.get(id) ?? 0;
    pendingWrites.delete(id);
    pendingBytes -= size;
    if (outcome === 'written') writtenBytes += size;
    if (outcome === 'written') failureCount = 0;
    else if (outcome === 'failed') failureCount++;
    if (outcome === 'failed' && failureCount === failureLimit) {
      pausedUntil = wallClock() + pauseMs;
      warn(`Prefixes are not saved on disk for the next ten minutes (${reason ?? 'unknown reason'}).`);
    }
    if (gone.length > 0) listener?.onGone(gone);
    listener?.onWritten();
    settle();
  }

  function isPaused(): boolean {
    if (failureCount < failureLimit) return false;
    if (wallClock() < pausedUntil) return true;
    // One try: if it fails, too, the pause begins anew.
    failureCount = failureLimit - 1;
    return false;
  }

  function settle(): void {
    if (pendingWrites.size > 0) return;
    const waiting = settlers;
    settlers = [];
    for (const resolve of waiting) resolve();
  }

  function lose(reason: string | null): void {
    if (isLost) return;
    isLost = true;
    if (reason !== null) warn(`Prefixes are no longer saved on disk (${reason}).`);
    for (const resolve of readers.values()) resolve(null);
    readers.clear();
    const unwritten = [...pendingWrites.keys()];
    pendingWrites.clear();
    pendingBytes = 0;
    if (unwritten.length > 0) listener?.onGone(unwritten);
    settle();
  }

  function post(command: DiskCommand, transfer: readonly ArrayBuffer[] = []): void {
    if (!isLost) worker.postMessage(command, [...transfer]);
  }

  return {
    saltId(salt) {
      let id = saltIds.get(salt);
      if (id === undefined) saltIds.set(salt, (id = saltIdOf(keys, salt)));
      return id;
    },
    write(blob: DiskBlob, mode: DiskWriteMode) {
      const { id, saltId, start, tokens, data } = blob;
      if (isLost || isPaused()) return false;
      if (pendingBytes > 0 && pendingBytes + data.byteLength > pendingLimitBytes) return false;
      pendingWrites.set(id, data.byteLength);
      pendingBytes += data.byteLength;
      const path = Int32Array.from(tokens);
      const isOwn = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
      const moved = mode === 'take' && isOwn ? [data.buffer] : [];
      post({ type: 'write', id, blob: { saltId, start, tokens: path, data } }, [path.buffer, ...moved]);
      return true;
    },
    read(id) {
      if (isLost) return Promise.resolve(null);
      return new Promise((resolve) => {
        readers.set(id, resolve);
        post({ type: 'read', id });
      });
    },
    touch(ids) {
      post({ type: 'touch', ids });
    },
    remove(ids) {
      post({ type: 'remove', ids });
    },
    nextId: () => ++lastId,
    settled: () =>
      pendingWrites.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            settlers.push(resolve);
          }),
    listen(heard) {
      listener = heard;
      if (found !== null) heard.onFound(found);
      found = null;
    },
    get isOpen() {
      return isOpen || isLost;
    },
    get usedBytes() {
      return usedBytes;
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
    async close() {
      isLost = true;
      await worker.terminate();
    },
  };
}
