import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { NearfarError } from '../chat/error.ts';
import type { Secret } from '../chat/secret.ts';
import { migrate } from './migrate.ts';
import { createPostgresChanges } from './postgres-changes.ts';
import { postgresName } from './postgres-name.ts';
import type { StoreSchema } from './schema.ts';
import type { Store } from './store.ts';

/** Tables live in a schema of their own: the database may be another program's too. */
export const postgresSchema = 'nearfar';

/** Connections at most. Only ledger, keys and budgets need any. */
const poolSize = 8;
const connectMs = 5_000;
/** A statement that takes longer hangs behind somebody else's lock. */
const statementMs = 15_000;

/**
 * The state that several gateways share, in PostgreSQL 12 or newer. Nothing of the connection string but host and database
 * stands in errors.
 * @throws NearfarError `invalid_request` where the string is none, `internal` where the database cannot be used
 */
export async function createPostgresStore(
  url: Secret,
  warn: (message: string, cause?: unknown) => void,
): Promise<Store> {
  const name = postgresName(url);
  const config: pg.PoolConfig = {
    connectionString: url.reveal(),
    application_name: 'nearfar',
    options: `-c search_path=${postgresSchema}`,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    keepAlive: true,
    types: typeParsers(),
  };
  const pool = new pg.Pool({ ...config, max: poolSize, idleTimeoutMillis: 60_000 });
  // A connection that breaks while nobody uses it is replaced; the next who needs one learns whether that works.
  pool.on('error', (thrown) => {
    warn(`A connection to ${name} broke.`, reasonOf(thrown));
  });
  // One that breaks while it is in use tells so by its next query; without a listener the event would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  const db = new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`create schema if not exists ${sql.id(postgresSchema)}`.execute(db).catch(ignoreIfThere);
    await migrate(db, postgresSchema);
  } catch (thrown) {
    await db.destroy();
    throw new NearfarError('internal', `The database ${name} cannot be used: ${reasonOf(thrown)}`);
  }
  const changes = createPostgresChanges(config, db, (reason) => {
    warn(
      `The connection that tells of changed keys in ${name} broke; keys are looked up each second.`,
      reason,
    );
  });
  return {
    db,
    changes,
    async close() {
      await changes.close();
      await db.destroy();
    },
  };
}

/** Whole numbers of 64 bits as numbers: all of ours are within 2^53. */
function typeParsers(): pg.CustomTypesConfig {
  const overrides = new pg.TypeOverrides();
  overrides.setTypeParser(pg.types.builtins.INT8, Number);
  return overrides;
}

/** Two that start at once may both find it missing. */
function ignoreIfThere(thrown: unknown): void {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  if (code !== '23505' && code !== '42P06') throw thrown;
}

/** The database's own words; a connection's error may hold several. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(reasonOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}
