import { expect, test } from 'vitest';
import { openaiUsage } from '../upstream/usage.ts';
import { billed } from './billing.ts';

/** As https://openrouter.ai/docs/use-cases/usage-accounting shows it. */
const told = openaiUsage({
  prompt_tokens: 194,
  prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 100 },
  completion_tokens: 2,
  total_tokens: 196,
  cost: 0.0095,
  cost_details: { upstream_inference_cost: 19 },
});
const price = {
  currency: 'USD',
  promptMicrosPerMillion: 1_000_000,
  cachedMicrosPerMillion: 1_000_000,
  completionMicrosPerMillion: 1_000_000,
};

test('a reseller that says what it bills is believed, and nobody else', () => {
  const reseller = { upstream: 'openrouter', price: null, isToldByUpstream: true };
  expect(billed(told, true, reseller)).toMatchObject({ costMicros: 9500, cacheWriteTokenCount: 100 });
  expect(billed(told, true, { upstream: 'other', price: null }).costMicros).toBeNull();
  expect(billed(told, true, { upstream: 'other', price }).costMicros).toBe(196);
  // Where it says nothing nothing is known; a kept answer costs nothing whatever it said.
  const { reportedCostMicros: _said, ...silent } = told;
  expect(billed(silent, true, reseller).costMicros).toBeNull();
  expect(billed(told, true, reseller, 'exact_cache').costMicros).toBe(0);
});

test.each([-1, Number.NaN, Infinity, '0.5', null, 1e9])('a cost of %s is none', (cost) => {
  expect(openaiUsage({ prompt_tokens: 1, completion_tokens: 1, cost })).not.toHaveProperty(
    'reportedCostMicros',
  );
});
