import type { ReplayRow } from '../plan/what-if/replay.ts';
import type { Store } from '../store/store.ts';
import type { LedgerRow } from './row.ts';
import { fromTable } from './table.ts';

/**
 * Requests that a model answered within a range of time, the newest so many, as a replay needs them.
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 */
export async function readReplayRows(
  { db }: Pick<Store, 'db'>,
  range: { readonly from: number; readonly to: number },
  limit: number,
  waiting: readonly LedgerRow[],
): Promise<{ readonly rows: readonly ReplayRow[]; readonly leftOutCount: number }> {
  const inRange = db
    .selectFrom('ledger')
    .where('started_at', '>=', range.from)
    .where('started_at', '<', range.to)
    .where('answering_model', 'is not', null)
    .where('answer_source', '=', 'model')
    .where('purpose', 'is', null)
    .where('status', '<', 400)
    .where('prompt_tokens', '>', 0);
  const { count } = await inRange
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  const stored = await inRange.selectAll().orderBy('started_at', 'desc').limit(limit).execute();
  const ids = new Set(stored.map(({ request_id: id }) => id));
  const late = waiting.filter(
    (row) =>
      row.startedAt >= range.from &&
      row.startedAt < range.to &&
      row.answeringModel !== null &&
      row.answerSource === 'model' &&
      row.purpose === undefined &&
      row.status < 400 &&
      row.promptTokenCount > 0 &&
      !ids.has(row.requestId),
  );
  const rows = [...stored.map(fromTable), ...late].map(replayRow);
  return { rows, leftOutCount: Math.max(0, Number(count) - stored.length) };
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
