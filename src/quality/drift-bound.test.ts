import { describe, expect, test } from 'vitest';
import { leastAnswersFor } from './drift-bound.ts';
import { tilted } from './drift-design.ts';
import { meanScore } from './outcome.ts';

describe('what no test can do better', () => {
  const even = { win: 0.5, tie: 0, loss: 0.5 };

  test('is what the normal approximation says, and none where nothing fell', () => {
    // ((1.645 √.24 + 2.326 √.25) / 0.1)² = 388: one-sided, 5% and 1%.
    const least = leastAnswersFor(even, tilted(even, 0.4), { power: 0.95, falseRate: 0.01 });
    expect(least).toBeGreaterThan(370);
    expect(least).toBeLessThan(405);
    expect(leastAnswersFor(even, even, { power: 0.95, falseRate: 0.01, longest: 300 })).toBeNull();
  });

  test('is fewer where an answer tells more', () => {
    const sure = { win: 0.05, tie: 0.9, loss: 0.05 };
    const wish = { power: 0.95, falseRate: 0.01 };
    const least = leastAnswersFor(sure, tilted(sure, meanScore(sure) - 0.1), wish);
    expect(least).toBeLessThan(110);
    expect(least).toBeGreaterThan(20);
  });
});
