import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore, type Store } from '../src/store/store.ts';
import { postgresMissing, startPostgres, type PostgresServer } from './postgres.ts';

describe.skipIf(postgresMissing !== null)('a connection to PostgreSQL', () => {
  let server: PostgresServer;
  let store: Store;

  beforeAll(async () => {
    server = await startPostgres();
    store = await createStore({ url: server.url, warn: () => undefined });
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await server.close();
  });

  // An event that nobody listens to would end the process, which vitest reports.
  it('that is cut while it is in use and silent fails its next query, and nothing else', async () => {
    const cut = store.db.transaction().execute(async (transaction) => {
      await sql`select 1`.execute(transaction);
      await server.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'nearfar'`,
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      await sql`select 1`.execute(transaction);
    });
    await expect(cut).rejects.toThrow();
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(store.db);
    expect(rows).toEqual([{ one: 1 }]);
  });
});
