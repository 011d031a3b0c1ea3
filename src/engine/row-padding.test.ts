import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addedRowCount, noPadding, rowPadding } from './row-padding.ts';
import { createStepCost } from './step-cost.ts';

/** Kernels that take four rows in `tileMs`, and each that is left over in `restMs`. */
const kernels = (tileMs: number, restMs: number) =>
  [...Array.from({ length: 17 }, (_, index) => index + 1), 32, 64].map((tokenCount) => ({
    tokenCount,
    milliseconds: Math.floor(tokenCount / 4) * tileMs + (tokenCount % 4) * restMs,
  }));

describe('rows that are added to a step', () => {
  it('fill the last tile where what is left over costs more than a tile', () => {
    const padding = rowPadding(kernels(4, 3));
    expect([1, 2, 3, 4].map((count) => addedRowCount(padding, count))).toEqual([0, 2, 1, 0]);
    expect([61, 62, 63, 64].map((count) => addedRowCount(padding, count))).toEqual([0, 2, 1, 0]);
  });

  it('are none where nothing is gained by them, or nothing is known', () => {
    expect(rowPadding(kernels(4, 1)).wide).toEqual([0, 0, 0, 0]);
    const coarse = kernels(4, 3).filter(({ tokenCount }) => Number.isInteger(Math.log2(tokenCount)));
    expect(rowPadding(coarse).wide).toEqual([0, 0, 0, 0]);
    expect(addedRowCount(noPadding, 15)).toBe(0);
  });

  it('never make a step dearer, by what was measured', () => {
    const milliseconds = fc.double({ min: 0.5, max: 20, noNaN: true });
    fc.assert(
      fc.property(milliseconds, milliseconds, fc.integer({ min: 1, max: 512 }), (tile, rest, tokenCount) => {
        const points = kernels(tile, rest);
        const added = addedRowCount(rowPadding(points), tokenCount);
        const costOf = (count: number) => Math.floor(count / 4) * tile + (count % 4) * rest;
        expect(costOf(tokenCount + added)).toBeLessThanOrEqual(costOf(tokenCount));
      }),
    );
  });

  it('are part of what a step is expected to take', () => {
    const points = kernels(4, 3);
    const attention = [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: 0 }];
    const curve = { points, attention, readersApart: false };
    const predict = (tokenCount: number, padding = noPadding) =>
      createStepCost({ ...curve, padding }).predictMs({ tokenCount, readPairCount: 0, cellCount: 0 });
    expect(predict(15)).toBe(21);
    expect(predict(15, rowPadding(points))).toBe(16);
  });
});
