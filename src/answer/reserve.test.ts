import { expect, it } from 'vitest';
import type { Billing } from './billing.ts';
import { createReserve } from './reserve.ts';

const price = {
  currency: 'USD',
  promptMicrosPerMillion: 1_000_000,
  cachedMicrosPerMillion: 1_000_000,
  completionMicrosPerMillion: 1_000_000,
} as Billing['price'];
const size = {
  prompt: () => 'x',
  promptByteCount: () => 1,
  maxTokenCount: 1000,
  choiceCount: 1,
  id: 'r',
  startedAt: 0,
  keyName: 'k',
  limits: { dayMicros: 1_000_000, monthMicros: null } as never,
};

async function reserved(ids: readonly [string, ...string[]], hedging: readonly string[]): Promise<number> {
  let amount = 0;
  const reserve = createReserve({
    budgets: {
      reserve: async (wanted) => {
        amount = wanted.amountMicros;
        return { type: 'reserved' } as never;
      },
      release: async () => undefined,
    },
    ledger: { flush: async () => undefined },
    billing: (id) => ({ upstream: 'up', price: id === 'up/free' ? null : price }),
    boundsOf: (id) => ({ contextTokenCount: 4000, maxTokenCount: 2000, mayHedge: hedging.includes(id) }),
    unknownPrice: 'allow',
    warn: () => undefined,
  });
  await reserve(size, ids);
  return amount;
}

it('sets aside what all that may be asked at once can cost', async () => {
  const one = await reserved(['up/a'], []);
  expect(one).toBeGreaterThan(0);
  expect(await reserved(['up/a', 'up/b'], [])).toBe(one);
  // Two replicas of one.
  expect(await reserved(['up/a'], ['up/a'])).toBe(2 * one);
  // One, or two of its replicas, and a fallback beside it.
  expect(await reserved(['up/a', 'up/b'], ['up/a'])).toBe(3 * one);
});
