import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPurse } from './purse.ts';

it('lets no more be lost than it held and earned, and keeps little of what was gained', () => {
  const steps = fc.array(fc.record({ risk: fc.double({ min: 0, max: 4, noNaN: true }) }), { maxLength: 400 });
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (risks, first) => {
      const purse = createPurse(first);
      let lost = 0;
      for (const { risk } of risks) {
        if (risk > purse.stepCount) purse.earn();
        else {
          purse.settle(-risk);
          lost += risk;
        }
      }
      expect(lost).toBeLessThanOrEqual(first + 0.01 * risks.length + 1e-9);
      for (let step = 0; step < 100; step++) purse.settle(3);
      expect(purse.stepCount).toBe(5);
    }),
  );
});
