import type { AnswerCache } from '../cache/answer-cache.ts';
import type { Capture } from '../capture/capture.ts';
import { chooserOf, type ForgetFilter } from '../capture/forget.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Store } from '../store/store.ts';

/** Forgets what this process keeps in memory, and what it shares with others; returns how many were in memory. */
export function createForgetAnswers(
  capture: Pick<Capture, 'flush'> | null,
  cache: Pick<AnswerCache, 'forget' | 'flush'>,
  ledger: Pick<Ledger, 'flush'>,
  state: Pick<Store, 'db'>,
): (filter: ForgetFilter) => Promise<number> {
  return async (filter) => {
    // What waits to be written would come after its removal.
    await capture?.flush();
    await ledger.flush();
    await cache.flush();
    // Before those in memory, which would come back from there.
    const { forgetSharedAnswers } = await import('./forget-shared-answers.ts');
    await forgetSharedAnswers(state, filter);
    return cache.forget(chooserOf(filter, await tenantsOf(filter, state)));
  };
}

/** The tenants that a key ever asked for, by the ledger; none where no key is named. */
export async function tenantsOf(
  filter: ForgetFilter,
  { db }: Pick<Store, 'db'>,
): Promise<ReadonlySet<string>> {
  if (filter.all === true || filter.keyName === undefined) return new Set();
  const rows = await db
    .selectFrom('ledger')
    .select('tenant')
    .distinct()
    .where('key_name', '=', filter.keyName)
    .execute();
  return new Set(rows.flatMap(({ tenant }) => tenant ?? []));
}
