import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseKvLayout, sharedShare, type LayoutInputs } from './kv-layout.ts';

/** 1 ms and 0.1 ms a token; a read cell costs ten times a masked one. */
const predictMs: LayoutInputs['predictMs'] = ({ tokenCount, readPairCount, cellCount }) =>
  1 +
  0.1 * tokenCount +
  1e-4 * readPairCount +
  1e-5 * tokenCount * Math.max(0, cellCount - readPairCount / tokenCount);

const inputs = (more: Partial<LayoutInputs> = {}): LayoutInputs => ({
  prompts: Array.from({ length: 64 }, () => ({ tokenCount: 400, maxTokenCount: 64 })),
  sharedShare: 0,
  parallelCount: 32,
  contextTokenCount: 8192,
  predictMs,
  leastGain: 1.05,
  fits: () => true,
  ...more,
});

describe('the layout of the KV cache for bulk work', () => {
  it('is a stream each for private prompts, as long as the longest prompt with its answer', () => {
    const choice = chooseKvLayout(inputs());
    expect(choice).toMatchObject({ layout: 'split', streamTokenCount: 512 });
    expect(choice.splitMs).toBeLessThan(choice.unifiedMs);
  });

  it('is one pool where prompts have much in common, one at a time, and where streams do not fit', () => {
    expect(chooseKvLayout(inputs({ sharedShare: 0.9 })).layout).toBe('unified');
    expect(chooseKvLayout(inputs({ parallelCount: 1 })).layout).toBe('unified');
    expect(chooseKvLayout(inputs({ fits: () => false })).layout).toBe('unified');
    const { unifiedMs, splitMs } = chooseKvLayout(inputs());
    expect(chooseKvLayout(inputs({ leastGain: (1.01 * unifiedMs) / splitMs })).layout).toBe('unified');
  });

  it('gives room for whole answers, and never more than the context', () => {
    const prompts = [
      { tokenCount: 100, maxTokenCount: null },
      { tokenCount: 10, maxTokenCount: 10 },
    ];
    expect(chooseKvLayout(inputs({ prompts })).streamTokenCount).toBe(8192);
  });

  it('never turns to a stream each because more is shared', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 128 }),
        (one, other, tokenCount, maxTokenCount, parallelCount) => {
          const prompts = Array.from({ length: 100 }, () => ({ tokenCount, maxTokenCount }));
          const [less, more] = [Math.min(one, other), Math.max(one, other)];
          const at = (share: number) =>
            chooseKvLayout(inputs({ prompts, parallelCount, sharedShare: share })).layout;
          if (at(more) === 'split') expect(at(less)).toBe('split');
        },
      ),
    );
  });
});

describe('what texts have in common', () => {
  it('is the share that one copy of each common beginning saves', () => {
    expect(sharedShare(['abcd', 'abcx', 'abcd'])).toBeCloseTo(7 / 12);
    expect(sharedShare(['x', 'y'])).toBe(0);
    expect(sharedShare([])).toBe(0);
  });

  it('does not depend on the order, and is what a tree of the texts saves', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })), (texts) => {
        const nodes = new Set(texts.flatMap((text) => Array.from(text, (_, end) => text.slice(0, end + 1))));
        const total = texts.join('').length;
        const share = sharedShare(texts);
        expect(share).toBeCloseTo(total === 0 ? 0 : (total - nodes.size) / total);
        expect(sharedShare(texts.toReversed())).toBe(share);
      }),
    );
  });
});
