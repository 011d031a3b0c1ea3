import { expect, it } from 'vitest';
import { besideTokenLimit } from './beside-width.ts';
import { createStepCost } from './step-cost.ts';

/** A token takes a millisecond. */
const cost = createStepCost({
  points: [
    { tokenCount: 1, milliseconds: 1 },
    { tokenCount: 512, milliseconds: 512 },
  ],
  attention: [{ tokenCount: 1, readMsPerCell: 0, maskedMsPerCell: 0 }],
  readersApart: false,
});

it('takes half of what readers may wait, shared by those beside them, and moves all the same', () => {
  expect(besideTokenLimit(cost, Infinity, 1)).toBe(Infinity);
  expect(besideTokenLimit(cost, 10_000, 1)).toBe(512);
  expect(besideTokenLimit(cost, 256, 1)).toBe(128);
  expect(besideTokenLimit(cost, 256, 2)).toBe(64);
  expect(besideTokenLimit(cost, 1, 1)).toBe(16);
});
