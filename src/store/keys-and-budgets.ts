import { sql } from 'kysely';
import type { Kysely } from 'kysely';

/** The tables of migration 007. Must survive being tried twice. */
export async function createKeysAndBudgets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('access_key')
    .ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('models', 'text')
    .addColumn('requests_per_minute', 'bigint')
    .addColumn('tokens_per_minute', 'bigint')
    .addColumn('day_micros', 'bigint')
    .addColumn('month_micros', 'bigint')
    .addColumn('is_local_only', 'smallint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('access_key_name')
    .ifNotExists()
    .unique()
    .on('access_key')
    .column('name')
    .where(sql.ref('revoked_at'), 'is', null)
    .execute();
  await db.schema
    .createTable('change_count')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('budget_period')
    .ifNotExists()
    .addColumn('key_name', 'text', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('starts_at', 'bigint', (column) => column.notNull())
    .addColumn('spent_micros', 'bigint', (column) => column.notNull())
    .addColumn('reserved_micros', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('budget_period_key', ['key_name', 'unit', 'starts_at'])
    .execute();
  await db.schema
    .createTable('reservation')
    .ifNotExists()
    .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('key_name', 'text', (column) => column.notNull())
    .addColumn('day_starts_at', 'bigint', (column) => column.notNull())
    .addColumn('month_starts_at', 'bigint', (column) => column.notNull())
    .addColumn('amount_micros', 'bigint', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addColumn('process', 'text', (column) => column.notNull())
    .execute();
  // Sums by key begin at the start of a day or month.
  await db.schema
    .createIndex('ledger_key_started_at')
    .ifNotExists()
    .on('ledger')
    .columns(['key_name', 'started_at'])
    .execute();
}
