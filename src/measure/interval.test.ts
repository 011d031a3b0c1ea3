import { expect, it } from 'vitest';
import { estimateOf, expOf, studentT } from './interval.ts';

it('is the mean and what the true one lies within, 19 times of 20', () => {
  expect(estimateOf([1, 2, 3, 4])).toEqual({
    mean: 2.5,
    margin: expect.closeTo(3.182 * Math.sqrt(5 / 3 / 4), 6) as number,
  });
  expect(estimateOf([7])).toEqual({ mean: 7, margin: null });
  expect(estimateOf([2, 2]).margin).toBe(0);
  expect(() => estimateOf([])).toThrow(RangeError);
  expect(expOf({ mean: 1, margin: 0.1 }).margin).toBeCloseTo(Math.E * 0.1, 9);
});

it('takes its points from the table, and falls to those of the normal distribution', () => {
  expect(studentT(1)).toBe(12.706);
  expect(studentT(30)).toBe(2.042);
  expect(studentT(60)).toBeCloseTo(2.0, 2);
  expect(studentT(1e6)).toBeCloseTo(1.96, 3);
  for (let degrees = 2; degrees < 200; degrees++)
    expect(studentT(degrees)).toBeLessThan(studentT(degrees - 1));
});
