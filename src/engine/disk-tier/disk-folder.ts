import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
  utimes,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FoundFile } from './disk-store.ts';
import {
  fileNameOf,
  openCells,
  openHead,
  prefixBytes,
  sealBlob,
  sealedHeadLength,
  sealKeys,
  type BlobHead,
  type SealedBlob,
} from './sealed-file.ts';

export interface DiskFolderOptions {
  /** Holds one folder per origin of cells; the budget is of all of them together. */
  readonly root: string;
  /** Name of this origin's folder. */
  readonly name: string;
  readonly secret: Uint8Array;
  readonly budgetBytes: number;
  /** Bytes of the disk that are never taken. @default 1 GiB */
  readonly spareBytes?: number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly wallClock?: () => number;
}

/** The files of one origin of cells. One caller at a time; other processes may work under the same root. */
export interface DiskFolder {
  /** Reads what is there; removes what is cut off, damaged or foreign, and what is over the budget. */
  open(): Promise<readonly FoundFile[]>;
  /** @returns ids that had to go for it. @throws Error where the disk refuses */
  write(id: number, blob: SealedBlob): Promise<readonly number[]>;
  /** `null` where the file is lost or not what it was; then it is removed. */
  read(id: number): Promise<Uint8Array | null>;
  touch(ids: readonly number[]): Promise<void>;
  remove(ids: readonly number[]): Promise<void>;
  readonly usedBytes: number;
  readonly rejectedCount: number;
}

const extension = '.kv';
const partExtension = '.part';
/** A temporary file older than this belongs to nobody who still writes. */
const staleMs = 60_000;
/** Once over the budget, this share of it is left, so that not every further file makes all be counted. */
const trimmedShare = 0.95;
/** Of the room that was counted, what may be filled before all is counted anew: others fill it at the same time. */
const uncountedShare = 1 / 8;

interface KnownFile {
  readonly path: string;
  readonly start: number;
}

interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly usedAt: number;
}

export function createDiskFolder(options: DiskFolderOptions): DiskFolder {
  const { root, budgetBytes, spareBytes = 2 ** 30, wallClock = Date.now } = options;
  const folder = join(root, options.name);
  const keys = sealKeys(options.secret);
  const files = new Map<number, KnownFile>();
  let usedBytes = 0;
  /** Bytes that may be written until all is counted again. */
  let allowance = 0;
  let rejectedCount = 0;

  async function open(): Promise<readonly FoundFile[]> {
    await makeFolder();
    const found: FoundFile[] = [];
    const names = (await readdir(folder)).filter((name) => name.endsWith(extension));
    for (const [index, fileName] of names.entries()) {
      const path = join(folder, fileName);
      const facts = await statOf(path);
      const size = facts?.isFile() === true ? facts.size : null;
      const head = size === null ? null : await readHead(path).catch(() => null);
      if (size === null || head?.fileByteCount !== size || !isNamed(path, head)) {
        await reject(path);
        continue;
      }
      // Ids of new files are positive: these cannot collide with them.
      const id = -1 - index;
      files.set(id, { path, start: head.start });
      found.push({ id, saltId: head.saltId, start: head.start, tokens: head.tokens, byteCount: size });
    }
    const gone = new Set(await trim(0));
    return found.filter((file) => !gone.has(file.id));
  }

  async function makeFolder(): Promise<void> {
    for (const path of [root, folder]) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      // It may have been made by hand, open to others.
      await chmod(path, 0o700);
    }
  }

  async function reject(path: string): Promise<void> {
    rejectedCount++;
    await removePath(path);
  }

  /** Its name says which prefix a file holds: under another's it would be read as that. */
  function isNamed(path: string, head: BlobHead): boolean {
    return basename(path) === fileNameOf(keys, head) + extension;
  }

  async function readHead(path: string): Promise<BlobHead | null> {
    const handle = await openFile(path, 'r');
    try {
      const prefix = Buffer.alloc(prefixBytes);
      await handle.read(prefix, 0, prefixBytes, 0);
      const length = sealedHeadLength(prefix);
      if (length === null || prefixBytes + length > (await handle.stat()).size) return null;
      const sealed = Buffer.alloc(length);
      const { bytesRead } = await handle.read(sealed, 0, length, prefixBytes);
      return bytesRead === length ? openHead(keys, options.name, sealed) : null;
    } finally {
      await handle.close();
    }
  }

  async function write(id: number, blob: SealedBlob): Promise<readonly number[]> {
    const pieces = sealBlob(keys, options.name, blob);
    const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    const fitsNow = size <= allowance && (await fits(size));
    const gone = fitsNow ? [] : await trim(size);
    if (!fitsNow && !(await fits(size))) throw new Error('The disk has no room for a saved prefix.');
    const path = join(folder, fileNameOf(keys, blob) + extension);
    const partial = `${path}.${randomBytes(6).toString('hex')}${partExtension}`;
    try {
      const handle = await openNew(partial);
      try {
        // Piece by piece until all is there: a disk that becomes full takes a part and says nothing.
        await handle.writeFile(pieces);
      } finally {
        await handle.close();
      }
      await rename(partial, path);
    } catch (error) {
      await removePath(partial);
      throw error;
    }
    files.set(id, { path, start: blob.start });
    usedBytes += size;
    allowance -= size;
    await touch([id]);
    return gone;
  }

  async function openNew(path: string) {
    const create = () => openFile(path, 'wx', 0o600);
    try {
      return await create();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Someone emptied the home while nearfar runs.
      await makeFolder();
      return create();
    }
  }

  async function fits(size: number): Promise<boolean> {
    if (usedBytes + size > budgetBytes) return false;
    const { bavail, bsize } = await statfs(root);
    return bavail * bsize - size >= spareBytes;
  }

  async function read(id: number): Promise<Uint8Array | null> {
    const file = files.get(id);
    if (file === undefined) return null;
    const bytes = await readFile(file.path).catch(() => null);
    const cells = bytes === null ? null : cellsOf(file.path, bytes);
    if (cells !== null) return cells;
    files.delete(id);
    if (bytes !== null) {
      usedBytes -= bytes.byteLength;
      await reject(file.path);
    }
    return null;
  }

  function cellsOf(path: string, bytes: Buffer): Uint8Array | null {
    const length = sealedHeadLength(bytes.subarray(0, prefixBytes));
    if (length === null || prefixBytes + length > bytes.length) return null;
    const head = openHead(keys, options.name, bytes.subarray(prefixBytes, prefixBytes + length));
    return head === null || !isNamed(path, head) ? null : openCells(keys, head, bytes);
  }

  async function touch(ids: readonly number[]): Promise<void> {
    const time = wallClock();
    for (const id of ids) {
      const file = files.get(id);
      // A millisecond a token: of one prefix the end goes first, and nothing is left without what comes before it.
      const usedAt = new Date(time - (file?.start ?? 0));
      if (file !== undefined) await utimes(file.path, usedAt, usedAt).catch(() => undefined);
    }
  }

  async function remove(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const file = files.get(id);
      if (file === undefined) continue;
      files.delete(id);
      usedBytes -= (await statOf(file.path))?.size ?? 0;
      await removePath(file.path);
    }
  }

  /** Counts everything under the root and removes what was used longest ago, until `size` more bytes fit. */
  async function trim(size: number): Promise<readonly number[]> {
    const listed = await list();
    usedBytes = listed.reduce((sum, file) => sum + file.size, 0);
    const { bavail, bsize } = await statfs(root);
    const limit = Math.min(budgetBytes, usedBytes + bavail * bsize - spareBytes);
    // For what cannot fit at all, nothing needs to go.
    const isEnough = usedBytes + size <= limit || size > Math.max(0, limit);
    const gone = isEnough ? [] : await removeOldest(listed, limit * trimmedShare - size);
    allowance = Math.max(size, (limit - usedBytes) * uncountedShare);
    return gone;
  }

  async function removeOldest(listed: ListedFile[], goalBytes: number): Promise<readonly number[]> {
    const idOf = new Map([...files].map(([id, file]) => [file.path, id]));
    const gone: number[] = [];
    for (const file of listed.sort((a, b) => a.usedAt - b.usedAt)) {
      if (usedBytes <= goalBytes) break;
      await removePath(file.path);
      usedBytes -= file.size;
      const id = idOf.get(file.path);
      if (id === undefined) continue;
      files.delete(id);
      gone.push(id);
    }
    return gone;
  }

  async function list(): Promise<ListedFile[]> {
    const listed: ListedFile[] = [];
    for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      const facts = entry.isFile() ? await statOf(path) : null;
      if (facts === null) continue;
      if (entry.name.endsWith(extension)) listed.push({ path, size: facts.size, usedAt: facts.mtimeMs });
      else if (entry.name.endsWith(partExtension) && wallClock() - facts.mtimeMs > staleMs) {
        await removePath(path);
      }
    }
    return listed;
  }

  return {
    open,
    write,
    read,
    touch,
    remove,
    get usedBytes() {
      return usedBytes;
    },
    get rejectedCount() {
      return rejectedCount;
    },
  };
}

async function statOf(path: string): Promise<Stats | null> {
  return lstat(path).catch(() => null);
}

/** What cannot be removed, as another user's, stays: it is not read either. */
async function removePath(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
