import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectedPromptCost } from './expected-prompt-cost.ts';

const rates = {
  promptMicrosPerMillion: 4_000_000,
  cachedMicrosPerMillion: 400_000,
  cacheWriteMicrosPerMillion: 5_000_000,
  completionMicrosPerMillion: 20_000_000,
};

test('a prompt costs less where more of it is held, and where that is likelier', () => {
  const cost = (heldTokenCount: number, heldOdds: number) =>
    expectedPromptCost({ tokenCount: 10_000, heldTokenCount, heldOdds, writtenTokenCount: 10_000, rates });
  expect(cost(0, 1)).toBe(50_000);
  expect(cost(10_000, 1)).toBe(4_000);
  expect(cost(10_000, 0.5)).toBe(27_000);
  const odds = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.nat(12_000), fc.nat(12_000), odds, odds, (one, other, chance, likelier) => {
      const [less, more] = [Math.min(one, other), Math.max(one, other)];
      expect(cost(more, chance)).toBeLessThanOrEqual(cost(less, chance) + 1e-6);
      const [low, high] = [Math.min(chance, likelier), Math.max(chance, likelier)];
      expect(cost(one, high)).toBeLessThanOrEqual(cost(one, low) + 1e-6);
    }),
  );
});
