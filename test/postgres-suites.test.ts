import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refusalRow } from '../src/answer/refusal.ts';
import { NearfarError } from '../src/chat/error.ts';
import { Secret } from '../src/chat/secret.ts';
import { costDimensions, readCostCells } from '../src/ledger/cost-cells.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { createStore, type Store } from '../src/store/store.ts';
import { postgresMissing, startPostgres } from './postgres.ts';
import { runOnPostgres } from './state-backends.ts';

/** What ledger, keys and costs are tested for in SQLite, once more in PostgreSQL, and what is PostgreSQL's own. */

if (postgresMissing !== null) {
  describe.skip(`PostgreSQL: ${postgresMissing}`, () => {
    it('is not here', () => undefined);
  });
} else {
  const server = await startPostgres();
  runOnPostgres(server);
  beforeEach(() => server.clear());
  afterAll(() => server.close());
  describe('the ledger in PostgreSQL', async () => {
    await import('../src/ledger/ledger.test.ts');
  });
  describe('keys in PostgreSQL', async () => {
    await import('../src/access/virtual-keys.test.ts');
  });

  describe('shared answers in PostgreSQL', async () => {
    await import('../src/cache/shared-answers.test.ts');
  });

  describe('PostgreSQL itself', () => {
    const warn = vi.fn();
    afterEach(() => {
      warn.mockClear();
    });
    const open = (url = server.url) => createStore({ url, warn });

    it('is brought up to date once by several that start at the same time', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
      const names = (await stores[0]!.db.introspection.getTables()).map(
        ({ schema, name }) => `${schema ?? ''}.${name}`,
      );
      expect(names).toContain('nearfar.ledger');
      for (const store of stores) await store.close();
    });

    it('keeps to its schema, whatever tables of the same names are there', async () => {
      await server.query('create table public.ledger (priority text)');
      await server.query('create table public.kysely_migration (name text)');
      const store = await open();
      const { rows } = await sql`select request_id, priority, charged_micros from ledger`.execute(store.db);
      expect(rows).toEqual([]);
      await store.close();
      await server.query('drop table public.ledger, public.kysely_migration');
    });

    it('is used again after its connections were cut', async () => {
      const store = await open();
      await sql`select 1`.execute(store.db);
      store.changes.hasChanged();
      await server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'nearfar'",
      );
      await vi.waitFor(() => sql`select 1`.execute(store.db));
      // Nobody listens for a moment: changes are looked for instead.
      await vi.waitFor(() => {
        expect(store.changes.hasChanged()).toBe(true);
      });
      expect(warn).toHaveBeenCalled();
      await store.close();
    });

    it('gives the same costs as SQLite', async () => {
      const row = (requestId: string, changes: Partial<LedgerRow>): LedgerRow => ({
        ...refusalRow({ requestId, dialect: 'openai', error: new NearfarError('unauthorized', 'No.') }),
        startedAt: 1_795_564_800_000,
        keyName: 'ana',
        requestedModel: 'far\0',
        answeringModel: 'open/big',
        upstream: 'open',
        promptTokenCount: 1000,
        cachedTokenCount: 400,
        completionTokenCount: 20,
        costMicros: 3400,
        status: 200,
        ...changes,
      });
      const rows = [
        row('a', {}),
        row('b', { answeringModel: null, costMicros: null }),
        row('c', { upstream: 'other' }),
      ];
      const cellsOf = async (store: Store) => {
        const ledger = await createLedger({ store, journal: null, warn });
        for (const recorded of rows.slice(0, 2)) ledger.record(recorded);
        await ledger.close();
        const question = {
          from: 0,
          to: Number.MAX_SAFE_INTEGER,
          by: [...costDimensions],
          longPromptsAbove: [null, 500],
        };
        const cells = await readCostCells(store, question, rows.slice(1));
        await store.close();
        return cells
          .map((cell) =>
            JSON.stringify(cell, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
          )
          .sort();
      };
      const cells = await cellsOf(await open());
      expect(cells).toHaveLength(3);
      expect(cells.map((cell) => cell.replaceAll('\uFFFD', ''))).toEqual(
        (await cellsOf(await createStore({ path: ':memory:' }))).map((cell) => cell.replaceAll('\uFFFD', '')),
      );
      expect(warn).not.toHaveBeenCalled();
    });

    it('is told by one gateway to another what has changed', async () => {
      const [one, other] = [await open(), await open()];
      await vi.waitFor(async () => {
        const { rows } = await sql`select 1 from pg_stat_activity where query like 'listen %'`.execute(
          one.db,
        );
        expect(rows).toHaveLength(2);
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      other.changes.hasChanged();
      expect(other.changes.hasChanged()).toBe(false);
      await one.changes.announce();
      await vi.waitFor(() => {
        expect(other.changes.hasChanged()).toBe(true);
      });
      await one.close();
      await other.close();
    });

    it.each([
      [
        'that nobody answers at',
        (secret: string) => `postgres://nearfar:${secret}@127.0.0.1:1/db`,
        /127\.0\.0\.1:1\/db cannot be used/,
      ],
      [
        'of no database',
        (secret: string) =>
          server.url
            .reveal()
            .replace('secret-of-the-tests', secret)
            .replace(/postgres$/, 'none'),
        /cannot be used: .*"none" does not exist/,
      ],
      [
        'of another kind',
        (secret: string) => `mysql://nearfar:${secret}@127.0.0.1/db`,
        /must be like postgres/,
      ],
      ['that is none', (secret: string) => `postgres://nearfar:${secret}@:x:/`, /must be like postgres/],
    ])('a connection string %s is an error that does not show it', async (_, urlOf, words) => {
      const secret = randomBytes(12).toString('hex');
      const failure = await open(new Secret(urlOf(secret))).then(
        () => null,
        (thrown: unknown) => thrown as Error,
      );
      expect(failure?.message).toMatch(words);
      expect(
        `${String(failure)} ${JSON.stringify(failure)} ${String(failure?.cause)} ${JSON.stringify(warn.mock.calls)}`,
      ).not.toContain(secret);
    });
  });
}
