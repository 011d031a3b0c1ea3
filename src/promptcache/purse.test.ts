import { describe, expect, test } from 'vitest';
import { createPromptCache } from './prompt-cache.ts';
import { anthropicRules } from './cache-rules.ts';
import { createPurse } from './purse.ts';

const price = {
  currency: 'USD',
  promptMicrosPerMillion: 5_000_000,
  cachedMicrosPerMillion: 500_000,
  completionMicrosPerMillion: 25_000_000,
  cacheWriteMicrosPerMillion: 6_250_000,
};
const rules = anthropicRules('claude-opus-5', price)!;
const usage = (read: number, written: number, longWritten = 0) => ({
  promptTokenCount: 10_000,
  cachedTokenCount: read,
  completionTokenCount: 1,
  cacheWriteTokenCount: written,
  longCacheWriteTokenCount: longWritten,
});

const spending = (tokenCount: number, surcharge: number, rivalCost = tokenCount) => ({
  tokenCount,
  surcharge,
  rivalCost,
});

describe('a purse', () => {
  test('begins with four prompts, and grows by a fiftieth of what is asked', () => {
    const purse = createPurse();
    expect(purse.spendable('m', 10_000)).toBe(40_000);
    purse.spend('m', spending(10_000, 0));
    expect(purse.spendable('m', 10_000)).toBe(40_200);
    // Another tenant's is another.
    expect(purse.spendable('n', 1000)).toBe(4000);
  });

  test('pays for writing, and is filled by reading, as the provider counts them', () => {
    const purse = createPurse();
    purse.spend('m', spending(10_000, 2500));
    expect(purse.saved('m')).toBe(-2500);
    purse.settle('m', spending(10_000, 2500), usage(0, 8000), rules);
    expect(purse.saved('m')).toBe(-2000);
    purse.settle('m', spending(10_000, 0), usage(9000, 0), rules);
    expect(purse.saved('m')).toBeCloseTo(-2000 + 8100);
    // For an hour: twice the price, where nothing else is stated.
    purse.settle('m', spending(10_000, 0), usage(0, 0, 1000), rules);
    expect(purse.saved('m')).toBeCloseTo(-2000 + 8100 - 1000);
  });
});

test('caution grows with what was lost, up to a whole standard error', () => {
  const purse = createPurse();
  expect(purse.caution('m', 10_000)).toBe(0);
  purse.spend('m', spending(10_000, 20_000));
  expect(purse.caution('m', 10_000)).toBe(0.5);
  purse.spend('m', spending(10_000, 40_000));
  expect(purse.caution('m', 10_000)).toBe(1);
  purse.settle('m', spending(10_000, 60_000), usage(9000, 0), rules);
  expect(purse.saved('m')).toBeGreaterThan(0);
  expect(purse.caution('m', 10_000)).toBe(0);
});

describe('who falls behind everything marked', () => {
  test('is outdone by four prompts and a fiftieth, until half of that is won back', () => {
    const purse = createPurse();
    // Read in full where everything marked would have read from the cache.
    for (let count = 0; count < 4; count += 1) {
      purse.spend('m', spending(10_000, 0, 1000));
      expect(purse.isOutdone('m')).toBe(false);
    }
    purse.spend('m', spending(10_000, 0, 1000));
    expect(purse.behind('m')).toBe(45_000);
    expect(purse.isOutdone('m')).toBe(true);
    for (const [rivalCost, isOutdone] of [
      [25_000, true],
      [30_000, false],
      [10_000, false],
    ] as const) {
      purse.spend('m', spending(10_000, 0, rivalCost));
      expect(purse.isOutdone('m')).toBe(isOutdone);
    }
  });

  test('is measured in the tokens that the provider counts', () => {
    const purse = createPurse();
    const sent = spending(5000, 1250, 500);
    purse.spend('m', sent);
    expect(purse.behind('m')).toBe(5750);
    // Twice as long as estimated: all of it written here, read with everything marked.
    purse.settle('m', sent, usage(0, 10_000), rules);
    expect(purse.behind('m')).toBe(12_500 - 1000);
  });
});

test('what was refused costs nothing', () => {
  const purse = createPurse();
  purse.spend('m', spending(10_000, 2500));
  purse.giveBack('m', spending(10_000, 2500));
  expect(purse.saved('m')).toBe(0);
  expect(purse.behind('m')).toBe(0);
});

describe('whoever changes his prompts as soon as they are marked', () => {
  test('costs no more than the purse holds, however long he goes on', () => {
    let now = 1_000_000;
    const cache = createPromptCache({
      isOn: true,
      key: new Uint8Array(32),
      priceOf: () => price,
      now: () => now,
    });
    const system = (name: number): string => `Instructions ${String(name)}. `.repeat(2500);
    let name = 0;
    let asked = 0;
    let lost = 0;
    let markCount = 0;
    for (let turn = 0; turn < 600; turn += 1) {
      now += 20_000;
      const plan = cache.plan({
        modelId: 'anthropic/claude-opus-5',
        model: 'claude-opus-5',
        protocol: 'anthropic',
        takesCacheKey: false,
        tenant: 'team',
        privacy: 'open',
        body: { system: system(name), messages: [{ role: 'user', content: `Question ${String(turn)}?` }] },
      });
      const tokenCount = plan.prefix?.tokenCount ?? 0;
      const isLong = plan.marks.some(({ value }) => (value as { ttl?: string }).ttl === '1h');
      const written = plan.marks.length === 0 ? 0 : tokenCount;
      plan.settle({
        promptTokenCount: tokenCount,
        cachedTokenCount: 0,
        completionTokenCount: 1,
        ...(isLong ? { longCacheWriteTokenCount: written } : { cacheWriteTokenCount: written }),
      });
      asked += tokenCount;
      lost += written * (isLong ? 1 : 0.25);
      // Never to be read.
      if (plan.marks.length > 0) {
        name += 1;
        markCount += 1;
      }
      expect(lost).toBeLessThanOrEqual(0.02 * asked + 4.1 * tokenCount);
    }
    expect(markCount).toBeGreaterThan(3);
  });
});
