import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareTexts } from './shares.ts';

describe('shares', () => {
  it('of thirds add up to the whole', () => {
    expect(shareTexts([1, 1, 1])).toEqual(['33.4%', '33.3%', '33.3%']);
    expect(shareTexts([13, 4, 4])).toEqual(['61.9%', '19.1%', '19.0%']);
    expect(shareTexts([1, 1, 1], 0)).toEqual(['34%', '33%', '33%']);
    expect(shareTexts([5])).toEqual(['100.0%']);
    expect(shareTexts([0, 0])).toEqual(['-', '-']);
  });

  it('always add up, and none is a tenth off', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 8 }), (counts) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        fc.pre(total > 0);
        const tenths = shareTexts(counts).map((text) => Math.round(10 * Number.parseFloat(text)));
        expect(tenths.reduce((sum, tenth) => sum + tenth, 0)).toBe(1000);
        for (const [index, tenth] of tenths.entries())
          expect(Math.abs(tenth - (1000 * (counts[index] ?? 0)) / total)).toBeLessThan(1);
      }),
    );
  });
});
