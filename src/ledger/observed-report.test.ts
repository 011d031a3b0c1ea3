import { afterEach, beforeEach, expect, it } from 'vitest';
import { refusalRow } from '../answer/refusal.ts';
import { NearfarError } from '../chat/error.ts';
import { createStore, type Store } from '../store/store.ts';
import { localPrice, type TokenPrice } from './cost.ts';
import { createLedger } from './ledger.ts';
import { observedReport, readObserved } from './observed-report.ts';
import type { LedgerRow } from './row.ts';

let store: Store;
beforeEach(async () => {
  store = await createStore({ path: ':memory:' });
});
afterEach(() => store.close());

const cheap: TokenPrice = {
  ...localPrice,
  promptMicrosPerMillion: 1_000_000,
  completionMicrosPerMillion: 2_000_000,
};
const prices: Readonly<Record<string, TokenPrice>> = { tiny: localPrice, 'x/mid': cheap };
const priceOf = (model: string): TokenPrice | null => prices[model] ?? null;

function rowOf(requestId: string, tier: string, model: string, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    ...refusalRow({ requestId, dialect: 'openai', error: new NearfarError('internal', '') }),
    startedAt: 5,
    status: 200,
    answeringModel: 'x/far',
    promptTokenCount: 100,
    completionTokenCount: 50,
    costMicros: 1000,
    route: {
      tier: null,
      policy: 'classifier',
      difficulty: 0.2,
      task: null,
      expected: [],
      observed: { tier, model, micros: 7 },
    },
    ...changes,
  };
}

it('is nothing where nothing was observed', async () => {
  expect(observedReport([], priceOf)).toBeNull();
  expect(await readObserved(store, { from: 0, to: 10 }, priceOf, [])).toBeNull();
});

it('prices what was answered by the model that routing would have chosen, where both sums are known', () => {
  const rows = [
    rowOf('a', 'near', 'tiny'),
    rowOf('b', 'mid', 'x/mid'),
    rowOf('c', 'far', 'x/far'),
    rowOf('d', 'mid', 'x/unpriced'),
    rowOf('e', 'near', 'tiny', { costMicros: null }),
    rowOf('f', 'near', 'tiny', { status: 500 }),
    rowOf('g', 'near', 'tiny', { answerSource: 'exact_cache', costMicros: 0 }),
  ];
  expect(observedReport(rows, priceOf)).toEqual({
    requestCount: 7,
    tiers: [
      { tier: 'near', requestCount: 4 },
      { tier: 'mid', requestCount: 2 },
      { tier: 'far', requestCount: 1 },
    ],
    comparedCount: 3,
    spentMicros: 3000,
    wouldMicros: 0 + (100 + 100) + 1000,
    olderCount: 0,
  });
});

it('reads the ledger and its journal, each row once, and nothing that nearfar itself asked', async () => {
  const ledger = await createLedger({ store, journal: null, warn: () => undefined });
  const stored = rowOf('a', 'near', 'tiny');
  ledger.record(stored);
  ledger.record(rowOf('b', 'near', 'tiny', { purpose: 'shadow' }));
  ledger.record(rowOf('c', 'near', 'tiny', { startedAt: 50 }));
  await ledger.close();
  const report = await readObserved(store, { from: 0, to: 10 }, priceOf, [
    stored,
    rowOf('d', 'mid', 'x/mid'),
  ]);
  expect(report).toMatchObject({ requestCount: 2, comparedCount: 2, spentMicros: 2000, wouldMicros: 200 });
});
