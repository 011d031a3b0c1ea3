import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { Store } from '../store/store.ts';
import { fromPrefixText } from './prefix-text.ts';

/** The hashes of prompts that went to upstreams since a time, oldest first, of the newest so many. */
export async function recentPrefixes(
  { db }: Pick<Store, 'db'>,
  since: number,
  limit: number,
): Promise<readonly { readonly prefix: PromptPrefix; readonly at: number; readonly tenant: string }[]> {
  const rows = await db
    .selectFrom('ledger')
    .select(['started_at', 'tenant', 'prompt_family', 'prompt_prefix'])
    .where('started_at', '>=', since)
    .where('upstream', 'is not', null)
    .where('prompt_prefix', 'is not', null)
    .orderBy('started_at', 'desc')
    .limit(limit)
    .execute();
  return rows
    .toReversed()
    .flatMap(({ started_at: at, tenant, prompt_family: family, prompt_prefix: text }) =>
      family === null || text === null
        ? []
        : [{ prefix: fromPrefixText(family, text), at, tenant: tenant ?? '' }],
    );
}
