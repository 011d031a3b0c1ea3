import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assumedCost, expectedMs, fitFirstTokenCost, type FirstTokenSample } from './first-token-cost.ts';

const anySample = fc.record({
  newBlockCount: fc.double({ min: 0, max: 500, noNaN: true }),
  load: fc.nat(40),
  milliseconds: fc.double({ min: 0, max: 100_000, noNaN: true }),
});

describe('the cost of a first token', () => {
  it('is the assumption where nothing was measured', () => {
    const cost = fitFirstTokenCost([]);
    expect(cost.perBlock).toBeCloseTo(assumedCost.perBlock, 6);
    expect(cost.perRequest).toBeCloseTo(assumedCost.perRequest, 6);
    expect(cost.fixed).toBeCloseTo(assumedCost.fixed, 6);
  });

  it('is found in what was measured', () => {
    fc.assert(
      fc.property(
        fc.record({
          perBlock: fc.double({ min: 2, max: 60, noNaN: true }),
          perRequest: fc.double({ min: 20, max: 400, noNaN: true }),
          fixed: fc.double({ min: 20, max: 200, noNaN: true }),
        }),
        (truth) => {
          const samples = Array.from({ length: 64 }, (_, index): FirstTokenSample => {
            const newBlockCount = (index * 7) % 40;
            const load = (index * 3) % 8;
            return { newBlockCount, load, milliseconds: expectedMs(truth, newBlockCount, load) };
          });
          const found = fitFirstTokenCost(samples);
          for (const [blocks, load] of [
            [5, 0],
            [30, 1],
            [0, 6],
          ] as const) {
            const real = expectedMs(truth, blocks, load);
            expect(Math.abs(expectedMs(found, blocks, load) - real) / real).toBeLessThan(0.35);
          }
        },
      ),
    );
  });

  it('is never negative nor undefined, whatever was measured', () => {
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 64 }), (samples) => {
        for (const value of Object.values(fitFirstTokenCost(samples)) as number[]) {
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is the assumption, scaled, in what the samples say nothing of', () => {
    const samples = Array.from({ length: 64 }, () => ({ newBlockCount: 10, load: 0, milliseconds: 500 }));
    const cost = fitFirstTokenCost(samples);
    expect(expectedMs(cost, 10, 0)).toBeCloseTo(500, 0);
    expect(cost.perRequest / cost.perBlock).toBeCloseTo(assumedCost.perRequest / assumedCost.perBlock, 3);
  });
});
