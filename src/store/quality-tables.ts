import type { Kysely } from 'kysely';

/** What judges and callers said of answers: migration 013. */
export async function createQualityTables(db: Kysely<unknown>): Promise<void> {
  let judged = db.schema
    .createTable('judged')
    .ifNotExists()
    .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('judged_at', 'bigint', (column) => column.notNull());
  for (const name of [
    'lower_tier',
    'lower_model',
    'upper_tier',
    'upper_model',
    'answered_tier',
    'routed_tier',
    'outcome',
    'judge',
  ]) {
    judged = judged.addColumn(name, 'text', (column) => column.notNull());
  }
  await judged.execute();
  await db.schema
    .createIndex('judged_judged_at')
    .ifNotExists()
    .on('judged')
    .columns(['judged_at', 'request_id'])
    .execute();
  await db.schema
    .createTable('feedback')
    .ifNotExists()
    .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('given_at', 'bigint', (column) => column.notNull())
    .addColumn('key_name', 'text')
    .addColumn('tenant', 'text')
    .addColumn('answering_model', 'text')
    .addColumn('score', 'double precision', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('feedback_given_at').ifNotExists().on('feedback').column('given_at').execute();
}
