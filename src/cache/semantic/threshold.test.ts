import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createThreshold, type Check } from './threshold.ts';

const likeness = fc.double({ min: -0.5, max: 1, noNaN: true });
const checks = fc.array(fc.record({ likeness, isSame: fc.boolean() }), { maxLength: 30 });

describe('the risk that a kept answer is the wrong one', () => {
  test('is a probability, and no greater the more alike two questions are', () => {
    fc.assert(
      fc.property(checks, checks, likeness, likeness, (all, near, one, other) => {
        const threshold = createThreshold();
        for (const check of all) threshold.learn(check);
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const [high, low] = [threshold.risk(less, near), threshold.risk(more, near)];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(high + 1e-9);
      }),
    );
  });

  test('falls with checks of the neighbourhood that found the same answer, and rises with others', () => {
    const threshold = createThreshold();
    const same: Check = { likeness: 0.85, isSame: true };
    const risks = [0, 1, 2, 3].map((count) => threshold.risk(0.9, Array<Check>(count).fill(same)));
    expect(risks).toEqual([...risks].sort((one, other) => other - one));
    // Nothing is given in a neighbourhood that nobody has looked at, at a budget of 1%.
    expect(risks[0]).toBeGreaterThan(0.01);
    expect(risks[2]).toBeLessThan(0.01);
    expect(threshold.risk(0.9, [{ likeness: 0.85, isSame: false }])).toBeGreaterThan(risks[0] ?? 1);
  });

  test('follows the checks of all neighbourhoods', () => {
    const threshold = createThreshold();
    const near = [{ likeness: 0.9, isSame: true }];
    const before = threshold.risk(0.8, near);
    for (let index = 0; index < 200; index++) threshold.learn({ likeness: 0.8, isSame: index % 2 === 0 });
    expect(threshold.risk(0.8, near)).toBeGreaterThan(before * 5);
  });
});
