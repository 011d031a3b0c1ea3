import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPrefixTree, endOf, type PrefixNode } from './prefix-tree.ts';

function insert(tree: ReturnType<typeof createPrefixTree>, salt: string, tokens: readonly number[]): void {
  const { node, matchedTokenCount } = tree.match(salt, tokens, tokens.length);
  let parent: PrefixNode = node;
  if (matchedTokenCount > node.start && matchedTokenCount < endOf(node)) {
    parent = tree.split(node, matchedTokenCount - node.start);
  }
  if (matchedTokenCount < tokens.length) tree.addChild(parent, tokens.slice(matchedTokenCount));
}

const common = (a: readonly number[], b: readonly number[]) => {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
};

describe('the prefix tree', () => {
  it('finds the longest stored prefix, as a scan over all stored texts would', () => {
    const text = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), text, (stored, asked) => {
        const tree = createPrefixTree();
        for (const tokens of stored) insert(tree, 's', tokens);
        const expected = Math.max(0, ...stored.map((tokens) => common(tokens, asked)));
        expect(tree.match('s', asked, asked.length).matchedTokenCount).toBe(expected);
        expect(tree.match('other', asked, asked.length).matchedTokenCount).toBe(0);
      }),
    );
  });

  it('keeps the lower end of a split under its identity', () => {
    const tree = createPrefixTree();
    const node = tree.addChild(tree.root('s'), [1, 2, 3, 4]);
    const upper = tree.split(node, 1);
    expect(upper.tokens).toEqual([1]);
    expect(node.tokens).toEqual([2, 3, 4]);
    expect(node.start).toBe(1);
    expect(node.parent).toBe(upper);
    expect(() => tree.split(node, 3)).toThrow(RangeError);
  });

  it('refuses siblings that begin alike and removes only leaves', () => {
    const tree = createPrefixTree();
    const parent = tree.addChild(tree.root('s'), [1]);
    tree.addChild(parent, [2, 3]);
    expect(() => tree.addChild(parent, [2, 4])).toThrow(RangeError);
    expect(() => {
      tree.remove(parent);
    }).toThrow(RangeError);
  });
});
