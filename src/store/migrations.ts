import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createKeysAndBudgets } from './keys-and-budgets.ts';
import { createPrivacyTables, createSharedSecrets } from './privacy-tables.ts';
import { createQualityTables } from './quality-tables.ts';

/**
 * Every change of the schema, in order of name, never edited once released. A migration runs once per database and
 * must survive being tried twice: SQLite changes its schema outside transactions.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-ledger': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('ledger')
        .ifNotExists()
        .addColumn('request_id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('key_name', 'text')
        .addColumn('tenant', 'text')
        .addColumn('dialect', 'text', (column) => column.notNull())
        .addColumn('operation', 'text')
        .addColumn('requested_model', 'text')
        .addColumn('answering_model', 'text')
        .addColumn('privacy', 'text', (column) => column.notNull())
        .addColumn('route_reasons', 'text', (column) => column.notNull())
        .addColumn('prompt_tokens', 'bigint', (column) => column.notNull())
        .addColumn('cached_tokens', 'bigint', (column) => column.notNull())
        .addColumn('completion_tokens', 'bigint', (column) => column.notNull())
        .addColumn('is_measured', 'smallint', (column) => column.notNull())
        .addColumn('queue_ms', 'double precision')
        .addColumn('prefill_ms', 'double precision')
        .addColumn('decode_ms', 'double precision')
        .addColumn('first_token_ms', 'double precision')
        .addColumn('total_ms', 'double precision', (column) => column.notNull())
        .addColumn('finish', 'text', (column) => column.notNull())
        .addColumn('status', 'integer', (column) => column.notNull())
        .addColumn('cost_micros', 'bigint', (column) => column.notNull())
        .addColumn('currency', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('ledger_started_at')
        .ifNotExists()
        .on('ledger')
        .column('started_at')
        .execute();
    },
  },
  '002-ledger-priority': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await hasColumn(db, 'ledger', 'priority')) return;
      await db.schema.alterTable('ledger').addColumn('priority', 'text').execute();
    },
  },
  '003-answer-source': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await hasColumn(db, 'ledger', 'answer_source')) return;
      await db.schema
        .alterTable('ledger')
        .addColumn('answer_source', 'text', (column) => column.notNull().defaultTo('model'))
        .execute();
    },
  },
  '004-ledger-overflow': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const [name, type] of [
        ['overflow_policy', 'text'],
        ['omitted_tokens', 'bigint'],
        ['omitted_messages', 'bigint'],
      ] as const) {
        if (await hasColumn(db, 'ledger', name)) continue;
        await db.schema.alterTable('ledger').addColumn(name, type).execute();
      }
    },
  },
  '005-ledger-upstream': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (!(await hasColumn(db, 'ledger', 'upstream'))) {
        await db.schema.alterTable('ledger').addColumn('upstream', 'text').execute();
      }
      // Rows from before are of this machine's models: their cost is known, and nothing was written elsewhere.
      for (const [name, type, value] of [
        ['is_cost_known', 'smallint', 1],
        ['cache_write_tokens', 'bigint', 0],
      ] as const) {
        if (await hasColumn(db, 'ledger', name)) continue;
        await db.schema
          .alterTable('ledger')
          .addColumn(name, type, (column) => column.notNull().defaultTo(value))
          .execute();
      }
    },
  },
  '006-ledger-prompt-prefix': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const [name, type] of [
        ['prompt_family', 'text'],
        ['prompt_prefix', 'text'],
      ] as const) {
        if (await hasColumn(db, 'ledger', name)) continue;
        await db.schema.alterTable('ledger').addColumn(name, type).execute();
      }
    },
  },
  '007-keys-and-budgets': {
    async up(db: Kysely<unknown>): Promise<void> {
      await createKeysAndBudgets(db);
      if (await hasColumn(db, 'ledger', 'charged_micros')) return;
      await db.schema.alterTable('ledger').addColumn('charged_micros', 'bigint').execute();
    },
  },
  '008-ledger-uncached-cost': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await hasColumn(db, 'ledger', 'uncached_cost_micros')) return;
      await db.schema.alterTable('ledger').addColumn('uncached_cost_micros', 'bigint').execute();
    },
  },
  '010-responses': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('responses')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('used_at', 'bigint', (column) => column.notNull())
        .addColumn('previous_id', 'text')
        .addColumn('input', 'text', (column) => column.notNull())
        .addColumn('response', 'text', (column) => column.notNull())
        .addColumn('byte_count', 'bigint', (column) => column.notNull())
        .execute();
      // Holds all that the bounds look at, so that no text is read for them.
      await db.schema
        .createIndex('responses_used_at')
        .ifNotExists()
        .on('responses')
        .columns(['used_at', 'created_at', 'byte_count', 'id'])
        .execute();
    },
  },
  '011-ledger-route': {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const [name, type] of [
        ['tier', 'text'],
        ['policy', 'text'],
        ['difficulty', 'double precision'],
        ['task', 'text'],
        ['tier_costs', 'text'],
        ['observed_tier', 'text'],
        ['observed_model', 'text'],
        ['observed_micros', 'bigint'],
      ] as const) {
        if (await hasColumn(db, 'ledger', name)) continue;
        await db.schema.alterTable('ledger').addColumn(name, type).execute();
      }
    },
  },
  '012-privacy': {
    async up(db: Kysely<unknown>): Promise<void> {
      await createPrivacyTables(db);
      if (await hasColumn(db, 'access_key', 'privacy_mode')) return;
      await db.schema.alterTable('access_key').addColumn('privacy_mode', 'text').execute();
    },
  },
  '013-quality': {
    async up(db: Kysely<unknown>): Promise<void> {
      await createQualityTables(db);
      if (await hasColumn(db, 'ledger', 'purpose')) return;
      await db.schema.alterTable('ledger').addColumn('purpose', 'text').execute();
    },
  },
  '014-semantic-checks': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await hasColumn(db, 'ledger', 'check_micros')) return;
      await db.schema.alterTable('ledger').addColumn('check_micros', 'bigint').execute();
    },
  },
  '015-kept-answers': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('kept_answer')
        .ifNotExists()
        .addColumn('key', 'text', (column) => column.primaryKey().notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .addColumn('made_at', 'bigint', (column) => column.notNull())
        .addColumn('byte_count', 'bigint', (column) => column.notNull())
        .addColumn('answer', 'text', (column) => column.notNull())
        .execute();
      // Holds all that the bounds look at, so that no answer is read for them.
      await db.schema
        .createIndex('kept_answer_made_at')
        .ifNotExists()
        .on('kept_answer')
        .columns(['made_at', 'byte_count', 'key'])
        .execute();
    },
  },
  '016-sessions-and-cascade': {
    async up(db: Kysely<unknown>): Promise<void> {
      await createSharedSecrets(db);
      for (const name of ['cascade_tokens', 'cascade_ms', 'cascade_escalated']) {
        if (await hasColumn(db, 'ledger', name)) continue;
        await db.schema.alterTable('ledger').addColumn(name, 'bigint').execute();
      }
    },
  },
  '017-place-that-a-judge-favoured': {
    async up(db: Kysely<unknown>): Promise<void> {
      if (await hasColumn(db, 'judged', 'favoured_place')) return;
      await db.schema.alterTable('judged').addColumn('favoured_place', 'text').execute();
    },
  },
};

async function hasColumn(db: Kysely<unknown>, tableName: string, columnName: string): Promise<boolean> {
  const tables = (await db.introspection.getTables()).filter(({ name }) => name === tableName);
  // Of PostgreSQL's schemas only the one that is written to counts: others' tables may have the same name.
  const hasSchemas = tables.some(({ schema }) => schema !== undefined);
  const schema = hasSchemas ? await currentSchema(db) : undefined;
  const table = tables.find((candidate) => candidate.schema === schema);
  return table?.columns.some(({ name }) => name === columnName) === true;
}

async function currentSchema(db: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(db);
  return rows[0]?.name;
}
