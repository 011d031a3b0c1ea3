import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore, type Store } from '../src/store/store.ts';
import { postgresMissing, startPostgres, type PostgresServer } from './postgres.ts';

/** A place for state that several processes may open. */
export interface StateBackend {
  readonly name: string;
  /** Why it cannot be tested here; null where it can. */
  readonly missing: string | null;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Empty from here on. */
  readonly clear: () => Promise<void>;
  /** One more process that opens it. */
  readonly open: () => Promise<Store>;
}

/** The same tests run over each: `describe.each(stateBackends())`. */
export function stateBackends(): readonly StateBackend[] {
  let folder = '';
  let server: PostgresServer | null = null;
  const removeFolder = () => {
    if (folder !== '') rmSync(folder, { recursive: true });
  };
  if (postgresMissing !== null) process.stderr.write(`Without PostgreSQL: ${postgresMissing}.\n`);
  return [
    {
      name: 'SQLite',
      missing: null,
      start: () => Promise.resolve(),
      stop: () => {
        removeFolder();
        return Promise.resolve();
      },
      clear: () => {
        removeFolder();
        folder = mkdtempSync(join(tmpdir(), 'nearfar-state-'));
        return Promise.resolve();
      },
      open: () => createStore({ path: join(folder, 'nearfar.sqlite') }),
    },
    {
      name: 'PostgreSQL',
      missing: postgresMissing,
      start: async () => {
        server = await startPostgres();
      },
      stop: async () => {
        await server?.close();
      },
      clear: async () => {
        await server?.clear();
      },
      open: () => {
        if (server === null) throw new Error('not started');
        return createStore({ url: server.url, warn: () => undefined });
      },
    },
  ];
}

/** Set while a suite runs over PostgreSQL. */
let suiteServer: PostgresServer | null = null;

/** From here on `openTestStore` opens this server's database. */
export function runOnPostgres(server: PostgresServer): void {
  suiteServer = server;
}

export const isOnPostgres = (): boolean => suiteServer !== null;

/** The store of a test that `test/postgres-suites.test.ts` runs over PostgreSQL again. */
export function openTestStore(path: string): Promise<Store> {
  return createStore(suiteServer === null ? { path } : { url: suiteServer.url, warn: () => undefined });
}

/** For what another process learns: in its next turn of the event loop with SQLite, a moment later with PostgreSQL. */
export async function soon(check: () => void | Promise<void>): Promise<void> {
  await new Promise(setImmediate);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await check();
      return;
    } catch (thrown) {
      if (!isOnPostgres() || attempt > 100) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
