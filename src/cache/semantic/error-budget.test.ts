import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clopperPearson } from './clopper-pearson.ts';
import { createErrorBudget } from './error-budget.ts';
import { seededRandom } from '../../random/seeded-random.ts';

function cleanChecksUntilOpen(maxWrongHitRate: number): number {
  const budget = createErrorBudget(maxWrongHitRate);
  let count = 0;
  while (!budget.holds) {
    budget.observe(true);
    count++;
  }
  return count;
}

describe('a budget of wrong hits', () => {
  test.each([
    [0.01, 255],
    [0.05, 50],
    [0.1, 25],
  ])('of %f is shown to hold by %i checks without a wrong one', (rate, count) => {
    expect(Math.abs(cleanChecksUntilOpen(rate) - count)).toBeLessThanOrEqual(2);
  });

  test('of nothing is never shown to hold', () => {
    const budget = createErrorBudget(0);
    for (let index = 0; index < 5000; index++) budget.observe(true);
    expect(budget.holds).toBe(false);
  });

  test('stops after wrong ones, however long it went well, and comes back', () => {
    const budget = createErrorBudget(0.1);
    for (let index = 0; index < 500; index++) budget.observe(true);
    budget.observe(false);
    budget.observe(false);
    expect(budget.holds).toBe(false);
    for (let index = 0; index < 50; index++) budget.observe(true);
    expect(budget.holds).toBe(true);
  });

  test('tells what it knows, with the interval', () => {
    const budget = createErrorBudget(0.1);
    expect(budget.estimate).toMatchObject({ checkCount: 0, lower: 0, upper: 1 });
    for (let index = 0; index < 1200; index++) budget.observe(index % 100 !== 0);
    const { checkCount, wrongCount, rate, lower, upper } = budget.estimate;
    expect({ checkCount, wrongCount, rate }).toEqual({ checkCount: 1000, wrongCount: 10, rate: 0.01 });
    expect(lower).toBeLessThan(0.01);
    expect(upper).toBeGreaterThan(0.01);
  });

  // Ville's inequality, by trial: at exactly more errors than allowed at most a tenth of the streams ever open.
  test('that does not hold is rarely taken to hold', () => {
    const random = seededRandom(1);
    let openCount = 0;
    for (let stream = 0; stream < 1000; stream++) {
      const budget = createErrorBudget(0.1);
      let wasOpen = false;
      for (let index = 0; index < 300 && !wasOpen; index++) {
        budget.observe(random() >= 0.1);
        wasOpen = budget.holds;
      }
      if (wasOpen) openCount++;
    }
    expect(openCount).toBeLessThan(120);
  });
});

describe("Clopper and Pearson's interval", () => {
  test.each([
    [0, 10, 0, 0.3085],
    [1, 20, 0.0013, 0.2487],
    [5, 10, 0.1871, 0.8129],
    [10, 10, 0.6915, 1],
    [0, 368, 0, 0.00997],
  ])('%i of %i', (count, total, lower, upper) => {
    const interval = clopperPearson(count, total);
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  test('holds the share that was seen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.nat(2000), (total, raw) => {
        const count = raw % (total + 1);
        const { lower, upper } = clopperPearson(count, total);
        expect(lower).toBeLessThanOrEqual(count / total + 1e-9);
        expect(upper).toBeGreaterThanOrEqual(count / total - 1e-9);
      }),
    );
  });
});
