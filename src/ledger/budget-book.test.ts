import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stateBackends, type StateBackend } from '../../test/state-backends.ts';
import type { Store } from '../store/store.ts';
import { createBudgetBook, type BudgetBook } from './budget-book.ts';
import { checksKeyName, reservationOfCheck } from './budget-periods.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createPeriods } from './periods.ts';
import type { LedgerRow } from './row.ts';

/** Two gateways on one state. */
let stores: Store[] = [];
let ledgers: Ledger[] = [];
let books: BudgetBook[] = [];
const warnings: string[] = [];
const periodsAt = createPeriods('UTC');
const noon = Date.UTC(2026, 10, 25, 12);

async function openGateways(backend: StateBackend): Promise<void> {
  await backend.clear();
  stores = [await backend.open(), await backend.open()];
  ledgers = await Promise.all(
    stores.map((store) =>
      createLedger({ store, journal: null, periodsAt, warn: (message) => warnings.push(message) }),
    ),
  );
  books = stores.map((store, index) => createBudgetBook({ store, periodsAt, process: `host.${index}` }));
}

async function closeGateways(): Promise<void> {
  for (const ledger of ledgers) await ledger.close();
  for (const store of stores) await store.close();
}

const bookOf = (index: number): BudgetBook => books[index % 2]!;
const ledgerOf = (index: number): Ledger => ledgers[index % 2]!;

function rowOf(requestId: string, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    requestId,
    startedAt: noon,
    keyName: 'ana',
    tenant: 'ana',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: 'far',
    answeringModel: 'open/big',
    upstream: 'open',
    privacy: 'open',
    priority: 'default',
    routeReasons: [],
    promptTokenCount: 10,
    cachedTokenCount: 0,
    completionTokenCount: 10,
    isMeasured: true,
    queueMs: null,
    prefillMs: null,
    decodeMs: null,
    firstTokenMs: null,
    totalMs: 1,
    finish: 'stop',
    status: 200,
    answerSource: 'model',
    costMicros: 0,
    currency: 'USD',
    ...changes,
  };
}

/** The key's day, then its month. */
const periodsOf = (keyName: string) =>
  stores[0]!.db
    .selectFrom('budget_period')
    .selectAll()
    .where('key_name', '=', keyName)
    .orderBy('unit')
    .execute();

let counter = 0;
function wanted(amountMicros: number, limits: { dayMicros?: number; monthMicros?: number } = {}) {
  counter += 1;
  return {
    requestId: `request-${counter}`,
    keyName: 'ana',
    startedAt: noon,
    amountMicros,
    dayMicros: limits.dayMicros ?? null,
    monthMicros: limits.monthMicros ?? null,
  };
}

/** A writer that found the other one writing. */
async function persist<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      if (failures > 50 || !/locked|busy/i.test(String(thrown))) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe.each(stateBackends())('a budget in $name', (backend) => {
  const isMissing = backend.missing !== null;
  beforeAll(() => (isMissing ? undefined : backend.start()));
  afterAll(() => (isMissing ? undefined : backend.stop()));
  beforeEach((context) => (backend.missing === null ? openGateways(backend) : context.skip(backend.missing)));
  afterEach(() => (isMissing ? undefined : closeGateways()));

  test('is never overspent, whatever order requests of two gateways begin and end in', async () => {
    const request = fc.record({
      amount: fc.integer({ min: 1, max: 60 }),
      costShare: fc.double({ min: 0, max: 1, noNaN: true }),
      pauses: fc.nat(4),
      end: fc.constantFrom('cost', 'unknown', 'released'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 30, max: 200 }),
        fc.uuid(),
        async (requests, limit, keyName) => {
          let reservedCount = 0;
          const outcomes = await Promise.all(
            requests.map(async ({ amount, costShare, pauses, end }, index) => {
              for (let pause = 0; pause < pauses; pause += 1) await new Promise((go) => setImmediate(go));
              const asked = { ...wanted(amount, { dayMicros: limit, monthMicros: limit * 2 }), keyName };
              const result = await persist(() => bookOf(index).reserve(asked));
              if (result.type === 'refused') {
                expect(result.spentMicros + result.reservedMicros + amount).toBeGreaterThan(limit);
                return 0;
              }
              reservedCount += 1;
              // One statement, so one moment: a request that settles between two would be seen twice.
              const [day] = await periodsOf(keyName);
              expect((day?.spent_micros ?? NaN) + (day?.reserved_micros ?? NaN)).toBeLessThanOrEqual(limit);
              if (end === 'released') {
                await persist(() => bookOf(index).release(asked.requestId));
                return 0;
              }
              const costMicros = end === 'unknown' ? null : Math.floor(amount * costShare);
              const chargedMicros = costMicros ?? amount;
              ledgerOf(index + 1).record(rowOf(asked.requestId, { keyName, costMicros, chargedMicros }));
              if (pauses % 2 === 0) await ledgerOf(index + 1).flush();
              return chargedMicros;
            }),
          );
          for (const ledger of ledgers) await ledger.flush();
          const spent = outcomes.reduce((sum, micros) => sum + micros, 0);
          expect(spent).toBeLessThanOrEqual(limit);
          expect(await bookOf(0).usage(keyName, noon)).toMatchObject({
            dayMicros: spent,
            monthMicros: spent,
            reservedDayMicros: 0,
            reservedMonthMicros: 0,
          });
          // What is kept beside the ledger says the same as the ledger.
          const periods = await periodsOf(keyName);
          expect(periods.map(({ spent_micros }) => spent_micros)).toEqual(
            reservedCount === 0 ? expect.anything() : [spent, spent],
          );
          expect((await bookOf(0).open()).filter((row) => row.key_name === keyName)).toEqual([]);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  }, 60_000);

  test('begins with what the ledger says was spent before there was one', async () => {
    ledgerOf(0).record(rowOf('before', { costMicros: 70 }));
    ledgerOf(0).record(rowOf('yesterday', { costMicros: 30, startedAt: noon - 86_400_000 }));
    await ledgerOf(0).flush();
    await stores[0]!.db.deleteFrom('budget_period').execute();
    expect(await bookOf(1).reserve(wanted(31, { dayMicros: 100 }))).toMatchObject({
      type: 'refused',
      unit: 'day',
      spentMicros: 70,
      reservedMicros: 0,
      renewsAt: Date.UTC(2026, 10, 26),
    });
    expect(await bookOf(1).reserve(wanted(30, { dayMicros: 100, monthMicros: 129 }))).toMatchObject({
      type: 'refused',
      unit: 'month',
      spentMicros: 100,
    });
    expect(await bookOf(1).reserve(wanted(30, { dayMicros: 100, monthMicros: 130 }))).toEqual({
      type: 'reserved',
    });
  });

  test('holds nothing of what was refused by the other of its periods', async () => {
    await bookOf(0).reserve(wanted(50, { dayMicros: 100, monthMicros: 40 }));
    expect(await bookOf(0).usage('ana', noon)).toMatchObject({
      reservedDayMicros: 0,
      reservedMonthMicros: 0,
    });
    expect(await bookOf(0).open()).toEqual([]);
  });

  test('belongs to one key, and to one day and month', async () => {
    const limits = { dayMicros: 50, monthMicros: 500 };
    await bookOf(0).reserve(wanted(50, limits));
    expect((await bookOf(0).reserve({ ...wanted(50, limits), keyName: 'ben' })).type).toBe('reserved');
    expect((await bookOf(0).reserve(wanted(1, limits))).type).toBe('refused');
    expect((await bookOf(0).reserve({ ...wanted(50, limits), startedAt: noon + 86_400_000 })).type).toBe(
      'reserved',
    );
  });

  test('of checks is spent by rows of all keys, beside the keys’ own', async () => {
    const limits = { dayMicros: 100 };
    for (const [index, keyName] of ['ana', 'ben', null].entries()) {
      const requestId = `checked-${index}`;
      const held = {
        ...wanted(30, limits),
        requestId: reservationOfCheck(requestId),
        keyName: checksKeyName,
      };
      expect((await bookOf(index).reserve(held)).type).toBe('reserved');
      ledgerOf(index).record(rowOf(requestId, { keyName, costMicros: 20, checkMicros: 20 }));
      await ledgerOf(index).flush();
    }
    // One whose gateway was gone is under the name itself, as `nearfar keys reconcile` writes it.
    const lost = { ...wanted(30, limits), requestId: reservationOfCheck('lost'), keyName: checksKeyName };
    await bookOf(0).reserve(lost);
    ledgerOf(0).record(
      rowOf(lost.requestId, { keyName: checksKeyName, costMicros: null, chargedMicros: 30 }),
    );
    await ledgerOf(0).flush();
    expect(await bookOf(1).usage(checksKeyName, noon)).toMatchObject({ dayMicros: 90, reservedDayMicros: 0 });
    expect(await bookOf(1).usage('ana', noon)).toMatchObject({ dayMicros: 20 });
    expect((await bookOf(1).reserve({ ...wanted(11, limits), keyName: checksKeyName })).type).toBe('refused');
    expect((await bookOf(1).reserve({ ...wanted(10, limits), keyName: checksKeyName })).type).toBe(
      'reserved',
    );
  });

  test('of checks begins with what the ledger says that they cost', async () => {
    ledgerOf(0).record(rowOf('before', { costMicros: 40, checkMicros: 40 }));
    await ledgerOf(0).flush();
    await stores[0]!.db.deleteFrom('budget_period').execute();
    expect(
      (await bookOf(1).reserve({ ...wanted(61, { dayMicros: 100 }), keyName: checksKeyName })).type,
    ).toBe('refused');
    expect(
      (await bookOf(1).reserve({ ...wanted(60, { dayMicros: 100 }), keyName: checksKeyName })).type,
    ).toBe('reserved');
  });

  test('counts a row once that comes twice', async () => {
    const asked = wanted(40, { dayMicros: 100 });
    await bookOf(0).reserve(asked);
    const row = rowOf(asked.requestId, { costMicros: 25, chargedMicros: 25 });
    for (const ledger of ledgers) {
      ledger.record(row);
      await ledger.flush();
    }
    expect(await bookOf(0).usage('ana', noon)).toMatchObject({ dayMicros: 25, reservedDayMicros: 0 });
    expect((await bookOf(0).reserve(wanted(75, { dayMicros: 100 }))).type).toBe('reserved');
    expect((await bookOf(0).reserve(wanted(1, { dayMicros: 100 }))).type).toBe('refused');
  });
});
