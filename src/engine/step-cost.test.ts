import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStepCost, interpolate } from './step-cost.ts';

const curve = {
  points: [
    { tokenCount: 1, milliseconds: 5 },
    { tokenCount: 8, milliseconds: 15 },
    { tokenCount: 64, milliseconds: 50 },
  ],
  attentionMsPerTokenCell: 0.0001,
};

describe('the cost of a step', () => {
  it('is what was measured at the measured widths and lies between in between', () => {
    expect(interpolate(curve.points, 8)).toBe(15);
    expect(interpolate(curve.points, 36)).toBeCloseTo(32.5);
    expect(interpolate(curve.points, 128)).toBe(100);
  });

  it('grows with the cells in use', () => {
    const cost = createStepCost(curve);
    expect(cost.predictMs(64, 10_000)).toBeCloseTo(50 + 64);
  });

  it('answers with the widest step inside the budget', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 20_000 }), (budget, cells) => {
        const cost = createStepCost(curve);
        const width = cost.tokensWithin(budget, cells, 512);
        if (width > 0) expect(cost.predictMs(width, cells)).toBeLessThanOrEqual(budget);
        if (width < 512) expect(cost.predictMs(width + 1, cells)).toBeGreaterThan(budget);
      }),
    );
  });

  it('follows a machine that became slower, and forgets one bad step', () => {
    const cost = createStepCost(curve);
    const before = cost.tokensWithin(50, 0, 512);
    cost.observe(64, 0, 5000);
    expect(cost.tokensWithin(50, 0, 512)).toBeGreaterThan(before / 2);
    for (let step = 0; step < 50; step++) cost.observe(64, 0, 100);
    expect(cost.loadFactor).toBeCloseTo(2, 1);
    expect(cost.tokensWithin(50, 0, 512)).toBeLessThanOrEqual(before / 2);
  });

  it('does not shrink prefill because decoding over many cells is dearer than the curve says', () => {
    const cost = createStepCost(curve);
    const before = cost.tokensWithin(100, 2000, 512);
    for (let step = 0; step < 50; step++) cost.observe(1, 2000, 20);
    expect(cost.tokensWithin(100, 2000, 512)).toBe(before);
    expect(cost.predictMs(1, 2000)).toBeCloseTo(20, 0);
    expect(cost.predictMs(1, 0)).toBeCloseTo(5, 0);
  });
});
