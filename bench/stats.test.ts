import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile, rounded, summarize } from './stats.ts';

const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('stats', () => {
  it('takes the middle of an odd list and the mean of the two middles of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('interpolates quartiles', () => {
    expect(summarize([1, 2, 3, 4, 5])).toEqual({ count: 5, median: 3, min: 1, max: 5, q1: 2, q3: 4 });
  });

  it('orders min <= q1 <= median <= q3 <= max, whatever the order of the input', () => {
    fc.assert(
      fc.property(values, (list) => {
        const s = summarize(list);
        expect(s.min).toBeLessThanOrEqual(s.q1);
        expect(s.q1).toBeLessThanOrEqual(s.median);
        expect(s.median).toBeLessThanOrEqual(s.q3);
        expect(s.q3).toBeLessThanOrEqual(s.max);
        expect(summarize(list.toReversed())).toEqual(s);
      }),
    );
  });

  it('refuses an empty list and a share out of range', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => quantile([1], 1.5)).toThrow(RangeError);
  });

  it('rounds to significant digits', () => {
    expect(rounded(1234.567)).toBe(1235);
    expect(rounded(0.0123456, 3)).toBe(0.0123);
  });
});
