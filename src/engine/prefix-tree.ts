/**
 * A radix tree over token sequences, one root per salt: which prefixes have been computed, and where their KV cells
 * are. Pure bookkeeping; `prefix-cache` moves the cells.
 *
 * Invariants: siblings differ in their first token; the parent of a pool node is a pool node (or a root), so what is
 * in the pool is always a connected top of the tree. Below it, nodes are in host memory or on disk in any order.
 */

/** Saved cells of positions [start, end). Shared by the nodes that a split made of one. */
export interface HostBlob {
  readonly data: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Tokens of [start, end); empty where it came from a file. */
  readonly tokens: readonly number[];
  ownerCount: number;
  /** The file that holds the same cells. */
  file: PrefixFile | null;
}

/** A file of saved cells, written or on its way. Shared by the nodes that a split made of one. */
export interface PrefixFile {
  readonly id: number;
  readonly byteCount: number;
  readonly start: number;
  readonly end: number;
  readonly owners: Set<PrefixNode>;
  isGone: boolean;
  loading: Promise<void> | null;
  /** Milliseconds, when its last use was told to the disk. */
  touchedAt: number;
}

export interface PrefixNode {
  /** `null` for a root, which holds no tokens. */
  parent: PrefixNode | null;
  readonly children: Map<number, PrefixNode>;
  tokens: number[];
  /** Position of the first token. */
  start: number;
  /** Sequence ids whose cells end exactly where this node ends. */
  readonly holders: Set<number>;
  /** Live sequences that end at or below this node. */
  liveCount: number;
  location: 'pool' | 'host' | 'disk';
  blob: HostBlob | null;
  /** Holds the node's cells too, wherever else they are. */
  file: PrefixFile | null;
  /** A sequence that must leave no trace on disk was here: nothing of this node is written from then on. */
  isMemoryOnly: boolean;
  /** Sequences that took this node over or made it. */
  useCount: number;
  /** Logical time of the last match; larger is later. */
  lastUsedAt: number;
  /** Reading of the idle-cost meter when the last live sequence left. */
  idleSince: number;
}

export interface PrefixMatch {
  /** Deepest node that the tokens reach, possibly only part of the way. */
  readonly node: PrefixNode;
  readonly matchedTokenCount: number;
}

export function endOf(node: PrefixNode): number {
  return node.start + node.tokens.length;
}

export function hasPoolChild(node: PrefixNode): boolean {
  for (const child of node.children.values()) if (child.location === 'pool') return true;
  return false;
}

export interface PrefixTree {
  /** The root of a salt, made on first use. */
  root(salt: string): PrefixNode;
  /** Longest stored prefix of `tokens[0, limit)`. */
  match(salt: string, tokens: readonly number[], limit: number): PrefixMatch;
  /** Cuts a node in two at `offset` (0 < offset < length); the given node keeps the lower end and its identity. */
  split(node: PrefixNode, offset: number): PrefixNode;
  /** Adds a pool leaf below `parent`. */
  addChild(parent: PrefixNode, tokens: readonly number[]): PrefixNode;
  /** Takes a childless node out; empty roots go too. */
  remove(node: PrefixNode): void;
  nodes(): Iterable<PrefixNode>;
  /** The salt of the tree that a node is part of. */
  saltOf(node: PrefixNode): string;
}

export function createPrefixTree(): PrefixTree {
  const roots = new Map<string, PrefixNode>();
  const saltOfRoot = new Map<PrefixNode, string>();

  function root(salt: string): PrefixNode {
    let node = roots.get(salt);
    if (node === undefined) {
      node = newNode(null, [], 0);
      roots.set(salt, node);
      saltOfRoot.set(node, salt);
    }
    return node;
  }

  function match(salt: string, tokens: readonly number[], limit: number): PrefixMatch {
    let node = root(salt);
    let matchedTokenCount = 0;
    while (matchedTokenCount < limit) {
      const child = node.children.get(tokens[matchedTokenCount] ?? -1);
      if (child === undefined) break;
      const common = commonLength(child.tokens, tokens, matchedTokenCount, limit);
      matchedTokenCount += common;
      node = child;
      if (common < child.tokens.length) break;
    }
    return { node, matchedTokenCount };
  }

  function split(node: PrefixNode, offset: number): PrefixNode {
    const parent = node.parent;
    if (parent === null || offset <= 0 || offset >= node.tokens.length) {
      throw new RangeError(`cannot split a node of ${node.tokens.length} tokens at ${offset}`);
    }
    const upper = newNode(parent, node.tokens.slice(0, offset), node.start);
    upper.liveCount = node.liveCount;
    upper.location = node.location;
    upper.lastUsedAt = node.lastUsedAt;
    upper.idleSince = node.idleSince;
    if (node.blob !== null) {
      upper.blob = node.blob;
      node.blob.ownerCount++;
    }
    if (node.file !== null) {
      upper.file = node.file;
      node.file.owners.add(upper);
    }
    upper.isMemoryOnly = node.isMemoryOnly;
    upper.useCount = node.useCount;
    parent.children.set(firstToken(upper), upper);
    node.tokens = node.tokens.slice(offset);
    node.start += offset;
    node.parent = upper;
    upper.children.set(firstToken(node), node);
    return upper;
  }

  function addChild(parent: PrefixNode, tokens: readonly number[]): PrefixNode {
    const child = newNode(parent, tokens.slice(), endOf(parent));
    const first = firstToken(child);
    if (parent.children.has(first)) throw new RangeError('a sibling already begins with this token');
    parent.children.set(first, child);
    return child;
  }

  function remove(node: PrefixNode): void {
    const parent = node.parent;
    if (parent === null || node.children.size > 0)
      throw new RangeError('only a childless node can be removed');
    parent.children.delete(firstToken(node));
    node.parent = null;
    const salt = saltOfRoot.get(parent);
    if (salt !== undefined && parent.children.size === 0 && parent.holders.size === 0) {
      roots.delete(salt);
      saltOfRoot.delete(parent);
    }
  }

  function* nodes(): Iterable<PrefixNode> {
    const stack = [...roots.values()];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.tokens.length > 0) yield node;
      stack.push(...node.children.values());
    }
  }

  function saltOf(node: PrefixNode): string {
    let at = node;
    while (at.parent !== null) at = at.parent;
    const salt = saltOfRoot.get(at);
    if (salt === undefined) throw new RangeError('the node is part of no tree');
    return salt;
  }

  return { root, match, split, addChild, remove, nodes, saltOf };
}

function newNode(parent: PrefixNode | null, tokens: number[], start: number): PrefixNode {
  return {
    parent,
    children: new Map(),
    tokens,
    start,
    holders: new Set(),
    liveCount: 0,
    location: 'pool',
    blob: null,
    file: null,
    isMemoryOnly: false,
    useCount: 1,
    lastUsedAt: 0,
    idleSince: 0,
  };
}

function firstToken(node: PrefixNode): number {
  const token = node.tokens[0];
  if (token === undefined) throw new RangeError('a node needs at least one token');
  return token;
}

/** From below the root down to the node; empty for a root. */
export function pathTo(node: PrefixNode): PrefixNode[] {
  const path: PrefixNode[] = [];
  for (let at = node; at.parent !== null; at = at.parent) path.push(at);
  return path.reverse();
}

/** How many tokens of `stored` equal `tokens[from, limit)`. */
export function commonLength(
  stored: readonly number[],
  tokens: readonly number[],
  from: number,
  limit: number,
): number {
  const most = Math.min(stored.length, limit - from);
  let count = 0;
  while (count < most && stored[count] === tokens[from + count]) count++;
  return count;
}
