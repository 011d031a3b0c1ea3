import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStepCost, interpolate } from './step-cost.ts';

const curve = {
  points: [
    { tokenCount: 1, milliseconds: 5 },
    { tokenCount: 8, milliseconds: 15 },
    { tokenCount: 64, milliseconds: 50 },
  ],
  attention: [
    { tokenCount: 1, readMsPerCell: 0.002, maskedMsPerCell: 0.0002 },
    { tokenCount: 16, readMsPerCell: 0.032, maskedMsPerCell: 0.0032 },
    { tokenCount: 64, readMsPerCell: 0.04, maskedMsPerCell: 0.004 },
    { tokenCount: 256, readMsPerCell: 0.1, maskedMsPerCell: 0.01 },
  ],
  readersApart: true,
};
const empty = (tokenCount: number) => ({ tokenCount, readPairCount: 0, cellCount: 0 });

describe('the cost of a step', () => {
  it('is what was measured at the measured widths and lies between in between', () => {
    expect(interpolate(curve.points, 8)).toBe(15);
    expect(interpolate(curve.points, 36)).toBeCloseTo(32.5);
    expect(interpolate(curve.points, 128)).toBe(100);
  });

  it('charges cells that are read and cells that are only scanned', () => {
    const cost = createStepCost(curve);
    expect(cost.predictMs({ tokenCount: 64, readPairCount: 64 * 1000, cellCount: 1000 })).toBeCloseTo(
      50 + 40,
    );
    expect(cost.predictMs({ tokenCount: 64, readPairCount: 0, cellCount: 1000 })).toBeCloseTo(50 + 4);
    expect(cost.predictMs({ tokenCount: 64, readPairCount: 64 * 500, cellCount: 1000 })).toBeCloseTo(
      50 + 20 + 2,
    );
  });

  it('does not judge wide steps by narrow ones, whose kernels are others', () => {
    const cost = createStepCost(curve);
    const attention = (tokenCount: number) =>
      cost.predictMs({ tokenCount, readPairCount: tokenCount * 1000, cellCount: 1000 }) -
      cost.predictMs(empty(tokenCount));
    expect(attention(48)).toBeCloseTo(96);
    expect(attention(64)).toBeCloseTo(40);
    expect(attention(160)).toBeCloseTo(70);
  });

  it('never gets cheaper by cells, whatever was observed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 5000 }))),
        fc.integer({ min: 1, max: 512 }),
        fc.integer({ min: 0, max: 8000 }),
        (observed, tokenCount, cellCount) => {
          const cost = createStepCost(curve);
          for (const [width, ms] of observed) cost.observe(empty(width), ms);
          const ms = cost.predictMs({ tokenCount, readPairCount: 0, cellCount });
          expect(ms).toBeGreaterThan(0);
          expect(
            cost.predictMs({ tokenCount, readPairCount: 0, cellCount: cellCount + 100 }),
          ).toBeGreaterThan(ms);
        },
      ),
    );
  });

  it('follows a machine that became slower, and forgets one bad step', () => {
    const cost = createStepCost(curve);
    cost.observe(empty(64), 5000);
    expect(cost.loadFactor(64)).toBeLessThan(1.3);
    for (let step = 0; step < 50; step++) cost.observe(empty(64), 100);
    expect(cost.loadFactor(64)).toBeCloseTo(2, 1);
  });

  it('outgrows a curve that was measured on a busy machine, at widths that are not used either', () => {
    const cost = createStepCost(curve);
    for (let step = 0; step < 200; step++) cost.observe(empty(64), 10);
    expect(cost.loadFactor(64)).toBeCloseTo(0.2, 1);
    expect(cost.loadFactor(128)).toBeLessThan(0.3);
  });

  it('lets a few steps of decoding change little about prefill', () => {
    const cost = createStepCost(curve);
    for (let step = 0; step < 10; step++) cost.observe(empty(1), 20);
    expect(cost.loadFactor(1)).toBeGreaterThan(2);
    expect(cost.loadFactor(256)).toBeLessThan(1.05);
  });

  it('keeps what narrow widths cost beside each other through a busy moment that fell on one of them', () => {
    const cost = createStepCost(curve);
    const ratio = () => cost.predictMs(empty(8)) / cost.predictMs(empty(1));
    const before = ratio();
    for (let step = 0; step < 30; step++) cost.observe(empty(1), 50);
    expect(cost.loadFactor(1)).toBeGreaterThan(5);
    expect(ratio()).toBeGreaterThan(0.75 * before);
    expect(ratio()).toBeLessThan(1.25 * before);
  });

  it('believes the first steps of a width about as much as the curve', () => {
    const cost = createStepCost(curve);
    const before = cost.predictMs(empty(6));
    for (let step = 0; step < 50; step++) cost.observe(empty(1), cost.predictMs(empty(1)));
    cost.observe(empty(6), 2 * before);
    expect(cost.predictMs(empty(6))).toBeGreaterThan(1.3 * before);
    for (let step = 0; step < 20; step++) cost.observe(empty(6), before);
    expect(cost.predictMs(empty(6))).toBeLessThan(1.15 * before);
  });

  it('learns what is wrong with one narrow width, and leaves the others', () => {
    const cost = createStepCost(curve);
    for (let step = 0; step < 400; step++) {
      cost.observe(empty(1), 5);
      cost.observe(empty(1), 5);
      cost.observe(empty(1), 5);
      cost.observe(empty(6), 18);
    }
    expect(cost.predictMs(empty(6))).toBeGreaterThan(16);
    expect(cost.predictMs(empty(1))).toBeLessThan(6);
    expect(cost.predictMs(empty(8))).toBeLessThan(18);
  });
});
