import { sql } from 'kysely';
import type { ForgetFilter } from '../capture/forget.ts';
import { responseId } from '../http/responses/response-ids.ts';
import type { Store } from '../store/store.ts';
import { persistently } from './persistently.ts';
import { tenantsOf } from './forget-answers.ts';

/** SQLite's and PostgreSQL's bound on values of one statement is far above. */
const idsPerStatement = 500;

/**
 * Removes responses of /v1/responses that clients could go on from; returns how many. As with kept answers, a key's are
 * those of every tenant that it ever asked for.
 */
export async function forgetResponses({ db }: Pick<Store, 'db'>, filter: ForgetFilter): Promise<number> {
  const tenants = [...(await tenantsOf(filter, { db }))];
  await overwriteWhatGoes(db);
  const remove = async (ids: readonly string[] | null): Promise<number> => {
    let query = db.deleteFrom('responses');
    if (ids !== null) query = query.where('id', 'in', [...ids]);
    if (filter.all !== true) {
      if (filter.keyName !== undefined) {
        if (tenants.length === 0) return 0;
        query = query.where('tenant', 'in', tenants);
      }
      if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant);
      if (filter.before !== undefined) query = query.where('created_at', '<', filter.before);
    }
    const result = await persistently(() => query.executeTakeFirst());
    return Number(result.numDeletedRows);
  };
  const ids = filter.all === true ? undefined : filter.requestIds?.map(responseId);
  let count = 0;
  if (ids === undefined) count = await remove(null);
  else
    for (let at = 0; at < ids.length; at += idsPerStatement)
      count += await remove(ids.slice(at, at + idsPerStatement));
  if (count > 0) await emptyLog(db);
  return count;
}

/** SQLite leaves removed texts in its pages otherwise; PostgreSQL has no such word, and vacuums by itself. */
async function overwriteWhatGoes(db: Store['db']): Promise<void> {
  await sql`pragma secure_delete = on`.execute(db).catch(() => undefined);
}

async function emptyLog(db: Store['db']): Promise<void> {
  await sql`pragma wal_checkpoint(truncate)`.execute(db).catch(() => undefined);
}
