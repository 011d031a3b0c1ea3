import type { Decoder } from './decoder.ts';
import type { HostStore } from './host-store.ts';
import { scratchSequence, type PrefixPool } from './prefix-pool.ts';
import { endOf, type HostBlob, type PrefixNode } from './prefix-tree.ts';

/** How idle prefixes leave the pool, for host memory, then for the disk or for good, and how they come back. */
export interface PrefixTier {
  /** Frees cells of idle prefixes, least recently used first, until `cellCount` are free. False if it cannot. */
  makeRoom(cellCount: number): boolean;
  /** Takes the last tokens of the least recently used idle leaf out of the pool; false if there is none. */
  evictSlice(): boolean;
  /**
   * Moves idle prefixes out, longest idle first, whose stay has cost, or is known to cost, more than going and coming
   * back: slice by slice until none is overdue or `budgetMs` has passed (the first slice always moves).
   * @param foreseenMsPerCell what prompts that are about to be computed will lose to each cell that stays
   * @returns milliseconds that moving took
   */
  offloadOverdue(foreseenMsPerCell: number, budgetMs: number): number;
  /** Nobody runs: moves one slice; false when no idle cell is left. A few kept ones tend to lie highest, and attention scans up to those. */
  offloadIdle(): boolean;
  /** Brings a host node that is pinned back into the pool, as cells of `sequence`. */
  restore(node: PrefixNode, sequence: number): boolean;
  /** The node's saved cells are no longer needed. */
  releaseBlob(node: PrefixNode): void;
  /** Leaves room for so many bytes in host memory, by what was used longest ago. False if it cannot. */
  makeHostRoom(byteCount: number): boolean;
  /** Removes a node that is not in the pool, with everything below it. */
  dropSubtree(node: PrefixNode): void;
  /** Without ranges a node that no state ends at is worth nothing. */
  dropBareAncestors(node: PrefixNode): void;
  readonly offloadedTokenCount: number;
  readonly restoredTokenCount: number;
  /** Milliseconds to bring one token's cells back from host memory, as measured. */
  readonly restoreMsPerToken: number;
}

/** The tier below host memory, as this one needs it. */
export interface BelowHost {
  /** The node's cells are, or will be, in a file: host memory may let go of them. False if they must not be, or cannot. */
  takeOver(node: PrefixNode): boolean;
  /** A node whose blob another one shares has the file that was made of it too. */
  inheritFile(node: PrefixNode): void;
  /** The node is being removed; a file that nobody owns goes too. */
  leave(node: PrefixNode): void;
}

export interface PrefixTierOptions {
  readonly decoder: Decoder;
  readonly host: HostStore;
  readonly pool: PrefixPool;
  /** `null`: what leaves host memory is gone. A function, because each needs the other. */
  readonly disk: () => BelowHost | null;
  readonly sliceTokenCount: number;
  readonly now: () => number;
}

/** llama.cpp scans cells in blocks of this many, so fewer idle ones cost nothing worth a move. */
const freeOfChargeCellCount = 256;
/** What going and coming back costs besides the bytes: allocation, calls. A guess on the high side. */
const fixedMoveMs = 1;

export function createPrefixTier(options: PrefixTierOptions): PrefixTier {
  const { decoder, host, pool, sliceTokenCount, now } = options;
  const { tree, wholeOnly } = pool;
  let offloadedTokenCount = 0;
  let restoredTokenCount = 0;
  /** Milliseconds to save and restore one token's cells; measured as it happens, begun with a guess. */
  let moveMsPerToken = 0.01;

  function makeRoom(cellCount: number): boolean {
    while (pool.freeCellCount < cellCount) if (!evictSlice()) return false;
    return true;
  }

  function evictSlice(): boolean {
    let oldest: PrefixNode | null = null;
    for (const leaf of pool.idleLeaves)
      if (oldest === null || leaf.lastUsedAt < oldest.lastUsedAt) oldest = leaf;
    if (oldest === null) return false;
    moveOut(oldest);
    return true;
  }

  function offloadOverdue(foreseenMsPerCell: number, budgetMs: number): number {
    if (wholeOnly) return 0;
    const startedAt = now();
    while (pool.idleCellCount > freeOfChargeCellCount) {
      const leaf = mostOverdue(foreseenMsPerCell);
      if (leaf === null) break;
      moveOut(leaf);
      if (now() - startedAt >= budgetMs) break;
    }
    return now() - startedAt;
  }

  function mostOverdue(foreseenMsPerCell: number): PrefixNode | null {
    let overdue: PrefixNode | null = null;
    for (const leaf of pool.idleLeaves) {
      // Ski rental: stay until the stay has cost as much as going and coming back, or is sure to.
      const length = Math.min(leaf.tokens.length, sliceTokenCount);
      const stayMsPerCell = pool.idleMeter - leaf.idleSince + foreseenMsPerCell;
      if (stayMsPerCell * length < moveMsPerToken * length + fixedMoveMs) continue;
      if (overdue === null || leaf.idleSince < overdue.idleSince) overdue = leaf;
    }
    return overdue;
  }

  function moveOut(leaf: PrefixNode): void {
    const [holder] = leaf.holders;
    const length = leaf.tokens.length;
    if (!wholeOnly && length > sliceTokenCount) tree.split(leaf, length - sliceTokenCount);
    const { parent } = leaf;
    if (parent === null || holder === undefined)
      throw new Error('only an idle leaf with a holder can leave the pool');
    const saved = wholeOnly ? null : save(leaf, holder);
    pool.evict(leaf);
    leaf.holders.delete(holder);
    if (needsHolder(parent, leaf)) {
      decoder.removeSequence(holder, leaf.start, -1);
      parent.holders.add(holder);
    } else {
      pool.freeId(holder);
    }
    if (saved !== null) {
      leaf.location = 'host';
      leaf.blob = saved;
      offloadedTokenCount += leaf.tokens.length;
    } else if (leaf.file !== null) {
      leaf.location = 'disk';
    } else {
      dropSubtree(leaf);
      if (wholeOnly) dropBareAncestors(parent);
    }
    pool.settle(parent);
  }

  /** Whether nobody but this child's holder covers the node. */
  function needsHolder(node: PrefixNode, child: PrefixNode): boolean {
    if (wholeOnly || node.parent === null || node.liveCount > 0 || node.holders.size > 0) return false;
    for (const other of node.children.values())
      if (other !== child && other.location === 'pool') return false;
    return true;
  }

  function save(leaf: PrefixNode, holder: number): HostBlob | null {
    if (host.budgetBytes === 0) return null;
    const startedAt = now();
    decoder.copySequence(holder, scratchSequence, leaf.start, endOf(leaf));
    const data = decoder.saveSequence(scratchSequence);
    decoder.removeSequence(scratchSequence, -1, -1);
    if (!makeHostRoom(data.byteLength)) return null;
    learnMoveCost(now() - startedAt, leaf.tokens.length);
    const blob = host.add(data, leaf.start, endOf(leaf), leaf.tokens.slice());
    if (leaf.file?.start === leaf.start && leaf.file.end === endOf(leaf)) blob.file = leaf.file;
    return blob;
  }

  function restore(node: PrefixNode, sequence: number): boolean {
    const { blob } = node;
    if (blob === null) return false;
    const startedAt = now();
    if (!makeRoom(blob.end - blob.start) || !decoder.restoreSequence(scratchSequence, blob.data))
      return false;
    decoder.copySequence(scratchSequence, sequence, node.start, endOf(node));
    decoder.removeSequence(scratchSequence, -1, -1);
    node.location = 'pool';
    pool.addCells(node.tokens.length);
    restoredTokenCount += node.tokens.length;
    releaseBlob(node);
    learnMoveCost(now() - startedAt, blob.end - blob.start);
    return true;
  }

  function releaseBlob(node: PrefixNode): void {
    if (node.blob === null) return;
    options.disk()?.inheritFile(node);
    host.release(node.blob);
    node.blob = null;
  }

  function makeHostRoom(byteCount: number): boolean {
    while (!host.fits(byteCount)) if (!giveUpOldestHostNode()) return false;
    return true;
  }

  /** Deepest first: the oldest node with nothing in host memory below it goes to the disk, or for good. */
  function giveUpOldestHostNode(): boolean {
    let oldest: PrefixNode | null = null;
    for (const node of tree.nodes()) {
      if (node.location !== 'host' || node.liveCount > 0) continue;
      if (oldest !== null && node.lastUsedAt >= oldest.lastUsedAt) continue;
      if (!hasHostChild(node)) oldest = node;
    }
    if (oldest === null) return false;
    if (options.disk()?.takeOver(oldest) === true) {
      releaseBlob(oldest);
      oldest.location = 'disk';
    } else {
      dropSubtree(oldest);
    }
    return true;
  }

  function dropSubtree(node: PrefixNode): void {
    for (const child of [...node.children.values()]) dropSubtree(child);
    releaseBlob(node);
    options.disk()?.leave(node);
    tree.remove(node);
  }

  function dropBareAncestors(node: PrefixNode): void {
    let at = node;
    while (at.parent !== null && at.children.size === 0 && at.holders.size === 0 && at.liveCount === 0) {
      const { parent } = at;
      pool.evict(at);
      tree.remove(at);
      at = parent;
    }
  }

  function learnMoveCost(milliseconds: number, tokenCount: number): void {
    // Going and coming back cost about the same, so one way counts twice.
    moveMsPerToken += 0.2 * ((2 * milliseconds) / Math.max(1, tokenCount) - moveMsPerToken);
  }

  return {
    makeRoom,
    evictSlice,
    offloadOverdue,
    offloadIdle: () => !wholeOnly && evictSlice(),
    restore,
    releaseBlob,
    makeHostRoom,
    dropSubtree,
    dropBareAncestors,
    get offloadedTokenCount() {
      return offloadedTokenCount;
    },
    get restoredTokenCount() {
      return restoredTokenCount;
    },
    get restoreMsPerToken() {
      return moveMsPerToken / 2;
    },
  };
}

function hasHostChild(node: PrefixNode): boolean {
  for (const child of node.children.values()) if (child.location === 'host') return true;
  return false;
}
