import type { Store } from '../store/store.ts';
import type { TaintRow, TaintStore } from './tainted-sessions.ts';

/** Rows of one statement, far below what databases take parameters for. */
const rowsPerStatement = 500;
const filterId = 'bloom';

export function createTaintStore({ db }: Pick<Store, 'db'>, now: () => number = Date.now): TaintStore {
  return {
    async load() {
      const rows = await db.selectFrom('tainted_session').selectAll().orderBy('marked_at').execute();
      const faded = await db
        .selectFrom('faded_sessions')
        .select('filter')
        .where('id', '=', filterId)
        .executeTakeFirst();
      return {
        // What this version does not know is no less strict.
        rows: rows.map(({ hash, taint }): TaintRow => ({
          hash,
          taint: taint === 'found' ? 'found' : 'kept',
        })),
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
            taint: row.ref('excluded.taint'),
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
