import type { DiskStore, DiskWriteMode, FoundFile } from './disk-tier/disk-store.ts';
import type { HostStore } from './host-store.ts';
import type { PrefixPool } from './prefix-pool.ts';
import type { BelowHost, PrefixTier } from './prefix-tier.ts';
import { graft } from './prefix-graft.ts';
import { filesToRead } from './prefix-plan.ts';
import { pathTo, type PrefixFile, type PrefixNode } from './prefix-tree.ts';

/**
 * The disk below host memory: which nodes have a file, what is written when, and how it comes back. A file holds the
 * cells of one blob and all tokens up to its end, so a start finds the same tree again. Nothing here waits.
 */
export interface PrefixDisk extends BelowHost {
  /** False until it is known what an earlier run left; `plan` sees nothing of it before. */
  readonly isOpen: boolean;
  /** What must come from the disk before the longest prefix of these tokens can be taken over; `null` = nothing. */
  plan(salt: string, tokens: readonly number[]): DiskPlan | null;
  /** Tells the disk that these nodes' files are in use. */
  touch(path: readonly PrefixNode[]): void;
  /** Nobody runs: writes some of what was used more than once and has no file yet. */
  persistIdle(): void;
  /** Writes all that may be written, used last first; settles when it is done. */
  persistAll(): Promise<void>;
  /** Tokens that came back from the disk. */
  readonly readTokenCount: number;
}

export interface DiskPlan {
  readonly tokenCount: number;
  /** Milliseconds until they can be taken over, estimated from what reading and restoring took so far. */
  readonly estimatedMs: number;
  /** Reads them into host memory; settles when all are there or lost. */
  load(): Promise<void>;
}

export interface PrefixDiskOptions {
  readonly store: DiskStore;
  readonly host: HostStore;
  readonly pool: PrefixPool;
  readonly tier: PrefixTier;
  readonly now: () => number;
  /** Something was written, or lost: there may be more to do. */
  readonly onChange: () => void;
}

/** While idle no more than this is on its way, so that who comes next finds the machine free. */
const idlePendingBytes = 16 * 2 ** 20;
/** A use is not told again for this long. */
const touchIntervalMs = 60_000;
/** Until reading was measured: a slow SATA SSD. */
const firstReadBytesPerMs = 200_000;
/** Asking the thread, opening a file. A guess on the high side. */
const fixedReadMs = 3;

export function createPrefixDisk(options: PrefixDiskOptions): PrefixDisk {
  const { store, host, pool, tier, now } = options;
  const { tree } = pool;
  const files = new Map<number, PrefixFile>();
  /** Files of salts that nobody has used since the start. */
  const unclaimed = new Map<string, FoundFile[]>();
  let readTokenCount = 0;
  let readBytesPerMs = firstReadBytesPerMs;

  store.listen({
    onFound(found) {
      for (const file of found) {
        const ofSalt = unclaimed.get(file.saltId);
        if (ofSalt === undefined) unclaimed.set(file.saltId, [file]);
        else ofSalt.push(file);
      }
      options.onChange();
    },
    onGone(ids) {
      for (const id of ids) forget(id);
      options.onChange();
    },
    onWritten: options.onChange,
  });

  // ---- what an earlier run left -----------------------------------------------------------------------------------

  /** The tree is made of tokens, files name their salt by its id: they meet when the salt is used first. */
  function claim(salt: string): void {
    if (unclaimed.size === 0) return;
    const saltId = store.saltId(salt);
    const found = unclaimed.get(saltId);
    if (found === undefined) return;
    unclaimed.delete(saltId);
    // What comes first in a sequence must be there before what follows it.
    for (const { id, byteCount, start, tokens } of found.sort((one, other) => one.start - other.start)) {
      const nodes = graft(pool, salt, Array.from(tokens), start) ?? [];
      // Nothing leads to it, or other files hold the same: it would only take room.
      if (nodes.length === 0) {
        store.remove([id]);
        continue;
      }
      const file = newFile(id, byteCount, start, tokens.length);
      for (const node of nodes) own(node, file);
    }
  }

  function newFile(id: number, byteCount: number, start: number, end: number): PrefixFile {
    const owners = new Set<PrefixNode>();
    const file = { id, byteCount, start, end, owners, isGone: false, loading: null, touchedAt: -Infinity };
    files.set(id, file);
    return file;
  }

  function own(node: PrefixNode, file: PrefixFile): void {
    node.file = file;
    file.owners.add(node);
  }

  function forget(id: number): void {
    const file = files.get(id);
    if (file === undefined) return;
    files.delete(id);
    file.isGone = true;
    for (const node of [...file.owners]) {
      // Removed with another owner above it.
      if (node.file !== file) continue;
      node.file = null;
      if (node.location === 'disk') tier.dropSubtree(node);
    }
    file.owners.clear();
  }

  function leave(node: PrefixNode): void {
    const { file } = node;
    if (file === null) return;
    node.file = null;
    file.owners.delete(node);
    if (file.owners.size > 0) return;
    files.delete(file.id);
    file.isGone = true;
    store.remove([file.id]);
  }

  // ---- to the disk ------------------------------------------------------------------------------------------------

  function inheritFile(node: PrefixNode): void {
    const file = node.blob?.file ?? null;
    if (node.file === null && file !== null && !file.isGone) own(node, file);
  }

  function takeOver(node: PrefixNode): boolean {
    inheritFile(node);
    return node.file !== null || write(node, 'take');
  }

  function write(node: PrefixNode, mode: DiskWriteMode): boolean {
    const { blob } = node;
    if (blob === null || !mayWrite(node)) return false;
    const path = pathTo(node).flatMap((at) => at.tokens);
    const tokens = [...path.slice(0, blob.start), ...blob.tokens];
    const id = store.nextId();
    const byteCount = blob.data.byteLength;
    const saltId = store.saltId(tree.saltOf(node));
    // Bytes that another node still needs cannot be given away.
    const isShared = blob.ownerCount > 1;
    const item = { id, saltId, start: blob.start, tokens, data: blob.data };
    if (!store.write(item, isShared && mode === 'take' ? 'copy' : mode)) return false;
    const file = newFile(id, byteCount, blob.start, blob.end);
    blob.file = file;
    own(node, file);
    return true;
  }

  /** Where a sequence that must leave no trace was, nothing is written, nor below, unless it was written before. */
  function mayWrite(node: PrefixNode): boolean {
    const { blob } = node;
    if (blob === null || blob.tokens.length !== blob.end - blob.start) return false;
    for (let at = node; at.parent !== null; at = at.parent) {
      if (at.isMemoryOnly && at.file === null) return false;
    }
    return true;
  }

  /**
   * What has never been written. A file that was evicted is not written anew while nobody asks for it: with more in use
   * than the disk may hold, files would push each other out for ever.
   */
  function unwritten(isWanted: (node: PrefixNode) => boolean): PrefixNode[] {
    const nodes = [...tree.nodes()].filter(
      (node) => node.file === null && node.blob?.file === null && isWanted(node) && mayWrite(node),
    );
    // A node was used whenever one below it was, so parents come before their children.
    return nodes.sort((a, b) => b.lastUsedAt - a.lastUsedAt || a.start - b.start);
  }

  /** True unless the queue is full. */
  function writeOnce(node: PrefixNode): boolean {
    // The blob may have been written for another node, or the node may have left meanwhile.
    if (node.blob?.file !== null || node.parent === null) return true;
    return write(node, 'copy') || !mayWrite(node);
  }

  function persistIdle(): void {
    if (store.pendingBytes >= idlePendingBytes) return;
    for (const node of unwritten((one) => one.useCount > 1)) {
      if (!writeOnce(node) || store.pendingBytes >= idlePendingBytes) return;
    }
  }

  async function persistAll(): Promise<void> {
    for (const node of unwritten(() => true)) {
      if (writeOnce(node)) continue;
      await store.settled();
      writeOnce(node);
    }
    await store.settled();
  }

  // ---- and back ---------------------------------------------------------------------------------------------------

  function plan(salt: string, tokens: readonly number[]): DiskPlan | null {
    claim(salt);
    const { node, matchedTokenCount } = tree.match(salt, tokens, tokens.length - 1);
    const path = pathTo(node);
    const wanted = filesToRead(path, matchedTokenCount, host.budgetBytes);
    if (wanted === null) return null;
    const { files: toRead, byteCount, tokenCount } = wanted;
    return {
      tokenCount,
      estimatedMs: fixedReadMs + byteCount / readBytesPerMs + tokenCount * tier.restoreMsPerToken,
      load: () => load(path, toRead, byteCount),
    };
  }

  async function load(
    path: readonly PrefixNode[],
    wanted: readonly PrefixFile[],
    byteCount: number,
  ): Promise<void> {
    // What is about to be used must not leave host memory for what arrives with it.
    pool.clock++;
    for (const at of path) at.lastUsedAt = pool.clock;
    const startedAt = now();
    await Promise.all(wanted.map((file) => (file.loading ??= read(file))));
    const rate = byteCount / Math.max(0.01, now() - startedAt);
    readBytesPerMs += 0.3 * (rate - readBytesPerMs);
  }

  async function read(file: PrefixFile): Promise<void> {
    const data = await store.read(file.id);
    file.loading = null;
    if (file.isGone) return;
    if (data === null) {
      forget(file.id);
      return;
    }
    // Making room may take owners away.
    if (!tier.makeHostRoom(data.byteLength)) return;
    const owners = [...file.owners].filter((node) => node.location === 'disk');
    if (owners.length === 0) return;
    const blob = host.add(data, file.start, file.end, []);
    blob.file = file;
    blob.ownerCount = owners.length;
    for (const node of owners) {
      node.location = 'host';
      node.blob = blob;
      readTokenCount += node.tokens.length;
    }
  }

  function touch(path: readonly PrefixNode[]): void {
    const time = now();
    const due: number[] = [];
    for (const { file } of path) {
      if (file === null || time - file.touchedAt < touchIntervalMs) continue;
      file.touchedAt = time;
      due.push(file.id);
    }
    if (due.length > 0) store.touch(due);
  }

  return {
    get isOpen() {
      return store.isOpen;
    },
    plan,
    takeOver,
    inheritFile,
    leave,
    touch,
    persistIdle,
    persistAll,
    get readTokenCount() {
      return readTokenCount;
    },
  };
}
