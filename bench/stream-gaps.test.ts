import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestGapByWindow } from './stream-gaps.ts';

describe('longest gap by window', () => {
  it('takes the whole of the longest pause in each window', () => {
    const windows = [
      { from: 10, to: 50 },
      { from: 50, to: 100 },
    ];
    expect(longestGapByWindow([0, 5, 12, 45, 52, 60, 99, 120], windows)).toEqual([33, 39]);
  });

  it('counts a pause over a border once, where most of it lies', () => {
    const windows = [
      { from: 0, to: 100 },
      { from: 100, to: 200 },
    ];
    expect(longestGapByWindow([0, 5, 105, 110, 200], windows)).toEqual([100, 90]);
  });

  it('gives 0 where the stream had no pause of the window', () => {
    expect(longestGapByWindow([0, 1, 2], [{ from: 50, to: 60 }])).toEqual([0]);
    expect(longestGapByWindow([], [{ from: 50, to: 60 }])).toEqual([0]);
  });

  it('never counts one pause for two windows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
        (gaps, lengths) => {
          // Distinct gap lengths make a pause recognisable.
          const times = [...new Set(gaps)].reduce((list, gap) => [...list, (list.at(-1) ?? 0) + gap], [0]);
          let end = 0;
          const windows = lengths.map((length) => ({ from: end, to: (end += length) }));
          const counted = longestGapByWindow(times, windows).filter((gap) => gap > 0);
          expect(new Set(counted).size).toBe(counted.length);
        },
      ),
    );
  });
});
