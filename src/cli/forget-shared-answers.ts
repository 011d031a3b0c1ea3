import type { ForgetFilter } from '../capture/forget.ts';
import type { Store } from '../store/store.ts';
import { tenantsOf } from './forget-answers.ts';
import { persistently } from './persistently.ts';

/** PostgreSQL's bound on values of one statement is far above. */
const idsPerStatement = 500;

/**
 * Removes answers that gateways share in their database; returns how many. A key's are those of every tenant that it ever
 * asked for. What a gateway has taken into its memory is that gateway's to forget.
 */
export async function forgetSharedAnswers({ db }: Pick<Store, 'db'>, filter: ForgetFilter): Promise<number> {
  const tenants = [...(await tenantsOf(filter, { db }))];
  const remove = async (ids: readonly string[] | null): Promise<number> => {
    let query = db.deleteFrom('kept_answer');
    if (ids !== null) query = query.where('request_id', 'in', [...ids]);
    if (filter.all !== true) {
      if (filter.keyName !== undefined) {
        if (tenants.length === 0) return 0;
        query = query.where('tenant', 'in', tenants);
      }
      if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant);
      if (filter.before !== undefined) query = query.where('made_at', '<', filter.before);
    }
    const { numDeletedRows } = await persistently(() => query.executeTakeFirstOrThrow());
    return Number(numDeletedRows);
  };
  const ids = filter.all === true ? undefined : filter.requestIds;
  if (ids === undefined) return await remove(null);
  let count = 0;
  for (let at = 0; at < ids.length; at += idsPerStatement)
    count += await remove(ids.slice(at, at + idsPerStatement));
  return count;
}
