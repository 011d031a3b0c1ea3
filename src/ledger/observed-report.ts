import type { Store } from '../store/store.ts';
import { uncachedCostMicros, type TokenPrice } from './cost.ts';
import type { LedgerRow } from './row.ts';
import { fromTable } from './table.ts';

/** What routing would have done and cost while it only observed (`route.observe`). */
export interface ObservedReport {
  readonly requestCount: number;
  /** The most chosen first. */
  readonly tiers: readonly { readonly tier: string; readonly requestCount: number }[];
  /** Of the requests of which both sums are known: what they cost, measured, */
  readonly comparedCount: number;
  readonly spentMicros: number;
  /** and what they would have cost, estimated. */
  readonly wouldMicros: number;
  /** Older ones, beyond what is read at once. */
  readonly olderCount: number;
}

/** The newest so many. */
const rowLimit = 20_000;

/**
 * @param priceOf null: not known
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 * @returns null where nothing was observed
 */
export async function readObserved(
  { db }: Pick<Store, 'db'>,
  { from, to }: { readonly from: number; readonly to: number },
  priceOf: (model: string) => TokenPrice | null,
  waiting: readonly LedgerRow[],
): Promise<ObservedReport | null> {
  const inRange = db
    .selectFrom('ledger')
    .where('started_at', '>=', from)
    .where('started_at', '<', to)
    .where('observed_tier', 'is not', null)
    .where('purpose', 'is', null);
  const { count } = await inRange
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  const stored = await inRange.selectAll().orderBy('started_at', 'desc').limit(rowLimit).execute();
  const ids = new Set(stored.map(({ request_id: id }) => id));
  const rows = stored.map(fromTable);
  for (const row of waiting) {
    const isAsked = row.startedAt >= from && row.startedAt < to && row.purpose === undefined;
    if (isAsked && row.route?.observed !== undefined && !ids.has(row.requestId)) rows.push(row);
  }
  return observedReport(rows, priceOf, Number(count) - stored.length);
}

/** Pure. */
export function observedReport(
  rows: readonly LedgerRow[],
  priceOf: (model: string) => TokenPrice | null,
  olderCount = 0,
): ObservedReport | null {
  if (rows.length === 0) return null;
  let comparedCount = 0;
  let spentMicros = 0;
  let wouldMicros = 0;
  for (const row of rows) {
    const would = wouldCost(row, priceOf);
    if (would === null || row.costMicros === null) continue;
    comparedCount += 1;
    spentMicros += row.costMicros;
    wouldMicros += would;
  }
  const tiers = [...Map.groupBy(rows, ({ route }) => route?.observed?.tier ?? '')]
    .map(([tier, group]) => ({ tier, requestCount: group.length }))
    .toSorted((one, other) => other.requestCount - one.requestCount);
  return { requestCount: rows.length, tiers, comparedCount, spentMicros, wouldMicros, olderCount };
}

/** The tokens of the answer that was given by the price of the other model; null: not known, or nothing to compare. */
function wouldCost(row: LedgerRow, priceOf: (model: string) => TokenPrice | null): number | null {
  const model = row.route?.observed?.model;
  if (model === undefined || row.status >= 400 || !row.isMeasured || row.answerSource !== 'model')
    return null;
  // It went where routing would have sent it.
  if (model === row.answeringModel) return row.costMicros;
  const price = priceOf(model);
  return price === null || price.currency !== row.currency ? null : uncachedCostMicros(row, price);
}
