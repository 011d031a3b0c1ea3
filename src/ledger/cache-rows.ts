import type { CacheRow } from '../promptcache/cache-report.ts';
import type { Store } from '../store/store.ts';
import { fromTable } from './table.ts';
import type { LedgerRow } from './row.ts';

/**
 * Requests to upstreams within a range of time, the newest so many.
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 */
export async function readCacheRows(
  { db }: Pick<Store, 'db'>,
  range: { readonly from: number; readonly to: number },
  limit: number,
  waiting: readonly LedgerRow[],
): Promise<{ readonly rows: readonly CacheRow[]; readonly leftOutCount: number }> {
  const inRange = db
    .selectFrom('ledger')
    .where('started_at', '>=', range.from)
    .where('started_at', '<', range.to)
    .where('upstream', 'is not', null)
    // What was given again cost nothing, and that is not the provider's cache.
    .where('answer_source', '=', 'model')
    .where('purpose', 'is', null)
    .where('prompt_tokens', '>', 0);
  const { count } = await inRange
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  const stored = await inRange.selectAll().orderBy('started_at', 'desc').limit(limit).execute();
  const ids = new Set(stored.map(({ request_id: id }) => id));
  const rows = stored.map((row) => cacheRow(fromTable(row)));
  for (const row of waiting) {
    const isAsked = row.startedAt >= range.from && row.startedAt < range.to && row.promptTokenCount > 0;
    const isElsewhere =
      row.upstream !== undefined && row.answerSource === 'model' && row.purpose === undefined;
    if (isAsked && isElsewhere && !ids.has(row.requestId)) rows.push(cacheRow(row));
  }
  return { rows, leftOutCount: Math.max(0, Number(count) - stored.length) };
}

function cacheRow(row: LedgerRow): CacheRow {
  const { uncachedCostMicros: uncached, costMicros: cost } = row;
  return {
    requestId: row.requestId,
    startedAt: row.startedAt,
    keyName: row.keyName,
    model: row.answeringModel,
    promptTokenCount: row.promptTokenCount,
    cachedTokenCount: row.cachedTokenCount,
    cacheWriteTokenCount: row.cacheWriteTokenCount ?? 0,
    savedMicros: uncached === undefined || cost === null ? null : uncached - cost,
    prefix: row.prefix ?? null,
  };
}
