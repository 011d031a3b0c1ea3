import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import type { TaintRow, TaintStore } from './tainted-sessions.ts';

/** Rows of one statement, far below what databases take parameters for. */
const rowsPerStatement = 500;
const filterId = 'bloom';

export interface SearchedTaintStore extends TaintStore {
  /** Those of the hashes that are marked. */
  find(hashes: readonly string[]): Promise<readonly TaintRow[]>;
}

export function createTaintStore(
  { db }: Pick<Store, 'db'>,
  now: () => number = Date.now,
): SearchedTaintStore {
  return {
    async find(hashes) {
      const rows = await db
        .selectFrom('tainted_session')
        .select(['hash', 'taint'])
        .where('hash', 'in', hashes)
        .execute();
      return rows.map(toRow);
    },
    async load() {
      const rows = await db.selectFrom('tainted_session').selectAll().orderBy('marked_at').execute();
      const faded = await db
        .selectFrom('faded_sessions')
        .select('filter')
        .where('id', '=', filterId)
        .executeTakeFirst();
      return {
        rows: rows.map(toRow),
        faded: faded === undefined ? null : Buffer.from(faded.filter, 'base64'),
      };
    },
    async save(rows) {
      const marked = rows.map((row) => ({ ...row, marked_at: now() }));
      await db
        .insertInto('tainted_session')
        .values(marked)
        .onConflict((conflict) =>
          conflict.column('hash').doUpdateSet((row) => ({
            // Another gateway may have marked it as what may not leave in any form.
            taint: sql<string>`case when ${sql.ref('tainted_session.taint')} = 'kept' then 'kept' else ${row.ref('excluded.taint')} end`,
            marked_at: row.ref('excluded.marked_at'),
          })),
        )
        .execute();
    },
    async fade(hashes, filter) {
      const text = Buffer.from(filter).toString('base64');
      // First what stands for them, so that a crash in between forgets none.
      await db
        .insertInto('faded_sessions')
        .values({ id: filterId, filter: text })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ filter: text }))
        .execute();
      for (let at = 0; at < hashes.length; at += rowsPerStatement) {
        await db
          .deleteFrom('tainted_session')
          .where('hash', 'in', hashes.slice(at, at + rowsPerStatement))
          .execute();
      }
    },
  };
}

/** What this version does not know is no less strict. */
const toRow = ({ hash, taint }: { hash: string; taint: string }): TaintRow => ({
  hash,
  taint: taint === 'found' ? 'found' : 'kept',
});
