import { describe, expect, it } from 'vitest';
import { chooseTargetMs, createInterTokenTarget, longestAutoTargetMs } from './inter-token-target.ts';
import { createStepCost, type StepCostCurve } from './step-cost.ts';

/** Overhead of 20 ms a step, then `perToken`. */
const curve = (perToken: number, overheadMs = 20): StepCostCurve => ({
  points: [1, 64, 512].map((tokenCount) => ({
    tokenCount,
    milliseconds: overheadMs + perToken * tokenCount,
  })),
  attention: [{ tokenCount: 1, readMsPerCell: 1e-6, maskedMsPerCell: 1e-7 }],
  readersApart: false,
});

describe('the inter-token target', () => {
  it('is what was set', () => {
    expect(createInterTokenTarget(80, createStepCost(curve(1)), 512)()).toBe(80);
  });

  it('is by itself as short as 90% of the prefill speed allow', () => {
    // With c ms a token and an overhead of o a step, chunks of n run at n / (o + c n): 90% of 512's speed needs n of
    // about 200 at o = 20, c = 1, which is 220 ms.
    const ms = chooseTargetMs(curve(1), 512);
    expect(ms).toBeGreaterThan(150);
    expect(ms).toBeLessThanOrEqual(longestAutoTargetMs);
    expect(chooseTargetMs(curve(0.1), 512)).toBeLessThan(100);
    expect(chooseTargetMs(curve(0.1, 1), 512)).toBeLessThan(chooseTargetMs(curve(0.1), 512));
  });

  it('is at most 250 ms on a machine however slow', () => {
    expect(chooseTargetMs(curve(50), 512)).toBe(longestAutoTargetMs);
  });

  it('follows the machine', () => {
    const cost = createStepCost(curve(0.1));
    const target = createInterTokenTarget('auto', cost, 512);
    const before = target();
    for (let step = 0; step < 50; step++)
      cost.observe({ tokenCount: 128, readPairCount: 0, cellCount: 0 }, 2 * 32.8);
    expect(target()).toBeCloseTo(2 * before, 0);
  });
});
