import type { Decoder } from './decoder.ts';
import { createPrefixTree, endOf, hasPoolChild, type PrefixNode, type PrefixTree } from './prefix-tree.ts';

/**
 * The tree together with the sequence ids and the counts of cells: who holds what. Every pool node is covered by at
 * least one sequence that ends at it or below it; idle leaves keep one id each for that.
 */
export interface PrefixPool {
  readonly tree: PrefixTree;
  /** Whole states only: no range of a sequence can be copied or cut (recurrent, hybrid models). */
  readonly wholeOnly: boolean;
  /** Pool leaves that no live sequence needs. */
  readonly idleLeaves: ReadonlySet<PrefixNode>;
  /** Cells under nodes, cells of private tails, and cells of idle nodes. */
  readonly nodeCellCount: number;
  tailCellCount: number;
  readonly idleCellCount: number;
  readonly freeCellCount: number;
  /** Milliseconds that each idle cell has cost the running steps so far. */
  idleMeter: number;
  /** Logical time, advanced by each match. */
  clock: number;

  /** An unused sequence id, or `null`. */
  takeId(): number | null;
  /** Empties a sequence and gives its id back. */
  freeId(id: number): void;
  /** One more live sequence ends at this node. */
  pin(node: PrefixNode): void;
  /** One fewer; call `settle` afterwards. */
  unpin(node: PrefixNode): void;
  /** Brings the node's place among the idle leaves, and its holders, in line with the tree. */
  settle(node: PrefixNode): void;
  dropHolder(node: PrefixNode, id: number): void;
  dropHolders(node: PrefixNode): void;
  /** Any sequence that covers the whole path down to this pool node. */
  anyHolder(node: PrefixNode): number;
  split(node: PrefixNode, offset: number): PrefixNode;
  /** Cells of tokens that became part of a node. */
  addCells(count: number): void;
  /** A live sequence adopts a node that it now covers: its cells, if the node had left the pool, are in it again. */
  adopt(node: PrefixNode): void;
  /** The node's cells are gone; it must be idle. */
  evict(node: PrefixNode): void;
}

/** Id 0 is kept for saving and restoring: llama.cpp saves only ids below n_seq_max, which may be fewer than it shares. */
export const scratchSequence = 0;

export function createPrefixPool(decoder: Decoder): PrefixPool {
  const tree = createPrefixTree();
  const freeIds = Array.from(
    { length: decoder.sequenceCount - 1 },
    (_, index) => decoder.sequenceCount - 1 - index,
  );
  const idleLeaves = new Set<PrefixNode>();
  let nodeCellCount = 0;
  let idleCellCount = 0;

  function settle(node: PrefixNode): void {
    const isIdleLeaf =
      node.parent !== null && node.location === 'pool' && node.liveCount === 0 && !hasPoolChild(node);
    if (!isIdleLeaf) {
      idleLeaves.delete(node);
      return;
    }
    idleLeaves.add(node);
    const [, ...redundant] = node.holders;
    for (const id of redundant) pool.dropHolder(node, id);
  }

  const pool: PrefixPool = {
    tree,
    wholeOnly: decoder.prefixGranularity === 'sequence',
    idleLeaves,
    get nodeCellCount() {
      return nodeCellCount;
    },
    tailCellCount: 0,
    get idleCellCount() {
      return idleCellCount;
    },
    get freeCellCount() {
      return decoder.cellCount - nodeCellCount - pool.tailCellCount;
    },
    idleMeter: 0,
    clock: 0,

    takeId: () => freeIds.pop() ?? null,
    freeId(id) {
      decoder.removeSequence(id, -1, -1);
      freeIds.push(id);
    },
    pin(node) {
      for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
        if (at.liveCount === 0 && at.location === 'pool') idleCellCount -= at.tokens.length;
        at.liveCount++;
        at.lastUsedAt = pool.clock;
        idleLeaves.delete(at);
      }
    },
    unpin(node) {
      for (let at: PrefixNode | null = node; at !== null; at = at.parent) {
        at.liveCount--;
        if (at.liveCount > 0) continue;
        at.idleSince = pool.idleMeter;
        if (at.location === 'pool') idleCellCount += at.tokens.length;
      }
    },
    settle,
    dropHolder(node, id) {
      node.holders.delete(id);
      pool.freeId(id);
    },
    dropHolders(node) {
      for (const id of [...node.holders]) pool.dropHolder(node, id);
    },
    anyHolder(node) {
      const stack = [node];
      for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
        for (const id of at.holders) return id;
        for (const child of at.children.values()) if (child.location === 'pool') stack.push(child);
      }
      throw new Error('a pool node has no holder');
    },
    split(node, offset) {
      const upper = tree.split(node, offset);
      settle(node);
      return upper;
    },
    addCells(count) {
      nodeCellCount += count;
    },
    adopt(node) {
      if (node.location !== 'pool') {
        node.location = 'pool';
        nodeCellCount += node.tokens.length;
      } else if (node.liveCount === 0) {
        idleCellCount -= node.tokens.length;
      }
      node.liveCount++;
      node.lastUsedAt = pool.clock;
      idleLeaves.delete(node);
    },
    evict(node) {
      if (node.liveCount > 0 || endOf(node) === node.start) throw new Error('only idle nodes leave the pool');
      idleLeaves.delete(node);
      idleCellCount -= node.tokens.length;
      nodeCellCount -= node.tokens.length;
    },
  };
  return pool;
}
