import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from './store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearfar-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the state file', () => {
  test('opens again with what was written', async () => {
    const path = join(folder, 'state', 'nearfar.sqlite');
    for (let opened = 0; opened < 3; opened += 1) {
      const store = await createStore({ path });
      const tables = await store.db.introspection.getTables();
      expect(tables.map((table) => table.name)).toContain('ledger');
      await store.close();
    }
  });

  test.skipIf(process.platform === 'win32')(
    'only its owner can read it, its log and its folder',
    async () => {
      const path = join(folder, 'state', 'nearfar.sqlite');
      const store = await createStore({ path });
      for (const name of await readdir(join(folder, 'state'))) {
        expect((await stat(join(folder, 'state', name))).mode & 0o077).toBe(0);
      }
      expect((await stat(join(folder, 'state'))).mode & 0o077).toBe(0);
      await store.close();
      await chmod(path, 0o644);
      await (await createStore({ path })).close();
      expect((await stat(path)).mode & 0o077).toBe(0);
    },
  );

  test('an older one keeps its rows when columns are added', async () => {
    const path = join(folder, 'nearfar.sqlite');
    const store = await createStore({ path });
    // As the first version left it.
    await store.db.schema.alterTable('ledger').dropColumn('priority').execute();
    await sql`delete from kysely_migration where name > '001-ledger'`.execute(store.db);
    await sql`insert into ledger (request_id, started_at, dialect, privacy, route_reasons, prompt_tokens, cached_tokens,
      completion_tokens, is_measured, total_ms, finish, status, cost_micros, currency)
      values ('old', 1, 'openai', 'open', '[]', 1, 0, 1, 1, 5, 'stop', 200, 0, 'USD')`.execute(store.db);
    await store.close();
    const opened = await createStore({ path });
    const row = await opened.db.selectFrom('ledger').selectAll().executeTakeFirst();
    expect(row).toMatchObject({ request_id: 'old', status: 200, priority: null });
    await opened.close();
  });

  test('several at once bring it up to date once', async () => {
    const path = join(folder, 'nearfar.sqlite');
    const stores = await Promise.all(Array.from({ length: 4 }, () => createStore({ path })));
    for (const store of stores) await store.close();
    expect(stores).toHaveLength(4);
  });

  test('one that is no database is named in the error', async () => {
    const path = join(folder, 'nearfar.sqlite');
    await writeFile(path, 'this is no database, it is a long enough text to be looked at as one'.repeat(20));
    await expect(createStore({ path })).rejects.toThrow(`The state file ${path} cannot be opened`);
  });
});

test('more statements than are kept still run', async () => {
  const store = await createStore({ path: ':memory:' });
  for (const round of [1, 2]) {
    for (let value = 1; value <= 100; value += 1) {
      const rows = await sql<{ value: number }>`select ${sql.lit(value)} + ${round} as value`.execute(
        store.db,
      );
      expect(rows.rows).toEqual([{ value: value + round }]);
    }
  }
  await store.close();
});
