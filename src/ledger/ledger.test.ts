import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { costMicros, localPrice } from './cost.ts';
import { createLedger } from './ledger.ts';
import type { LedgerRow } from './row.ts';
import { createSpill } from './spill.ts';

let folder = '';
let store: Store;
let warnings: string[] = [];
const warn = (message: string): number => warnings.push(message);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearfar-ledger-'));
  store = await createStore({ path: join(folder, 'nearfar.sqlite') });
  warnings = [];
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function rowOf(number: number, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    requestId: `request-${number}`,
    startedAt: 1_700_000_000_000 + number,
    keyName: 'local',
    tenant: 'local',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: 'gpt-4o',
    answeringModel: 'tiny',
    privacy: 'open',
    priority: 'interactive',
    routeReasons: ['alias gpt-4o -> auto', 'near: tiny'],
    promptTokenCount: 100,
    cachedTokenCount: 40,
    completionTokenCount: 20,
    isMeasured: true,
    queueMs: 0.5,
    prefillMs: 12.25,
    decodeMs: 100,
    firstTokenMs: 13,
    totalMs: 114,
    finish: 'stop',
    status: 200,
    costMicros: 0,
    currency: 'USD',
    ...changes,
  };
}

/** A store that refuses its first writes, as a locked or full disk does. */
function failing(times: number): { db: Store['db']; failures: () => number } {
  let failures = 0;
  const db = new Proxy(store.db, {
    get(target, property, receiver) {
      if (property === 'insertInto' && failures < times) {
        failures += 1;
        throw new Error('database is locked');
      }
      const value: unknown = Reflect.get(target, property, receiver);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { db, failures: () => failures };
}

describe('rows', () => {
  test('come back as they went in', async () => {
    const ledger = await createLedger({ store, spill: null, warn });
    const rows = [
      rowOf(1),
      rowOf(2, {
        answeringModel: null,
        firstTokenMs: null,
        queueMs: null,
        finish: 'queue_full',
        status: 429,
      }),
      rowOf(3, {
        keyName: null,
        tenant: null,
        requestedModel: null,
        isMeasured: false,
        privacy: 'local_only',
      }),
    ];
    for (const row of rows) ledger.record(row);
    expect(await ledger.recent(10)).toEqual([...rows].reverse());
    expect(warnings).toEqual([]);
    await ledger.close();
  });

  test('are in the store by the next turn of the event loop', async () => {
    const ledger = await createLedger({ store, spill: null, warn });
    ledger.record(rowOf(1));
    await ledger.flush();
    ledger.record(rowOf(2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ledger.pendingCount).toBe(0);
  });

  test('recorded in a burst, before close, are all there', async () => {
    const ledger = await createLedger({ store, spill: null, warn });
    for (let number = 0; number < 1000; number += 1) ledger.record(rowOf(number));
    await ledger.close();
    const [total] = await ledger.summarise({ from: 0, to: Number.MAX_SAFE_INTEGER });
    expect(total).toMatchObject({
      model: 'tiny',
      requestCount: 1000,
      failedCount: 0,
      promptTokenCount: 100_000,
    });
  });

  test('one request id is one row, and a second is not silent', async () => {
    const ledger = await createLedger({ store, spill: null, warn });
    ledger.record(rowOf(1));
    await ledger.flush();
    ledger.record(rowOf(1));
    expect(await ledger.recent(10)).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  test('are summed by model and range', async () => {
    const ledger = await createLedger({ store, spill: null, warn });
    ledger.record(rowOf(1));
    ledger.record(rowOf(2, { status: 499, finish: 'aborted' }));
    ledger.record(
      rowOf(3, { answeringModel: null, status: 404, finish: 'model_not_found', promptTokenCount: 0 }),
    );
    ledger.record(rowOf(9));
    const summary = await ledger.summarise({ from: 1_700_000_000_001, to: 1_700_000_000_009 });
    expect(summary).toMatchObject([
      { model: null, requestCount: 1, failedCount: 1, promptTokenCount: 0 },
      {
        model: 'tiny',
        requestCount: 2,
        failedCount: 1,
        promptTokenCount: 200,
        cachedTokenCount: 80,
        costMicros: 0,
      },
    ]);
  });
});

test('kill -9 in the turn after a request ended loses nothing', async () => {
  const path = join(folder, 'killed.sqlite');
  const program = `
    import { createStore } from ${JSON.stringify(import.meta.resolve('../store/store.ts'))};
    import { createLedger } from ${JSON.stringify(import.meta.resolve('./ledger.ts'))};
    const store = await createStore({ path: ${JSON.stringify(path)} });
    const ledger = await createLedger({ store, spill: null, warn: console.error });
    for (const row of ${JSON.stringify([rowOf(1), rowOf(2), rowOf(3)])}) ledger.record(row);
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');

  const reopened = await createStore({ path });
  const ledger = await createLedger({ store: reopened, spill: null, warn });
  expect(await ledger.recent(10)).toHaveLength(3);
  await reopened.close();
});

describe('a store that will not be written', () => {
  test('is tried again until it takes the rows', async () => {
    const { db, failures } = failing(2);
    const ledger = await createLedger({ store: { db }, spill: null, warn });
    ledger.record(rowOf(1));
    ledger.record(rowOf(2));
    await ledger.flush();
    expect(failures()).toBe(2);
    expect(await ledger.recent(10)).toHaveLength(2);
    expect(warnings).toHaveLength(1);
  });

  test('at the end has its rows spilled, and the next start takes them in', async () => {
    const spill = createSpill(join(folder, 'ledger.spill.jsonl'));
    const broken = await createLedger({ store: failing(Infinity), spill, warn });
    broken.record(rowOf(1));
    broken.record(rowOf(2));
    await broken.close();
    expect(warnings.at(-1)).toMatch(/2 ledger rows were spilled/);
    await appendFile(spill.path, '{"requestId":"torn');

    const ledger = await createLedger({ store, spill, warn });
    expect(await ledger.recent(10)).toEqual([rowOf(2), rowOf(1)]);
    expect(warnings.at(-1)).toMatch(/1 torn line/);
    expect((await readdir(folder)).filter((name) => name.includes('spill'))).toEqual([]);
  });

  test('without a spill file the loss is told', async () => {
    const broken = await createLedger({ store: failing(Infinity), spill: null, warn });
    broken.record(rowOf(1));
    await broken.close();
    expect(warnings.at(-1)).toMatch(/1 ledger rows are lost/);
  });
});

describe('cost', () => {
  const count = fc.nat(10_000_000);
  const price = fc.nat(100_000_000);

  test('is a whole number, never negative, and 0 here', () => {
    fc.assert(
      fc.property(
        count,
        count,
        count,
        price,
        (promptTokenCount, cachedTokenCount, completionTokenCount, micros) => {
          const tokens = { promptTokenCount, cachedTokenCount, completionTokenCount };
          expect(costMicros(tokens, localPrice)).toBe(0);
          const cost = costMicros(tokens, {
            currency: 'USD',
            promptMicrosPerMillion: micros,
            cachedMicrosPerMillion: micros,
            completionMicrosPerMillion: micros,
          });
          expect(Number.isSafeInteger(cost)).toBe(true);
          // One price for all classes: each token is billed once, cached or not.
          expect(cost).toBe(Math.round(((promptTokenCount + completionTokenCount) * micros) / 1_000_000));
        },
      ),
    );
  });

  test('bills cached tokens in their own class only', () => {
    const tokens = { promptTokenCount: 1_000_000, cachedTokenCount: 400_000, completionTokenCount: 10_000 };
    const dollars = {
      currency: 'USD',
      promptMicrosPerMillion: 3_000_000,
      cachedMicrosPerMillion: 300_000,
      completionMicrosPerMillion: 15_000_000,
    };
    expect(costMicros(tokens, dollars)).toBe(1_800_000 + 120_000 + 150_000);
  });
});
