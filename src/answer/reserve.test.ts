import { expect, it } from 'vitest';
import { ownBilling, type Billing } from './billing.ts';
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

it('steps down to what costs nothing where the budget is spent and the client named no model', async () => {
  const reserve = createReserve({
    budgets: {
      reserve: async () =>
        ({
          type: 'refused',
          unit: 'day',
          limitMicros: 1,
          spentMicros: 1,
          reservedMicros: 0,
          renewsAt: 0,
        }) as never,
      release: async () => undefined,
    },
    ledger: { flush: async () => undefined },
    billing: (id) =>
      id === 'tiny' ? ownBilling : { upstream: 'up', price: id === 'up/priceless' ? null : price },
    boundsOf: () => ({ contextTokenCount: 4000, maxTokenCount: 2000, mayHedge: false }),
    unknownPrice: 'allow',
    warn: () => undefined,
  });
  const chain = ['up/a', 'up/priceless', 'tiny'] as const;
  expect(await reserve({ ...size, mayStepDown: true }, chain)).toEqual({
    modelIds: ['tiny'],
    reservation: null,
  });
  await expect(reserve(size, chain)).rejects.toThrow('has spent its budget');
  await expect(reserve({ ...size, mayStepDown: true }, ['up/a', 'up/priceless'])).rejects.toThrow(
    'has spent',
  );
});

it('gives money back though another process holds the store for a moment', async () => {
  let tries = 0;
  const reserve = createReserve({
    budgets: {
      reserve: async () => ({ type: 'reserved' }) as never,
      release: async () => {
        tries += 1;
        if (tries < 3) throw new Error('database is locked');
      },
    },
    ledger: { flush: async () => undefined },
    billing: () => ({ upstream: 'up', price }),
    boundsOf: () => ({ contextTokenCount: 4000, maxTokenCount: 2000, mayHedge: false }),
    unknownPrice: 'allow',
    warn: () => undefined,
  });
  const { reservation } = await reserve(size, ['up/a']);
  await reservation?.release();
  expect(tries).toBe(3);
});
