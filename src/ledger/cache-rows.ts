import type { CacheRow } from '../promptcache/cache-report.ts';
import type { Store } from '../store/store.ts';
import { readModelRows } from './model-rows.ts';
import type { LedgerRow } from './row.ts';

/** Requests to upstreams within a range of time, the newest so many, as the report on prompt caches needs them. */
export async function readCacheRows(
  store: Pick<Store, 'db'>,
  range: { readonly from: number; readonly to: number },
  limit: number,
  waiting: readonly LedgerRow[],
): Promise<{ readonly rows: readonly CacheRow[]; readonly leftOutCount: number }> {
  const { rows, leftOutCount } = await readModelRows(store, { ...range, which: 'elsewhere' }, limit, waiting);
  return { rows: rows.map(cacheRow), leftOutCount };
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
