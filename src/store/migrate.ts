import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations.ts';
import type { StoreSchema } from './schema.ts';

/**
 * Brings a database to the newest schema. Two processes that start at once may both find a migration undone: the second
 * finds it done at its next try.
 * @param schema of PostgreSQL; null: there are none
 */
export async function migrate(db: Kysely<StoreSchema>, schema: string | null): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    // Each stands by itself; those who try the newest state may have a later one before an earlier one.
    allowUnorderedMigrations: true,
    ...(schema === null ? {} : { migrationTableSchema: schema }),
  });
  for (let attempt = 1; ; attempt += 1) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (attempt === migrationAttempts) {
      const reason = error instanceof Error ? error.message : 'it does not say why';
      throw new Error(`migration failed: ${reason}`, { cause: error });
    }
    await sleep(50 * attempt);
  }
}

const migrationAttempts = 4;
