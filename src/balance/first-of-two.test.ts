import { describe, expect, it } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import { firstOfTwo } from './first-of-two.ts';
import { createHedgeBudget, hedgeAfterMs } from './hedging.ts';

type Name = 'first' | 'second';

interface Script {
  readonly afterMs: number;
  readonly fails?: 'unavailable' | 'timeout';
}

async function run(first: Script, second: Script | null, endsBoth = true) {
  const asked: Name[] = [];
  const cancelled: Name[] = [];
  const discarded: string[] = [];
  const scripts = { first, second: second ?? { afterMs: 1 } };
  const won = firstOfTwo<Name, string>({
    first: 'first',
    run: async (turn) => {
      asked.push(turn);
      const { afterMs, fails } = scripts[turn];
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      if (fails !== undefined) throw new NearfarError(fails, `${turn} failed`);
      return `of ${turn}`;
    },
    afterMs: 20,
    signal: new AbortController().signal,
    openSecond: () => (second === null ? null : 'second'),
    cancel: (turn) => cancelled.push(turn),
    endsBoth: ({ kind }) => endsBoth && kind === 'timeout',
    discard: (result) => discarded.push(result),
  });
  const outcome = await won.then(
    ({ winner, result, loserFailed }) => ({ winner, result, loserFailed }),
    (thrown: unknown) => (thrown as NearfarError).message,
  );
  return { outcome, asked, cancelled, discarded };
}

describe('asking a second', () => {
  it('does not where the first is in time, or fails before it is late, or nobody is there', async () => {
    expect(await run({ afterMs: 1 }, { afterMs: 1 })).toMatchObject({
      outcome: { winner: 'first', result: 'of first' },
      asked: ['first'],
      cancelled: [],
    });
    expect(await run({ afterMs: 1, fails: 'unavailable' }, { afterMs: 1 })).toMatchObject({
      outcome: 'first failed',
      asked: ['first'],
    });
    expect(await run({ afterMs: 60 }, null)).toMatchObject({
      outcome: { winner: 'first' },
      asked: ['first'],
    });
  });

  it('takes whoever is first, cancels the other, and gives up what that one still brings', async () => {
    const slow = await run({ afterMs: 120 }, { afterMs: 5 });
    expect(slow).toMatchObject({ outcome: { winner: 'second', loserFailed: false }, cancelled: ['first'] });
    await expect.poll(() => slow.discarded).toEqual(['of first']);
    expect(await run({ afterMs: 40 }, { afterMs: 200 })).toMatchObject({
      outcome: { winner: 'first' },
      cancelled: ['second'],
    });
  });

  it('waits for the other where one fails, and tells of the first where both do', async () => {
    expect(await run({ afterMs: 40, fails: 'unavailable' }, { afterMs: 60 })).toMatchObject({
      outcome: { winner: 'second', loserFailed: true },
      cancelled: [],
    });
    expect(await run({ afterMs: 60 }, { afterMs: 5, fails: 'unavailable' })).toMatchObject({
      outcome: { winner: 'first', loserFailed: true },
    });
    expect(
      (await run({ afterMs: 60, fails: 'unavailable' }, { afterMs: 5, fails: 'unavailable' })).outcome,
    ).toBe('first failed');
  });

  it('lets a failure that ends both end both', async () => {
    expect(await run({ afterMs: 40, fails: 'timeout' }, { afterMs: 200 })).toMatchObject({
      outcome: 'first failed',
      cancelled: ['second'],
    });
    expect(await run({ afterMs: 40, fails: 'timeout' }, { afterMs: 60 }, false)).toMatchObject({
      outcome: { winner: 'second' },
    });
  });
});

describe('when a first token is late', () => {
  it('is never, after a set time, or beyond the 95th percentile of enough of them', () => {
    const times = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(hedgeAfterMs('off', times)).toBeNull();
    expect(hedgeAfterMs(250, [])).toBe(250);
    expect(hedgeAfterMs('auto', times)).toBe(95);
    expect(hedgeAfterMs('auto', times.slice(0, 19))).toBeNull();
  });

  it('is paid for by the requests that came, so that an overload is not doubled', () => {
    const budget = createHedgeBudget();
    let spent = 0;
    for (let request = 0; request < 1000; request += 1) {
      budget.earn();
      if (budget.spend()) spent += 1;
    }
    expect(spent).toBeGreaterThan(90);
    expect(spent).toBeLessThan(110);
  });
});
