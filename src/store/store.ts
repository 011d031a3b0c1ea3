import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import { NearfarError } from '../chat/error.ts';
import type { Secret } from '../chat/secret.ts';
import type { ChangeFeed } from './change-feed.ts';
import { migrate } from './migrate.ts';
import type { StoreSchema } from './schema.ts';
import { NodeSqliteDatabase } from './sqlite-database.ts';

export type StoreSettings =
  | {
      /** Absolute path of the SQLite file, made where it is missing; `:memory:` keeps nothing. */
      readonly path: string;
    }
  | {
      /** Connection string of PostgreSQL. */
      readonly url: Secret;
      readonly warn: (message: string, cause?: unknown) => void;
    };

export interface Store {
  readonly db: Kysely<StoreSchema>;
  readonly changes: ChangeFeed;
  close(): Promise<void>;
}

/** While it opens, another process may be migrating the same file. */
const openBusyMs = 5000;
/** Later a lock may hold up the event loop no longer than this; writers try again by themselves. */
const runningBusyMs = 50;

/**
 * Opens the state that keys, budgets and the ledger live in, brought to the newest schema.
 * @throws NearfarError `internal` naming the file, or host and database, where it cannot be opened or brought up to date
 */
export async function createStore(settings: StoreSettings): Promise<Store> {
  if ('path' in settings) return createFileStore(settings.path);
  const { createPostgresStore } = await import('./postgres-store.ts');
  return createPostgresStore(settings.url, settings.warn);
}

/**
 * The state of this machine alone: one SQLite file in WAL mode that only its owner can read, brought to the newest
 * schema. Writes reach the operating system before they are answered, so killing nearfar loses none; a power cut
 * may lose the last ones but leaves the file whole (`synchronous = normal`).
 */
async function createFileStore(path: string): Promise<Store> {
  try {
    if (path !== ':memory:') await prepareFile(path);
    const database = new NodeSqliteDatabase(path, openBusyMs);
    const db = new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database }) });
    try {
      database.run('pragma journal_mode = wal; pragma synchronous = normal;');
      await migrate(db, null);
      database.run(`pragma busy_timeout = ${runningBusyMs}`);
    } catch (thrown) {
      database.close();
      throw thrown;
    }
    return { db, changes: fileChanges(database), close: () => db.destroy() };
  } catch (thrown) {
    if (thrown instanceof NearfarError) throw thrown;
    throw new NearfarError('internal', `The state file ${path} cannot be opened: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * SQLite counts the writes of other connections itself; those of this one are announced. It is asked once in a turn of the
 * event loop, however many requests came in with it: a request that is sent behind a change comes with a later one.
 */
function fileChanges(database: NodeSqliteDatabase): ChangeFeed {
  let seen = database.dataVersion();
  let isAnnounced = false;
  let wasAsked = false;
  return {
    hasChanged() {
      if (wasAsked && !isAnnounced) return false;
      if (!wasAsked) {
        wasAsked = true;
        setImmediate(() => {
          wasAsked = false;
        });
      }
      const current = database.dataVersion();
      const hasChanged = current !== seen || isAnnounced;
      seen = current;
      isAnnounced = false;
      return hasChanged;
    },
    announce() {
      isAnnounced = true;
      return Promise.resolve();
    },
  };
}

/** SQLite gives its -wal and -shm files the rights of the database file, so these must be right before. */
export async function prepareFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a', 0o600);
  await file.close();
  if (process.platform !== 'win32') await chmod(path, 0o600);
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
