import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultRestartPolicy, restartDelayMs } from './restart-policy.ts';

it('starts again at once after the first crash, then backs off to a bound', () => {
  const delays = [1, 2, 3, 4, 8, 20].map((count) => restartDelayMs(defaultRestartPolicy, count));
  expect(delays).toEqual([0, 250, 500, 1_000, 5_000, 5_000]);
});

it('never waits longer than the bound, nor shorter than before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (count) => {
      const delay = restartDelayMs(defaultRestartPolicy, count);
      expect(delay).toBeLessThanOrEqual(defaultRestartPolicy.longestDelayMs);
      expect(restartDelayMs(defaultRestartPolicy, count + 1)).toBeGreaterThanOrEqual(delay);
    }),
  );
});
