import type { Decoder } from './decoder.ts';
import type { HostStore } from './host-store.ts';
import { commonLength, createPrefixTree, endOf, hasPoolChild, type PrefixNode } from './prefix-tree.ts';

/**
 * Which cells of the unified KV pool hold which prefix, and who shares them.
 *
 * A live sequence holds cells of every node on its path (`copySequence` shares, it does not copy) plus a private tail
 * of tokens that no node covers yet. `publish` turns computed tokens into nodes, so that others can share them while
 * the sequence still runs. When it ends, its id stays behind as the holder of the leaf, unless someone else holds it.
 * Idle leaves leave the pool from their ends, at most `sliceTokenCount` tokens at a time, for host memory or for good.
 */
export interface PrefixCache {
  /** Tokens that `acquire` would find, and how many of them must come back from host memory. */
  probe(salt: string, tokens: readonly number[]): PrefixProbe;
  /**
   * Gives the tokens a sequence id that already holds their longest stored prefix.
   * At least one token is always left to compute. `null` if no sequence id can be had.
   */
  acquire(salt: string, tokens: readonly number[]): PrefixHold | null;
  /** Makes `tokens[0, computedCount)`, all computed by this sequence, available to others. */
  publish(hold: PrefixHold, tokens: readonly number[], computedCount: number): void;
  /**
   * The sequence is over. What it published stays as an idle prefix, with `keep` also all that it computed;
   * a private tail is freed.
   */
  release(hold: PrefixHold, keep: { tokens: readonly number[]; computedCount: number } | null): void;
  /** Tells how many cells the sequence has beyond its published prefix. */
  setTail(hold: PrefixHold, tokenCount: number): void;
  /** Frees cells of idle prefixes, least recently used first, until `cellCount` are free. False if it cannot. */
  makeRoom(cellCount: number): boolean;
  /** Moves one slice of the longest-idle prefix whose stay has cost more than a restore; false if there is none. */
  offloadOverdue(): boolean;
  /** Nobody is running: moves one slice until at most `keepCellCount` idle cells remain; false when done. */
  offloadIdle(keepCellCount: number): boolean;
  /** The running steps just paid this much for each cell in use. */
  chargeIdle(millisecondsPerCell: number): void;
  /** Forgets everything; the decoder's cells must be cleared by the caller. */
  reset(): void;
  readonly freeCellCount: number;
  /** Cells that `makeRoom` could free. */
  readonly evictableCellCount: number;
  readonly idleCellCount: number;
  readonly usedCellCount: number;
  readonly sharedCellCount: number;
  readonly offloadedTokenCount: number;
  readonly restoredTokenCount: number;
}

export interface PrefixProbe {
  readonly matchedTokenCount: number;
  readonly hostTokenCount: number;
  /** Matched tokens in the pool that are idle now and will be pinned. */
  readonly idleTokenCount: number;
}

export interface PrefixHold {
  readonly sequence: number;
  readonly salt: string;
  /** Deepest node that the sequence covers; its end is the published length. */
  node: PrefixNode;
  readonly cachedTokenCount: number;
  tailTokenCount: number;
}

export interface PrefixCacheOptions {
  readonly decoder: Decoder;
  readonly host: HostStore;
  /** Most tokens saved at once, so that a step is never held up for long. */
  readonly sliceTokenCount?: number;
  /** Clock in milliseconds, for measuring what saving and restoring cost. */
  readonly now: () => number;
}

/** llama.cpp scans cells in blocks of this many, so fewer idle ones cost nothing worth a move. */
const freeOfChargeCellCount = 256;
/** What going and coming back costs besides the bytes: allocation, calls. A guess on the high side. */
const fixedMoveMs = 1;

export function createPrefixCache(options: PrefixCacheOptions): PrefixCache {
  const { decoder, host, now, sliceTokenCount = 256 } = options;
  const wholeOnly = decoder.prefixGranularity === 'sequence';
  let tree = createPrefixTree();
  // Id 0 is kept for saving and restoring: llama.cpp saves only ids below n_seq_max, which may be fewer than it shares.
  const scratch = 0;
  let freeIds: number[] = [];
  const idleLeaves = new Set<PrefixNode>();
  let clock = 0;
  let poolTokenCount = 0;
  let tailTokenCount = 0;
  let idleTokenCount = 0;
  /** Milliseconds that each idle cell has cost the running steps so far. */
  let idleMeter = 0;
  let offloadedTokenCount = 0;
  let restoredTokenCount = 0;
  /** Milliseconds to save and restore one token's cells; measured as it happens, begun with a guess. */
  let moveMsPerToken = 0.01;

  function reset(): void {
    tree = createPrefixTree();
    freeIds = Array.from(
      { length: decoder.sequenceCount - 1 },
      (_, index) => decoder.sequenceCount - 1 - index,
    );
    idleLeaves.clear();
    poolTokenCount = tailTokenCount = idleTokenCount = 0;
  }
  reset();

  const freeCellCount = () => decoder.cellCount - poolTokenCount - tailTokenCount;

  // ---- live counts and leaves -------------------------------------------------------------------------------------

  function pin(node: PrefixNode): void {
    for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
      if (at.liveCount === 0 && at.location === 'pool') idleTokenCount -= at.tokens.length;
      at.liveCount++;
      at.lastUsedAt = clock;
      idleLeaves.delete(at);
    }
  }

  function unpin(node: PrefixNode): void {
    for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
      at.liveCount--;
      if (at.liveCount === 0) {
        at.idleSince = idleMeter;
        if (at.location === 'pool') idleTokenCount += at.tokens.length;
      }
    }
  }

  /** Brings a node's place among the idle leaves, and its holders, in line with the tree. */
  function settle(node: PrefixNode): void {
    const isIdleLeaf =
      node.parent !== null && node.location === 'pool' && node.liveCount === 0 && !hasPoolChild(node);
    if (!isIdleLeaf) {
      idleLeaves.delete(node);
      return;
    }
    idleLeaves.add(node);
    const [, ...redundant] = node.holders;
    for (const id of redundant) dropHolder(node, id);
  }

  function dropHolder(node: PrefixNode, id: number): void {
    node.holders.delete(id);
    decoder.removeSequence(id, -1, -1);
    freeIds.push(id);
  }

  function dropHolders(node: PrefixNode): void {
    for (const id of [...node.holders]) dropHolder(node, id);
  }

  /** Any sequence that covers the whole path down to this pool node. */
  function anyHolder(node: PrefixNode): number {
    const stack = [node];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const id of at.holders) return id;
      for (const child of at.children.values()) if (child.location === 'pool') stack.push(child);
    }
    throw new Error('a pool node has no holder');
  }

  // ---- matching and acquiring -------------------------------------------------------------------------------------

  function find(salt: string, tokens: readonly number[]): { node: PrefixNode; matchedTokenCount: number } {
    const found = tree.match(salt, tokens, tokens.length - 1);
    if (!wholeOnly) return found;
    // Only a state that ends exactly here can be taken over: walk up to the nearest idle end.
    let node: PrefixNode = found.node;
    if (found.matchedTokenCount < endOf(node)) node = node.parent ?? node;
    while (node.parent !== null && (node.holders.size === 0 || node.liveCount > 0)) node = node.parent;
    return { node, matchedTokenCount: endOf(node) };
  }

  function probe(salt: string, tokens: readonly number[]): PrefixProbe {
    const { node, matchedTokenCount } = find(salt, tokens);
    let hostTokenCount = 0;
    let idle = 0;
    for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
      const covered = Math.min(endOf(at), matchedTokenCount) - at.start;
      // Restoring brings the whole blob back before the part that is not needed is dropped.
      if (at.blob !== null) hostTokenCount += at.blob.end - at.blob.start;
      else if (at.liveCount === 0) idle += covered;
    }
    return { matchedTokenCount, hostTokenCount, idleTokenCount: idle };
  }

  function takeId(): number | null {
    while (freeIds.length === 0) if (!evictSlice()) return null;
    return freeIds.pop() ?? null;
  }

  function acquire(salt: string, tokens: readonly number[]): PrefixHold | null {
    clock++;
    // Before anything is matched: making room for an id may take prefixes away.
    const sequence = takeId();
    if (sequence === null) return null;
    const found = find(salt, tokens);
    let node = found.node;
    const offset = found.matchedTokenCount - node.start;
    if (offset > 0 && offset < node.tokens.length) node = splitNode(node, offset);
    pin(node);
    const path = pathTo(node);
    let reached = tree.root(salt);
    for (const at of path) if (at.location === 'pool') reached = at;
    if (reached.parent !== null) {
      const source = anyHolder(reached);
      if (wholeOnly) decoder.copySequence(source, sequence, -1, -1);
      else decoder.copySequence(source, sequence, 0, endOf(reached));
    }
    for (const at of path) {
      if (at.location === 'pool') continue;
      if (!restore(at, sequence)) break;
      reached = at;
    }
    if (reached !== node) {
      // A restore failed: go on from what is there and compute the rest.
      unpin(node);
      pin(reached);
    }
    // This sequence covers the path now: ids that only kept a node of it alive are no longer needed.
    for (const at of pathTo(reached)) if (at.liveCount === 1) dropHolders(at);
    reached.holders.add(sequence);
    return { sequence, salt, node: reached, cachedTokenCount: endOf(reached), tailTokenCount: 0 };
  }

  /** Brings a host node back into the pool as cells of `sequence`, through the scratch id. */
  function restore(node: PrefixNode, sequence: number): boolean {
    const blob = node.blob;
    if (blob === null) return false;
    const startedAt = now();
    if (!makeRoom(blob.end - blob.start) || !decoder.restoreSequence(scratch, blob.data)) return false;
    decoder.copySequence(scratch, sequence, node.start, endOf(node));
    decoder.removeSequence(scratch, -1, -1);
    node.location = 'pool';
    poolTokenCount += node.tokens.length;
    restoredTokenCount += node.tokens.length;
    host.release(blob);
    node.blob = null;
    learnMoveCost(now() - startedAt, blob.end - blob.start);
    return true;
  }

  function splitNode(node: PrefixNode, offset: number): PrefixNode {
    const upper = tree.split(node, offset);
    settle(node);
    return upper;
  }

  // ---- publishing and releasing -----------------------------------------------------------------------------------

  function publish(hold: PrefixHold, tokens: readonly number[], computedCount: number): void {
    // Without ranges a state that still moves cannot be shared; `release` keeps its last one.
    if (wholeOnly) setTail(hold, computedCount - endOf(hold.node));
    else extend(hold, tokens, computedCount);
  }

  function extend(hold: PrefixHold, tokens: readonly number[], computedCount: number): void {
    while (endOf(hold.node) < computedCount) {
      const node = hold.node;
      const from = endOf(node);
      const child = node.children.get(tokens[from] ?? -1);
      if (child === undefined) {
        const added = tokens.slice(from, computedCount);
        poolTokenCount += added.length;
        if (node.parent !== null && node.children.size === 0 && node.liveCount === 1) {
          // Nobody else ends here: the leaf grows.
          for (const token of added) node.tokens.push(token);
        } else {
          const leaf = tree.addChild(node, added);
          leaf.liveCount = 1;
          leaf.lastUsedAt = clock;
          moveHolder(hold, leaf);
        }
      } else {
        const common = commonLength(child.tokens, tokens, from, computedCount);
        join(hold, common < child.tokens.length ? splitNode(child, common) : child);
      }
    }
    setTail(hold, 0);
  }

  /** The sequence has computed what a node already stands for: one copy of the cells stays. */
  function join(hold: PrefixHold, node: PrefixNode): void {
    const wasIdle = node.liveCount === 0;
    if (node.location === 'host') {
      node.location = 'pool';
      poolTokenCount += node.tokens.length;
      if (node.blob !== null) host.release(node.blob);
      node.blob = null;
    } else {
      if (wasIdle) idleTokenCount -= node.tokens.length;
      if (!wholeOnly) {
        replaceCells(hold.sequence, anyHolder(node), node.start, endOf(node));
      }
    }
    node.liveCount++;
    node.lastUsedAt = clock;
    idleLeaves.delete(node);
    if (wasIdle) dropHolders(node);
    moveHolder(hold, node);
  }

  /** Puts `source`'s cells [from, to) in the place of the sequence's own, without ever leaving a hole in it. */
  function replaceCells(sequence: number, source: number, from: number, to: number): void {
    decoder.copySequence(sequence, scratch, to, -1);
    decoder.removeSequence(sequence, from, -1);
    decoder.copySequence(source, sequence, from, to);
    decoder.copySequence(scratch, sequence, to, -1);
    decoder.removeSequence(scratch, -1, -1);
  }

  function moveHolder(hold: PrefixHold, to: PrefixNode): void {
    hold.node.holders.delete(hold.sequence);
    to.holders.add(hold.sequence);
    hold.node = to;
  }

  function setTail(hold: PrefixHold, tokenCount: number): void {
    tailTokenCount += tokenCount - hold.tailTokenCount;
    hold.tailTokenCount = tokenCount;
  }

  function release(
    hold: PrefixHold,
    keep: { tokens: readonly number[]; computedCount: number } | null,
  ): void {
    if (keep !== null) extend(hold, keep.tokens, keep.computedCount);
    const { node, sequence } = hold;
    const hasTail = hold.tailTokenCount > 0;
    setTail(hold, 0);
    unpin(node);
    const coveredByOthers = wholeOnly ? node.holders.size > 1 : node.liveCount > 0 || hasPoolChild(node);
    // Without ranges a tail cannot be cut off, so the state is lost with it.
    if (coveredByOthers || node.parent === null || (wholeOnly && hasTail)) dropHolder(node, sequence);
    else if (hasTail) decoder.removeSequence(sequence, endOf(node), -1);
    if (wholeOnly) dropBareAncestors(node);
    settle(node);
  }

  // ---- leaving the pool -------------------------------------------------------------------------------------------

  function oldestIdleLeaf(): PrefixNode | null {
    let oldest: PrefixNode | null = null;
    for (const leaf of idleLeaves) if (oldest === null || leaf.lastUsedAt < oldest.lastUsedAt) oldest = leaf;
    return oldest;
  }

  function makeRoom(cellCount: number): boolean {
    while (freeCellCount() < cellCount) if (!evictSlice()) return false;
    return true;
  }

  /** Takes the last tokens of the least recently used idle leaf out of the pool. */
  function evictSlice(): boolean {
    const leaf = oldestIdleLeaf();
    if (leaf === null) return false;
    moveOut(leaf);
    return true;
  }

  function offloadOverdue(): boolean {
    if (wholeOnly || idleTokenCount <= freeOfChargeCellCount) return false;
    let overdue: PrefixNode | null = null;
    for (const leaf of idleLeaves) {
      // Ski rental: stay until the stay has cost as much as going and coming back.
      const length = Math.min(leaf.tokens.length, sliceTokenCount);
      if ((idleMeter - leaf.idleSince) * length < moveMsPerToken * length + fixedMoveMs) continue;
      if (overdue === null || leaf.idleSince < overdue.idleSince) overdue = leaf;
    }
    if (overdue === null) return false;
    moveOut(overdue);
    return true;
  }

  function offloadIdle(keepCellCount: number): boolean {
    if (wholeOnly || idleTokenCount <= keepCellCount) return false;
    return evictSlice();
  }

  function moveOut(leaf: PrefixNode): void {
    const holder = firstHolder(leaf);
    const length = leaf.tokens.length;
    if (!wholeOnly && length > sliceTokenCount) tree.split(leaf, length - sliceTokenCount);
    const parent = leaf.parent;
    if (parent === null) throw new Error('a root cannot leave the pool');
    const saved = wholeOnly ? null : save(leaf, holder);
    idleLeaves.delete(leaf);
    idleTokenCount -= leaf.tokens.length;
    poolTokenCount -= leaf.tokens.length;
    leaf.holders.delete(holder);
    const parentNeedsHolder =
      !wholeOnly && parent.parent !== null && parent.liveCount === 0 && !hasOtherPoolChild(parent, leaf);
    if (parentNeedsHolder && parent.holders.size === 0) {
      decoder.removeSequence(holder, leaf.start, -1);
      parent.holders.add(holder);
    } else {
      decoder.removeSequence(holder, -1, -1);
      freeIds.push(holder);
    }
    if (saved !== null) {
      leaf.location = 'host';
      leaf.blob = saved;
      offloadedTokenCount += leaf.tokens.length;
    } else {
      dropSubtree(leaf);
      if (wholeOnly) dropBareAncestors(parent);
    }
    settle(parent);
  }

  function save(leaf: PrefixNode, holder: number): ReturnType<HostStore['add']> | null {
    if (host.budgetBytes === 0) return null;
    const startedAt = now();
    decoder.copySequence(holder, scratch, leaf.start, endOf(leaf));
    const data = decoder.saveSequence(scratch);
    decoder.removeSequence(scratch, -1, -1);
    while (!host.fits(data.byteLength)) if (!dropOldestHostLeaf()) return null;
    learnMoveCost(now() - startedAt, leaf.tokens.length);
    return host.add(data, leaf.start, endOf(leaf));
  }

  function dropOldestHostLeaf(): boolean {
    let oldest: PrefixNode | null = null;
    for (const node of tree.nodes()) {
      if (node.location !== 'host' || node.children.size > 0 || node.liveCount > 0) continue;
      if (oldest === null || node.lastUsedAt < oldest.lastUsedAt) oldest = node;
    }
    if (oldest === null) return false;
    dropSubtree(oldest);
    return true;
  }

  /** Removes a node that has left the pool, with everything below it (all of it in host memory). */
  function dropSubtree(node: PrefixNode): void {
    for (const child of [...node.children.values()]) dropSubtree(child);
    if (node.blob !== null) host.release(node.blob);
    node.blob = null;
    tree.remove(node);
  }

  /** Without ranges a node that no state ends at is worth nothing. */
  function dropBareAncestors(node: PrefixNode): void {
    for (let at = node; at.parent !== null;) {
      if (at.children.size > 0 || at.holders.size > 0 || at.liveCount > 0) return;
      const { parent } = at;
      idleLeaves.delete(at);
      idleTokenCount -= at.tokens.length;
      poolTokenCount -= at.tokens.length;
      tree.remove(at);
      at = parent;
    }
  }

  function learnMoveCost(milliseconds: number, tokenCount: number): void {
    // Going and coming back cost about the same, so one way counts twice.
    moveMsPerToken += 0.2 * ((2 * milliseconds) / Math.max(1, tokenCount) - moveMsPerToken);
  }

  function countShared(): number {
    let shared = 0;
    for (const node of tree.nodes())
      if (node.location === 'pool' && node.liveCount > 1) shared += node.tokens.length;
    return shared;
  }

  return {
    probe,
    acquire,
    publish,
    release,
    setTail,
    makeRoom,
    offloadOverdue,
    offloadIdle,
    chargeIdle: (millisecondsPerCell) => {
      idleMeter += millisecondsPerCell;
    },
    reset,
    get freeCellCount() {
      return freeCellCount();
    },
    get evictableCellCount() {
      return idleTokenCount;
    },
    get idleCellCount() {
      return idleTokenCount;
    },
    get usedCellCount() {
      return poolTokenCount + tailTokenCount;
    },
    get sharedCellCount() {
      return countShared();
    },
    get offloadedTokenCount() {
      return offloadedTokenCount;
    },
    get restoredTokenCount() {
      return restoredTokenCount;
    },
  };
}

function hasOtherPoolChild(node: PrefixNode, except: PrefixNode): boolean {
  for (const child of node.children.values()) if (child !== except && child.location === 'pool') return true;
  return false;
}

function firstHolder(node: PrefixNode): number {
  for (const id of node.holders) return id;
  throw new Error('an idle leaf has no holder');
}

/** From below the root down to the node; empty for a root. */
function pathTo(node: PrefixNode): PrefixNode[] {
  const path: PrefixNode[] = [];
  for (let at = node; at.parent !== null; at = at.parent) path.push(at);
  return path.reverse();
}
