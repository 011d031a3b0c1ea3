import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStore } from '../store/store.ts';
import { createRowInsert } from './insert-rows.ts';
import type { LedgerRow } from './row.ts';
import { fromTable } from './table.ts';

function rowOf(number: number): LedgerRow {
  return {
    requestId: `request-${number}`,
    startedAt: 1_700_000_000_000 + number,
    keyName: number % 2 === 0 ? 'ana' : null,
    tenant: 'local',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: `model ${number}`,
    answeringModel: number % 3 === 0 ? null : 'tiny',
    ...(number % 5 === 0 ? { upstream: 'far', cacheWriteTokenCount: number + 1 } : {}),
    privacy: 'open',
    priority: 'default',
    routeReasons: [`model ${number}`],
    promptTokenCount: number,
    cachedTokenCount: 0,
    completionTokenCount: 2 * number,
    isMeasured: true,
    queueMs: null,
    prefillMs: 0.5,
    decodeMs: number,
    firstTokenMs: null,
    totalMs: number + 1,
    finish: 'stop',
    status: 200,
    answerSource: 'model',
    costMicros: number % 7 === 0 ? null : number,
    currency: 'USD',
  };
}

test('rows arrive as they were, each once, whatever comes together and however often', async () => {
  const batches = fc.array(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), fc.boolean(), async (all, isNamed, isInTransaction) => {
      const store = await createStore({ path: ':memory:' });
      const insert = createRowInsert();
      const seen = new Set<number>();
      for (const numbers of all) {
        const fresh = new Set(numbers.filter((number) => !seen.has(number)));
        for (const number of numbers) seen.add(number);
        const write = async (db: typeof store.db): Promise<void> => {
          const rows = numbers.map(rowOf);
          if (!isNamed) expect(await insert.count(db, rows)).toBe(fresh.size);
          else {
            const ids = new Set([...fresh].map((number) => `request-${number}`));
            expect(await insert.ids(db, rows)).toEqual(ids);
          }
        };
        if (isInTransaction) await store.db.transaction().execute(write);
        else await write(store.db);
      }
      const kept = await store.db.selectFrom('ledger').selectAll().orderBy('started_at').execute();
      expect(kept.map(fromTable)).toEqual([...seen].sort((one, other) => one - other).map(rowOf));
      await store.close();
    }),
    { numRuns: 25 },
  );
});

test('of a batch that fails midway nothing is kept', async () => {
  const store = await createStore({ path: ':memory:' });
  const insert = createRowInsert();
  const rows = Array.from({ length: 5 }, (_, number) => rowOf(number));
  const broken = { ...rowOf(5), currency: null as unknown as string };
  await expect(insert.count(store.db, [...rows, broken])).rejects.toThrow(/NOT NULL/);
  expect(await store.db.selectFrom('ledger').selectAll().execute()).toEqual([]);
  await store.close();
});
