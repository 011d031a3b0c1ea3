import { NearfarError } from '../../chat/error.ts';
import { isNamed, type Disk } from './disk.ts';
import { abortedError, nameOf, noRoom } from './download-errors.ts';
import { evictionOrder, planRoom, type KeptFile } from './eviction.ts';
import { fetchFile, type FetchOptions, type RemoteFile } from './fetch-file.ts';
import { sha256OfText } from './sha256.ts';

/** Files of models that are kept on this device, for all tabs of this origin. */
export interface FileStore {
  /** Bytes that are still to be fetched; null where a size is not known before. */
  missingBytes(files: readonly RemoteFile[]): Promise<number | null>;
  /**
   * Fetches what is missing. Of several tabs one fetches a file, and the others see its progress. What an earlier visit began
   * is gone on with.
   * @throws NearfarError as `fetchFile` does; `too_large` before anything is fetched, where it can be told
   */
  download(
    files: readonly RemoteFile[],
    onBytes: (loaded: number, total: number | null) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Whole, verified files in the given order. @throws NearfarError `unavailable` where one is missing */
  open(files: readonly RemoteFile[]): Promise<readonly Blob[]>;
  /** Says that the files are in use until `done` settles, so that no tab removes them. */
  use(files: readonly RemoteFile[], done: Promise<void>): void;
  kept(): Promise<readonly KeptFile[]>;
  /** @throws NearfarError `conflict` where a tab uses or fetches it */
  remove(key: string): Promise<void>;
}

export interface FileStoreOptions {
  readonly disk: Disk;
  /** @default navigator.locks */
  readonly locks?: Pick<LockManager, 'request'>;
  /** Bytes that all files may take together. @default as many as the browser gives */
  readonly budgetBytes?: number | null;
  readonly fetch?: typeof globalThis.fetch;
  readonly retryMs?: FetchOptions['retryMs'];
  readonly stallMs?: FetchOptions['stallMs'];
  readonly now?: () => number;
}

/** What stands beside a whole file; without it, or with another size, a file is a half-written one. */
interface FileRecord {
  readonly bytes: number;
  readonly sha256: string;
  readonly usedAt: number;
}

interface ProgressNews {
  readonly key: string;
  readonly loaded: number;
  readonly total: number | null;
}

const dataEnding = '.data';
const recordEnding = '.record';

/** Files are kept by what they hold, so that two models, or two addresses, share one. */
export function keyOf({ url, sha256 }: RemoteFile): string {
  return sha256 ?? `url-${sha256OfText(url)}`;
}

export function createFileStore(options: FileStoreOptions): FileStore {
  const { disk, budgetBytes = null } = options;
  const locks = options.locks ?? navigator.locks;
  const now = options.now ?? Date.now;

  async function recordOf(key: string): Promise<FileRecord | null> {
    try {
      const record = readRecord(await (await disk.read(key + recordEnding)).text());
      return record !== null && (await disk.size(key + dataEnding)) === record.bytes ? record : null;
    } catch (thrown) {
      if (isNamed(thrown, 'NotFoundError')) return null;
      throw thrown;
    }
  }

  /** A record that is cut off by a crash reads as none: its file is then hashed again, not fetched. */
  async function writeRecord(key: string, record: FileRecord): Promise<void> {
    const writer = await disk.openWriter(key + recordEnding);
    try {
      const bytes = new TextEncoder().encode(JSON.stringify(record));
      writer.write(bytes, 0);
      writer.truncate(bytes.length);
      writer.flush();
    } finally {
      writer.close();
    }
  }

  async function touch(key: string): Promise<void> {
    const record = await recordOf(key);
    // Another tab may be writing it at the moment; then it is as fresh as can be.
    if (record !== null) await writeRecord(key, { ...record, usedAt: now() }).catch(() => undefined);
  }

  async function kept(): Promise<readonly KeptFile[]> {
    const names = await disk.names();
    const keys = names
      .filter((name) => name.endsWith(dataEnding))
      .map((name) => name.slice(0, -dataEnding.length));
    return Promise.all(
      keys.map(async (key) => {
        const [size, record] = await Promise.all([disk.size(key + dataEnding), recordOf(key)]);
        return { key, bytes: size ?? 0, isWhole: record !== null, usedAt: record?.usedAt ?? 0 };
      }),
    );
  }

  /** @returns false where a tab uses or fetches it */
  async function removeIdle(key: string): Promise<boolean> {
    return locks.request(useLock(key), { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      try {
        // The record first: a removal that is cut short leaves nothing that seems whole.
        await disk.remove(key + recordEnding);
        await disk.remove(key + dataEnding);
        return true;
      } catch (thrown) {
        if (isNamed(thrown, 'NoModificationAllowedError')) return false;
        throw thrown;
      }
    });
  }

  /** @throws NearfarError `too_large` */
  async function makeRoom(file: RemoteFile, wanted: ReadonlySet<string>): Promise<void> {
    const needed = Math.max(0, (file.bytes ?? 0) - ((await disk.size(keyOf(file) + dataEnding)) ?? 0));
    const busy = new Set<string>();
    for (;;) {
      const estimate = await disk.estimate();
      const freeBytes = estimate === null ? null : estimate.quotaBytes - estimate.usedBytes;
      const keep = new Set([...wanted, ...busy]);
      const plan = planRoom({ kept: await kept(), neededBytes: needed, freeBytes, budgetBytes, keep });
      if (plan.lackingBytes > 0) throw noRoom(nameOf(file.url), needed, needed - plan.lackingBytes);
      const [first] = plan.remove;
      if (first === undefined) return;
      if (!(await removeIdle(first))) busy.add(first);
    }
  }

  /**
   * Chromium tells pages one and the same quota, whatever there is: that room is short shows when it ends. Then others go, one
   * at a time, and the download goes on where it stopped.
   */
  async function intoRoom<Result>(
    file: RemoteFile,
    wanted: ReadonlySet<string>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        if (!(thrown instanceof NearfarError) || thrown.kind !== 'too_large') throw thrown;
        if (!(await removeOldest(file, wanted))) throw thrown;
      }
    }
  }

  /** @returns false where nothing may go, or all that may would not be enough */
  async function removeOldest(file: RemoteFile, wanted: ReadonlySet<string>): Promise<boolean> {
    const all = await kept();
    const order = evictionOrder(all, wanted);
    const lacking = (file.bytes ?? 0) - (all.find(({ key }) => key === keyOf(file))?.bytes ?? 0);
    const removable = all.reduce((sum, { key, bytes }) => sum + (order.includes(key) ? bytes : 0), 0);
    if (removable < lacking) return false;
    for (const key of order) if (await removeIdle(key)) return true;
    return false;
  }

  async function fetchOne(
    file: RemoteFile,
    wanted: ReadonlySet<string>,
    onBytes: (loaded: number, total: number | null) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(file);
    const channel = new BroadcastChannel(`nearfar:progress:${key}`);
    channel.onmessage = ({ data }: MessageEvent<ProgressNews>) => {
      onBytes(data.loaded, data.total);
    };
    try {
      await locks.request(`nearfar:download:${key}`, { signal }, async () => {
        channel.onmessage = null;
        // Meanwhile another tab may have brought it.
        const record = await recordOf(key);
        if (record !== null) {
          onBytes(record.bytes, record.bytes);
          return;
        }
        await makeRoom(file, wanted);
        let toldAt = -Infinity;
        const tell = (loaded: number, total: number | null): void => {
          onBytes(loaded, total);
          const at = performance.now();
          if (at - toldAt < 100 && loaded !== total) return;
          toldAt = at;
          channel.postMessage({ key, loaded, total } satisfies ProgressNews);
        };
        const fetched = await intoRoom(file, wanted, async (): Promise<FileRecord> => {
          const writer = await disk.openWriter(key + dataEnding);
          try {
            const found = await fetchFile(file, writer, {
              fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
              onBytes: tell,
              signal,
              ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
              ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
            });
            return { ...found, usedAt: now() };
          } finally {
            writer.close();
          }
        });
        await writeRecord(key, fetched);
      });
    } catch (thrown) {
      if (signal.aborted && !(thrown instanceof NearfarError)) throw abortedError(signal.reason);
      throw thrown;
    } finally {
      channel.close();
    }
  }

  return {
    async missingBytes(files) {
      let missing = 0;
      for (const file of files) {
        const key = keyOf(file);
        if ((await recordOf(key)) !== null) continue;
        if (file.bytes === null) return null;
        missing += Math.max(0, file.bytes - ((await disk.size(key + dataEnding)) ?? 0));
      }
      return missing;
    },
    async download(files, onBytes, signal) {
      const wanted = new Set(files.map(keyOf));
      const loaded = files.map(() => 0);
      const totals: (number | null)[] = files.map(({ bytes }) => bytes);
      for (const [index, file] of files.entries()) {
        await fetchOne(
          file,
          wanted,
          (bytes, total) => {
            loaded[index] = bytes;
            totals[index] = total ?? totals[index] ?? null;
            onBytes(
              loaded.reduce((sum, each) => sum + each, 0),
              totals.reduce<number | null>(
                (sum, each) => (sum === null || each === null ? null : sum + each),
                0,
              ),
            );
          },
          signal,
        );
      }
    },
    async open(files) {
      const blobs: Blob[] = [];
      for (const file of files) {
        const key = keyOf(file);
        if ((await recordOf(key)) === null) {
          throw new NearfarError('unavailable', `${nameOf(file.url)} is not on this device yet.`);
        }
        await touch(key);
        blobs.push(await disk.read(key + dataEnding));
      }
      return blobs;
    },
    use(files, done) {
      for (const file of files) void locks.request(useLock(keyOf(file)), { mode: 'shared' }, () => done);
    },
    kept,
    async remove(key) {
      if (await removeIdle(key)) return;
      throw new NearfarError('conflict', 'A tab uses this model at the moment; close it there first.');
    },
  };
}

function useLock(key: string): string {
  return `nearfar:file:${key}`;
}

function readRecord(text: string): FileRecord | null {
  try {
    const { bytes, sha256, usedAt } = JSON.parse(text) as Partial<FileRecord>;
    return typeof bytes === 'number' && typeof sha256 === 'string' && typeof usedAt === 'number'
      ? { bytes, sha256, usedAt }
      : null;
  } catch {
    return null;
  }
}
