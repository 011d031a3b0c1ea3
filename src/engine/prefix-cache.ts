// Over 300 lines: what a hold means for cells, ids and nodes reads best in one place.
import type { CellHold } from './cell-hold.ts';
import type { Decoder } from './decoder.ts';
import type { DiskStore } from './disk-tier/disk-store.ts';
import type { HostStore } from './host-store.ts';
import { createPrefixDisk, type PrefixDisk } from './prefix-disk.ts';
import { createPrefixPool, scratchSequence } from './prefix-pool.ts';
import { createPrefixTier } from './prefix-tier.ts';
import { commonLength, endOf, hasPoolChild, pathTo, type PrefixNode } from './prefix-tree.ts';

/**
 * Which cells of the unified KV pool hold which prefix, and who shares them.
 *
 * A live sequence holds cells of every node on its path (`copySequence` shares, it does not copy) plus a private tail
 * of tokens that no node covers yet. `publish` turns computed tokens into nodes, so that others can share them while
 * the sequence still runs. When it ends, its id stays behind as the holder of the leaf, unless someone else holds it.
 * Idle leaves leave the pool from their ends, at most `sliceTokenCount` tokens at a time, for host memory or for good;
 * below host memory there may be a disk. What is on disk is not matched until it was read into host memory.
 */
export interface PrefixCache {
  /** Tokens that `acquire` would find, and how many of them must come back from host memory. */
  probe(salt: string, tokens: readonly number[]): PrefixProbe;
  /**
   * Gives the tokens a sequence id that already holds their longest stored prefix.
   * At least one token is always left to compute. `null` if no sequence id can be had.
   * `keepTokenCount` is for windows that slide: first tokens that stay.
   * Without `mayPersist` nothing that the sequence touches is written to disk from then on.
   */
  acquire(
    salt: string,
    tokens: readonly number[],
    mayPersist?: boolean,
    keepTokenCount?: number,
  ): CellHold | null;
  /** Makes `tokens[0, computedCount)`, all computed by this sequence, available to others. */
  publish(hold: CellHold, tokens: readonly number[], computedCount: number): void;
  /**
   * The sequence is over. What it published stays as an idle prefix, with `keep` also all that it computed;
   * a private tail is freed.
   */
  release(hold: CellHold, keep: ComputedTokens | null): void;
  /** Before `release`, of one that comes back: where cells do not stay as a prefix, they are kept for these tokens. */
  park?(hold: CellHold, tokens: readonly number[]): void;
  /** Who was parked with these tokens will not come back. */
  forget?(tokens: readonly number[]): void;
  /** Tells how many cells the sequence has beyond its published prefix. */
  setTail(hold: CellHold, tokenCount: number): void;
  /** Frees cells of idle prefixes, least recently used first, until `cellCount` are free. False if it cannot. */
  makeRoom(cellCount: number): boolean;
  /** Leaves room for so many bytes in host memory, by what was used longest ago. False if it cannot. */
  makeHostRoom(byteCount: number): boolean;
  /** Moves idle prefixes out that cost the running steps more than a restore would; see `PrefixTier`. */
  offloadOverdue(foreseenMsPerCell: number, budgetMs: number): number;
  /** Nobody runs: moves one slice; false when no idle cell is left. A few kept ones tend to lie highest, and attention scans up to those. */
  offloadIdle(): boolean;
  /** `null` where there is none. */
  readonly disk: PrefixDisk | null;
  /** The running steps just paid this much for each cell in use. */
  chargeIdle(millisecondsPerCell: number): void;
  /** Whether a sequence that is taken out goes on where it was when it comes back. */
  readonly canResume: boolean;
  readonly freeCellCount: number;
  /** Cells that `makeRoom` could free. */
  readonly idleCellCount: number;
  readonly usedCellCount: number;
  readonly sharedCellCount: number;
  readonly offloadedTokenCount: number;
  readonly restoredTokenCount: number;
  /** What bringing one token back from host memory takes, as measured so far. */
  readonly restoreMsPerToken: number;
}

/** A sequence's tokens, of which the first `computedCount` have cells. */
export interface ComputedTokens {
  readonly tokens: readonly number[];
  readonly computedCount: number;
}

export interface PrefixProbe {
  readonly matchedTokenCount: number;
  readonly hostTokenCount: number;
  /** Matched tokens in the pool that are idle now and will be pinned. */
  readonly idleTokenCount: number;
}

export interface PrefixHold extends CellHold {
  readonly salt: string;
  readonly mayPersist: boolean;
  /** Deepest node that the sequence covers; its end is the published length. */
  node: PrefixNode;
}

export interface PrefixCacheOptions {
  readonly decoder: Decoder;
  readonly host: HostStore;
  /** Where what leaves host memory goes; `null` or absent = nowhere. Not used by models without ranges. */
  readonly disk?: DiskStore | null;
  /** There may be more to write, or something that was waited for is here. */
  readonly onDiskChange?: () => void;
  /** Most tokens saved at once, so that a step is never held up for long. */
  readonly sliceTokenCount?: number;
  /** Clock in milliseconds, for measuring what saving and restoring cost. */
  readonly now: () => number;
}

export function createPrefixCache(options: PrefixCacheOptions): PrefixCache {
  const { decoder, host, now, sliceTokenCount = 256 } = options;
  const pool = createPrefixPool(decoder);
  const tier = createPrefixTier({ decoder, host, pool, disk: () => disk, sliceTokenCount, now });
  const { tree, wholeOnly } = pool;
  const store = options.disk ?? null;
  const onChange = options.onDiskChange ?? (() => undefined);
  const disk: PrefixDisk | null =
    store === null || wholeOnly ? null : createPrefixDisk({ store, host, pool, tier, now, onChange });

  function find(salt: string, tokens: readonly number[]): { node: PrefixNode; matchedTokenCount: number } {
    const found = tree.match(salt, tokens, tokens.length - 1);
    if (!wholeOnly) return aboveDisk(found.node, found.matchedTokenCount);
    // Only a state that ends exactly here can be taken over: walk up to the nearest idle end.
    let { node } = found;
    if (found.matchedTokenCount < endOf(node)) node = node.parent ?? node;
    while (node.parent !== null && (node.holders.size === 0 || node.liveCount > 0)) node = node.parent;
    return { node, matchedTokenCount: endOf(node) };
  }

  function probe(salt: string, tokens: readonly number[]): PrefixProbe {
    const { node, matchedTokenCount } = find(salt, tokens);
    let hostTokenCount = 0;
    let idleTokenCount = 0;
    for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
      // Restoring brings the whole blob back before the part that is not needed is dropped.
      if (at.blob !== null) hostTokenCount += at.blob.end - at.blob.start;
      else if (at.liveCount === 0) idleTokenCount += Math.min(endOf(at), matchedTokenCount) - at.start;
    }
    return { matchedTokenCount, hostTokenCount, idleTokenCount };
  }

  function takeId(): number | null {
    for (;;) {
      const id = pool.takeId();
      if (id !== null || !tier.evictSlice()) return id;
    }
  }

  function acquire(salt: string, tokens: readonly number[], mayPersist = true): PrefixHold | null {
    pool.clock++;
    // Before anything is matched: making room for an id may take prefixes away.
    const sequence = takeId();
    if (sequence === null) return null;
    const found = find(salt, tokens);
    let { node } = found;
    const offset = found.matchedTokenCount - node.start;
    if (offset > 0 && offset < node.tokens.length) node = pool.split(node, offset);
    pool.pin(node);
    const path = pathTo(node);
    for (const at of path) {
      at.useCount++;
      if (!mayPersist) at.isMemoryOnly = true;
    }
    disk?.touch(path);
    let reached = tree.root(salt);
    for (const at of path) if (at.location === 'pool') reached = at;
    if (reached.parent !== null) {
      const source = pool.anyHolder(reached);
      if (wholeOnly) decoder.copySequence(source, sequence, -1, -1);
      else decoder.copySequence(source, sequence, 0, endOf(reached));
    }
    for (const at of path) {
      if (at.location === 'pool') continue;
      if (!tier.restore(at, sequence)) break;
      reached = at;
    }
    if (reached !== node) {
      // A restore failed: go on from what is there and compute the rest.
      pool.unpin(node);
      pool.pin(reached);
    }
    // This sequence covers the path now: ids that only kept a node of it alive are no longer needed.
    for (const at of pathTo(reached)) if (at.liveCount === 1) pool.dropHolders(at);
    reached.holders.add(sequence);
    const cachedTokenCount = endOf(reached);
    return { sequence, salt, mayPersist, node: reached, cachedTokenCount, tailTokenCount: 0 };
  }

  function publish(hold: PrefixHold, tokens: readonly number[], computedCount: number): void {
    // Without ranges a state that still moves cannot be shared; `release` keeps its last one.
    if (wholeOnly) setTail(hold, computedCount - endOf(hold.node));
    else extend(hold, tokens, computedCount);
  }

  function extend(hold: PrefixHold, tokens: readonly number[], computedCount: number): void {
    while (endOf(hold.node) < computedCount) {
      const { node } = hold;
      const from = endOf(node);
      const child = node.children.get(tokens[from] ?? -1);
      if (child === undefined) {
        grow(hold, tokens.slice(from, computedCount));
      } else {
        const common = commonLength(child.tokens, tokens, from, computedCount);
        join(hold, common < child.tokens.length ? pool.split(child, common) : child);
      }
    }
    setTail(hold, 0);
  }

  function grow(hold: PrefixHold, added: readonly number[]): void {
    const { node } = hold;
    pool.addCells(added.length);
    if (node.parent !== null && node.children.size === 0 && node.liveCount === 1 && node.file === null) {
      // Nobody else ends here, and no file says how long it is: the leaf grows.
      for (const token of added) node.tokens.push(token);
      return;
    }
    const leaf = tree.addChild(node, added);
    leaf.liveCount = 1;
    leaf.lastUsedAt = pool.clock;
    leaf.isMemoryOnly = !hold.mayPersist;
    moveHolder(hold, leaf);
  }

  /** The sequence has computed what a node already stands for: one copy of the cells stays. */
  function join(hold: PrefixHold, node: PrefixNode): void {
    const wasIdle = node.liveCount === 0;
    if (node.location === 'pool' && !wholeOnly) {
      replaceCells(hold.sequence, pool.anyHolder(node), node.start, endOf(node));
    }
    tier.releaseBlob(node);
    pool.adopt(node);
    if (!hold.mayPersist) node.isMemoryOnly = true;
    if (wasIdle) pool.dropHolders(node);
    moveHolder(hold, node);
  }

  /** Puts `source`'s cells [from, to) in the place of the sequence's own, without ever leaving a hole in it. */
  function replaceCells(sequence: number, source: number, from: number, to: number): void {
    decoder.copySequence(sequence, scratchSequence, to, -1);
    decoder.removeSequence(sequence, from, -1);
    decoder.copySequence(source, sequence, from, to);
    decoder.copySequence(scratchSequence, sequence, to, -1);
    decoder.removeSequence(scratchSequence, -1, -1);
  }

  function moveHolder(hold: PrefixHold, to: PrefixNode): void {
    hold.node.holders.delete(hold.sequence);
    to.holders.add(hold.sequence);
    hold.node = to;
  }

  function setTail(hold: PrefixHold, tokenCount: number): void {
    pool.tailCellCount += tokenCount - hold.tailTokenCount;
    hold.tailTokenCount = tokenCount;
  }

  function release(hold: PrefixHold, keep: ComputedTokens | null): void {
    if (keep !== null) extend(hold, keep.tokens, keep.computedCount);
    const { node, sequence } = hold;
    const hasTail = hold.tailTokenCount > 0;
    setTail(hold, 0);
    pool.unpin(node);
    const coveredByOthers = wholeOnly ? node.holders.size > 1 : node.liveCount > 0 || hasPoolChild(node);
    // Without ranges a tail cannot be cut off, so the state is lost with it.
    if (coveredByOthers || node.parent === null || (wholeOnly && hasTail)) pool.dropHolder(node, sequence);
    else if (hasTail) decoder.removeSequence(sequence, endOf(node), -1);
    if (wholeOnly) tier.dropBareAncestors(node);
    pool.settle(node);
  }

  return {
    probe,
    acquire,
    publish,
    release,
    setTail,
    makeRoom: (cellCount) => tier.makeRoom(cellCount),
    offloadOverdue: (foreseenMsPerCell, budgetMs) => tier.offloadOverdue(foreseenMsPerCell, budgetMs),
    offloadIdle: () => tier.offloadIdle(),
    disk,
    makeHostRoom: (byteCount) => tier.makeHostRoom(byteCount),
    canResume: true,
    chargeIdle(millisecondsPerCell) {
      pool.idleMeter += millisecondsPerCell;
    },
    get freeCellCount() {
      return pool.freeCellCount;
    },
    get idleCellCount() {
      return pool.idleCellCount;
    },
    get usedCellCount() {
      return pool.nodeCellCount + pool.tailCellCount;
    },
    get sharedCellCount() {
      let shared = 0;
      for (const node of tree.nodes())
        if (node.location === 'pool' && node.liveCount > 1) shared += node.tokens.length;
      return shared;
    },
    get offloadedTokenCount() {
      return tier.offloadedTokenCount;
    },
    get restoredTokenCount() {
      return tier.restoredTokenCount;
    },
    get restoreMsPerToken() {
      return tier.restoreMsPerToken;
    },
  };
}

/** As far down as nothing is on disk. */
function aboveDisk(found: PrefixNode, matched: number): { node: PrefixNode; matchedTokenCount: number } {
  let node = found;
  let matchedTokenCount = matched;
  for (let at = found; at.parent !== null; at = at.parent) {
    if (at.location !== 'disk') continue;
    node = at.parent;
    matchedTokenCount = at.start;
  }
  return { node, matchedTokenCount };
}
