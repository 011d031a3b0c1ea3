import type { ReplayRow } from '../plan/what-if/replay.ts';
import type { Store } from '../store/store.ts';
import { readModelRows } from './model-rows.ts';
import type { LedgerRow } from './row.ts';

/** Requests that a model answered within a range of time, the newest so many, as a replay needs them. */
export async function readReplayRows(
  store: Pick<Store, 'db'>,
  range: { readonly from: number; readonly to: number },
  limit: number,
  waiting: readonly LedgerRow[],
): Promise<{ readonly rows: readonly ReplayRow[]; readonly leftOutCount: number }> {
  const { rows, leftOutCount } = await readModelRows(store, { ...range, which: 'answered' }, limit, waiting);
  return { rows: rows.map(replayRow), leftOutCount };
}

function replayRow(row: LedgerRow): ReplayRow {
  const isHere = row.upstream === undefined;
  return {
    requestId: row.requestId,
    startedAt: row.startedAt,
    tenant: row.tenant,
    model: row.answeringModel ?? '',
    upstream: row.upstream ?? null,
    promptTokenCount: row.promptTokenCount,
    cachedTokenCount: row.cachedTokenCount,
    cacheWriteTokenCount: row.cacheWriteTokenCount ?? 0,
    completionTokenCount: row.completionTokenCount,
    // Another currency is not added to dollars, and what broke off cost more than is known.
    costMicros: row.currency === 'USD' && row.isMeasured ? row.costMicros : null,
    difficulty: row.route?.difficulty ?? null,
    isRouted: row.route !== undefined && row.route.observed === undefined,
    canWait: row.priority === 'bulk',
    prefillMs: isHere ? row.prefillMs : null,
    decodeMs: isHere ? row.decodeMs : null,
    prefix: row.prefix ?? null,
  };
}
