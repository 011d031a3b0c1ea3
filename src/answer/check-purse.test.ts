import { describe, expect, it } from 'vitest';
import type { WantedReservation } from '../ledger/budget-book.ts';
import { createCheckPurse } from './check-purse.ts';

const price = {
  currency: 'USD',
  promptMicrosPerMillion: 0,
  cachedMicrosPerMillion: 0,
  completionMicrosPerMillion: 1_000_000,
};

/** A micro for each token of the answer; the budget is 100 a day. */
function open(hedging: readonly string[] = []) {
  const reserved: WantedReservation[] = [];
  const warnings: string[] = [];
  const purse = createCheckPurse({
    billing: () => ({ upstream: 'up', price }),
    boundsOf: (id) => ({ contextTokenCount: 10_000, maxTokenCount: null, mayHedge: hedging.includes(id) }),
    budgets: {
      reserve: (wanted) => {
        reserved.push(wanted);
        return Promise.resolve({ type: 'reserved' });
      },
      release: () => Promise.resolve(),
    },
    ledger: { flush: () => Promise.resolve() },
    ...{ dayMicros: 100, monthMicros: null, now: () => 0 },
    warn: (message) => warnings.push(message),
  });
  const check = (maxTokenCount: number, modelIds: readonly string[] = ['up/big']) =>
    purse.of(
      {
        ...{ id: `r${maxTokenCount}`, startedAt: 0, maxTokenCount, choiceCount: 1 },
        ...{ prompt: () => [], promptByteCount: () => 0 },
      },
      modelIds,
    );
  return { check, reserved, warnings };
}

describe('the money for checks', () => {
  it('is not there for one that costs more than all of it, and still there for others', async () => {
    const { check, reserved, warnings } = open();
    const large = check(101);
    expect(large.canPay()).toBe(false);
    expect(await large.pay()).toBeNull();
    expect(reserved).toEqual([]);
    expect(warnings).toEqual([]);
    const small = check(100);
    expect(small.canPay()).toBe(true);
    expect(await small.pay()).toBe(100);
    expect(reserved.map(({ amountMicros }) => amountMicros)).toEqual([100]);
  });

  it('is as much as all that may be asked at once can cost, as for the budgets of keys', async () => {
    expect(await open().check(10, ['up/a', 'up/b']).pay()).toBe(10);
    // Two of the servers of one, and a fallback beside it.
    expect(await open(['up/a']).check(10, ['up/a', 'up/b']).pay()).toBe(30);
  });
});
