import type { Kysely } from 'kysely';

/** Of migration 012. */
export async function createPrivacyTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('privacy_audit')
    .ifNotExists()
    .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('decided_at', 'bigint', (column) => column.notNull())
    .addColumn('key_name', 'text')
    .addColumn('tenant', 'text')
    .addColumn('requested_model', 'text')
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('reasons', 'text', (column) => column.notNull())
    .addColumn('detectors', 'text', (column) => column.notNull())
    .addColumn('went', 'text', (column) => column.notNull())
    .addColumn('model', 'text')
    .addColumn('status', 'integer', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('privacy_audit_decided_at')
    .ifNotExists()
    .on('privacy_audit')
    .column('decided_at')
    .execute();
  await db.schema
    .createTable('tainted_session')
    .ifNotExists()
    .addColumn('hash', 'text', (column) => column.primaryKey().notNull())
    .addColumn('taint', 'text', (column) => column.notNull())
    .addColumn('marked_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('faded_sessions')
    .ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('filter', 'text', (column) => column.notNull())
    .execute();
}

/** Of migration 016. */
export async function createSharedSecrets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('shared_secret')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('secret', 'text', (column) => column.notNull())
    .execute();
}
