import { sql } from 'kysely';
import type { LedgerRow } from '../ledger/row.ts';
import type { Store } from '../store/store.ts';
import { qualityDifference, type QualityDifference } from './difference.ts';
import { createJudgedStore, type JudgedSum } from './judged-store.ts';
import { takeOn, reportOf, type TierWatch, type TierWatches } from './tier-health.ts';

/** What is known of answers' quality in a range of time, read beside a gateway that may run. */
export interface QualityReport {
  /** Most judged answers first. */
  readonly comparisons: readonly Comparison[];
  readonly feedback: readonly FeedbackSum[];
  /** What measuring it cost. */
  readonly spending: readonly PurposeSpending[];
  /** As they are now, by all that was ever judged. */
  readonly watches: readonly TierWatch[];
}

/** One pair of models, of requests that one of the two answered. */
export interface Comparison extends JudgedSum {
  readonly difference: QualityDifference;
}

export interface FeedbackSum {
  readonly model: string | null;
  readonly count: number;
  readonly upCount: number;
  readonly downCount: number;
  /** -1 to 1. */
  readonly meanScore: number;
}

export interface PurposeSpending {
  readonly purpose: string;
  readonly requestCount: number;
  readonly failedCount: number;
  /** Of those whose cost is known. */
  readonly costMicros: number;
  readonly unknownCount: number;
}

interface Range {
  /** Milliseconds since the epoch; `to` is not included. */
  readonly from: number;
  readonly to: number;
}

const rowsPerRead = 1000;

/** @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once */
export async function readQuality(
  store: Pick<Store, 'db'>,
  range: Range,
  waiting: readonly LedgerRow[],
): Promise<QualityReport> {
  const judged = createJudgedStore(store);
  const sums = await judged.sums(range);
  const comparisons = sums.flatMap((sum): Comparison[] => {
    const difference = qualityDifference(sum.counts);
    return difference === null ? [] : [{ ...sum, difference }];
  });
  comparisons.sort((one, other) => other.difference.answerCount - one.difference.answerCount);
  return {
    comparisons,
    feedback: await readFeedback(store, range),
    spending: await readSpending(store, range, waiting),
    watches: await readWatches(judged),
  };
}

async function readFeedback({ db }: Pick<Store, 'db'>, { from, to }: Range): Promise<readonly FeedbackSum[]> {
  const rows = await db
    .selectFrom('feedback')
    .select(({ fn, eb }) => [
      'answering_model',
      fn.countAll<number | string>().as('count'),
      fn.sum<number | string>(eb.case().when('score', '>', 0).then(1).else(0).end()).as('up'),
      fn.sum<number | string>(eb.case().when('score', '<', 0).then(1).else(0).end()).as('down'),
      fn.avg('score').as('mean'),
    ])
    .where('given_at', '>=', from)
    .where('given_at', '<', to)
    .groupBy('answering_model')
    .orderBy(sql`count(*)`, 'desc')
    .execute();
  // PostgreSQL gives sums of whole numbers as strings.
  return rows.map((row) => ({
    model: row.answering_model,
    count: Number(row.count),
    upCount: Number(row.up),
    downCount: Number(row.down),
    meanScore: Number(row.mean),
  }));
}

async function readSpending(
  { db }: Pick<Store, 'db'>,
  { from, to }: Range,
  waiting: readonly LedgerRow[],
): Promise<readonly PurposeSpending[]> {
  const stored = await db
    .selectFrom('ledger')
    .select(['request_id', 'purpose', 'status', 'is_cost_known', 'cost_micros'])
    .where('purpose', 'is not', null)
    .where('started_at', '>=', from)
    .where('started_at', '<', to)
    .execute();
  const ids = new Set(stored.map(({ request_id: id }) => id));
  const rows = stored.map((row) => ({
    purpose: row.purpose ?? '',
    status: row.status,
    costMicros: row.is_cost_known === 1 ? row.cost_micros : null,
  }));
  for (const { requestId, startedAt, purpose, status, costMicros } of waiting) {
    const isAsked = purpose !== undefined && startedAt >= from && startedAt < to && !ids.has(requestId);
    if (isAsked) rows.push({ purpose, status, costMicros });
  }
  return [...Map.groupBy(rows, ({ purpose }) => purpose)].map(([purpose, group]) => ({
    purpose,
    requestCount: group.length,
    failedCount: group.filter(({ status }) => status >= 400).length,
    costMicros: group.reduce((sum, { costMicros }) => sum + (costMicros ?? 0), 0),
    unknownCount: group.filter(({ costMicros }) => costMicros === null).length,
  }));
}

async function readWatches(judged: ReturnType<typeof createJudgedStore>): Promise<readonly TierWatch[]> {
  let watches: TierWatches = new Map();
  let last: Parameters<typeof judged.read>[0] = null;
  for (;;) {
    const rows = await judged.read(last, rowsPerRead);
    for (const row of rows) watches = takeOn(watches, row, () => null);
    const end = rows.at(-1);
    if (end === undefined || rows.length < rowsPerRead) return reportOf(watches);
    last = { judgedAt: end.judgedAt, requestId: end.requestId };
  }
}
