import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTestStore } from '../../test/state-backends.ts';
import { createStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { costMicros, localPrice } from './cost.ts';
import { createJournal, readWaitingRows } from './journal.ts';
import { createLedger } from './ledger.ts';
import type { LedgerRow } from './row.ts';

let folder = '';
let store: Store;
let warnings: string[] = [];
const warn = (message: string): number => warnings.push(message);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearfar-ledger-'));
  store = await openTestStore(join(folder, 'nearfar.sqlite'));
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
    answerSource: 'model',
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
    const ledger = await createLedger({ store, journal: null, warn });
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

  test('are in the store a moment later, without being waited for', async () => {
    const ledger = await createLedger({ store, journal: null, warn });
    ledger.record(rowOf(1));
    expect(ledger.pendingCount).toBe(1);
    await vi.waitFor(() => {
      expect(ledger.pendingCount).toBe(0);
    });
  });

  test('recorded in a burst, before close, are all there', async () => {
    const ledger = await createLedger({ store, journal: null, warn });
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
    const ledger = await createLedger({ store, journal: null, warn });
    ledger.record(rowOf(1));
    await ledger.flush();
    ledger.record(rowOf(1));
    expect(await ledger.recent(10)).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  test('are summed by model and range', async () => {
    const ledger = await createLedger({ store, journal: null, warn });
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

test('kill -9 in the very turn in which a request ended loses nothing', async () => {
  const path = join(folder, 'killed.sqlite');
  const journalPath = `${path}.journal`;
  const program = `
    import { createStore } from ${JSON.stringify(import.meta.resolve('../store/store.ts'))};
    import { createJournal } from ${JSON.stringify(import.meta.resolve('./journal.ts'))};
    import { createLedger } from ${JSON.stringify(import.meta.resolve('./ledger.ts'))};
    const store = await createStore({ path: ${JSON.stringify(path)} });
    const journal = createJournal(${JSON.stringify(journalPath)});
    const ledger = await createLedger({ store, journal, warn: console.error });
    ledger.record(${JSON.stringify(rowOf(0))});
    await ledger.flush();
    for (const row of ${JSON.stringify([rowOf(1), rowOf(2), rowOf(3)])}) ledger.record(row);
    await Promise.all(${JSON.stringify([rowOf(4), rowOf(5)])}.map((row) => ledger.recordTogether(row)));
    process.kill(process.pid, 'SIGKILL');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');

  const reopened = await createStore({ path });
  const ledger = await createLedger({ store: reopened, journal: createJournal(journalPath), warn });
  expect((await ledger.recent(10)).map((row) => row.requestId)).toEqual(
    [5, 4, 3, 2, 1, 0].map((n) => `request-${n}`),
  );
  expect(warnings).toEqual([]);
  await ledger.close();
  await reopened.close();
  expect(await journalFiles()).toEqual([]);
});

describe('a store that will not be written', () => {
  test('is tried again until it takes the rows', async () => {
    const { db, failures } = failing(2);
    const ledger = await createLedger({ store: { db }, journal: null, warn });
    ledger.record(rowOf(1));
    ledger.record(rowOf(2));
    await ledger.flush();
    expect(failures()).toBe(2);
    expect(await ledger.recent(10)).toHaveLength(2);
    expect(warnings).toHaveLength(1);
  });

  test('at the end has its rows in the journal, and the next start takes them in', async () => {
    const path = join(folder, 'ledger.journal');
    const broken = await createLedger({ store: failing(Infinity), journal: createJournal(path), warn });
    broken.record(rowOf(1));
    broken.record(rowOf(2));
    await broken.close();
    expect(warnings.at(-1)).toMatch(/2 ledger rows wait in .*journal/);
    const [file] = await journalFiles();
    await appendFile(join(folder, file ?? ''), '{"requestId":"torn');

    const ledger = await createLedger({ store, journal: createJournal(path), warn });
    expect(await ledger.recent(10)).toEqual([rowOf(2), rowOf(1)]);
    expect(warnings.at(-1)).toMatch(/1 torn line/);
    await ledger.close();
    expect(await journalFiles()).toEqual([]);
  });

  test('for so long that memory is full has all rows in the journal', async () => {
    const path = join(folder, 'ledger.journal');
    const broken = await createLedger({ store: failing(Infinity), journal: createJournal(path), warn });
    for (let number = 0; number < 20_500; number += 1) broken.record(rowOf(number));
    await broken.close();
    const ledger = await createLedger({ store, journal: createJournal(path), warn });
    expect((await ledger.recent(30_000)).length).toBe(20_500);
    await ledger.close();
    expect(await journalFiles()).toEqual([]);
  });

  test('without a journal loses them loudly', async () => {
    const broken = await createLedger({ store: failing(Infinity), journal: null, warn });
    broken.record(rowOf(1));
    await broken.close();
    expect(warnings.at(-1)).toMatch(/1 ledger rows are lost/);
  });
});

describe('a journal', () => {
  const path = () => join(folder, 'ledger.journal');

  test('of a process that lives is read, and left to it', async () => {
    const theirs = `${path()}.${hostname()}.${process.ppid}.${randomUUID()}`;
    await appendFile(theirs, `${JSON.stringify(rowOf(1))}\n`);
    const ledger = await createLedger({ store, journal: createJournal(path()), warn });
    expect(await ledger.recent(10)).toEqual([rowOf(1)]);
    expect(await journalFiles()).toEqual([basename(theirs)]);
    await ledger.close();
  });

  test('of a second ledger in this process is left to it', async () => {
    const first = await createLedger({ store: failing(Infinity), journal: createJournal(path()), warn });
    first.record(rowOf(1));
    const second = await createLedger({ store, journal: createJournal(path()), warn });
    expect(await second.recent(10)).toEqual([]);
    expect(await journalFiles()).toHaveLength(2);
    await second.close();
    await first.close();
  });

  test('has the rows of one turn when those who wait for them go on, in one write', async () => {
    const written: number[] = [];
    const own = createJournal(path());
    const journal = {
      ...own,
      append(rows: Parameters<typeof own.append>[0]) {
        written.push(rows.length);
        own.append(rows);
      },
    };
    const ledger = await createLedger({ store: failing(Infinity), journal, warn });
    const waits = [1, 2, 3].map((number) => ledger.recordTogether(rowOf(number)));
    expect(written).toEqual([]);
    await Promise.all(waits);
    expect(written).toEqual([3]);
    ledger.record(rowOf(4));
    expect(await readWaitingRows(path())).toEqual([1, 2, 3, 4].map((number) => rowOf(number)));
    // Those that nobody waited for are not left out at the end.
    void ledger.recordTogether(rowOf(5));
    await ledger.close();
    expect(await readWaitingRows(path())).toHaveLength(5);
  });

  test('can be read by its owner only', async () => {
    const journal = createJournal(path());
    journal.append([rowOf(1)]);
    for (const file of await journalFiles()) {
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    }
    await journal.close();
  });

  test('forgets what the store has, and only that', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('append', 'turn', 'keep'), { maxLength: 40 }),
        async (steps) => {
          const own = join(folder, `${randomUUID()}.journal`);
          const journal = createJournal(own);
          const owed = new Set<string>();
          let written: string[] = [];
          for (const [index, step] of steps.entries()) {
            if (step === 'append') {
              journal.append([rowOf(index)]);
              written.push(rowOf(index).requestId);
            } else if (step === 'keep') {
              journal.keep();
              for (const id of written) owed.add(id);
            } else {
              // The rows of this round reach the store at once.
              journal.turn();
              journal.forget();
              written = [];
            }
          }
          for (const id of written) owed.add(id);
          await journal.close();
          const found = new Set<string>();
          await createJournal(own).recover((rows) => {
            for (const row of rows) found.add(row.requestId);
            return Promise.resolve();
          });
          expect([...owed].filter((id) => !found.has(id))).toEqual([]);
          if (!steps.includes('keep')) expect(found).toEqual(owed);
        },
      ),
      { numRuns: 100 },
    ));
});

async function journalFiles(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.includes('journal'));
}

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
