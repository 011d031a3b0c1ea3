import type { PrefixPool } from './prefix-pool.ts';
import { commonLength, endOf, type PrefixNode } from './prefix-tree.ts';

/**
 * Finds or makes the nodes that stand for `tokens[start, end)` of a file, cutting others where they cross its borders.
 * Returns those that no other file holds yet; made ones are on disk and need one. `null` where nothing in the tree
 * leads to `start`: a file without what comes before it is worth nothing.
 */
export function graft(
  pool: PrefixPool,
  salt: string,
  tokens: readonly number[],
  start: number,
): PrefixNode[] | null {
  let node = pool.tree.root(salt);
  while (endOf(node) < start) {
    const at = endOf(node);
    const child = node.children.get(tokens[at] ?? -1);
    if (child === undefined) return null;
    const common = commonLength(child.tokens, tokens, at, start);
    if (common < child.tokens.length && at + common < start) return null;
    node = common < child.tokens.length ? pool.split(child, common) : child;
  }
  const unheld: PrefixNode[] = [];
  while (endOf(node) < tokens.length) {
    const at = endOf(node);
    const child = node.children.get(tokens[at] ?? -1);
    if (child === undefined) {
      node = pool.tree.addChild(node, tokens.slice(at));
      node.location = 'disk';
    } else {
      const common = commonLength(child.tokens, tokens, at, tokens.length);
      node = common < child.tokens.length ? pool.split(child, common) : child;
    }
    if (node.file === null) unheld.push(node);
  }
  return unheld;
}
