import type { Store } from '../store/store.ts';
import type { LedgerRow } from './row.ts';
import { fromTable } from './table.ts';

export interface ModelRowRange {
  /** Milliseconds since the epoch; `to` is beyond it. */
  readonly from: number;
  readonly to: number;
  /**
   * `answered`: by a model, here or elsewhere, without an error. `elsewhere`: sent to an upstream, however it ended: what it read
   * and wrote was billed.
   */
  readonly which: 'answered' | 'elsewhere';
}

/**
 * Rows of clients' requests that a model read, the newest so many. What was given again is none of them: it cost nothing,
 * and that is no merit of a provider's cache.
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 */
export async function readModelRows(
  { db }: Pick<Store, 'db'>,
  { from, to, which }: ModelRowRange,
  limit: number,
  waiting: readonly LedgerRow[],
): Promise<{ readonly rows: readonly LedgerRow[]; readonly leftOutCount: number }> {
  const read = db
    .selectFrom('ledger')
    .where('started_at', '>=', from)
    .where('started_at', '<', to)
    .where('answer_source', '=', 'model')
    .where('purpose', 'is', null)
    .where('prompt_tokens', '>', 0);
  const wanted =
    which === 'elsewhere'
      ? read.where('upstream', 'is not', null)
      : read.where('answering_model', 'is not', null).where('status', '<', 400);
  const { count } = await wanted
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  const stored = await wanted.selectAll().orderBy('started_at', 'desc').limit(limit).execute();
  const ids = new Set(stored.map(({ request_id: id }) => id));
  const late = waiting.filter(
    (row) =>
      row.startedAt >= from &&
      row.startedAt < to &&
      row.answerSource === 'model' &&
      row.purpose === undefined &&
      row.promptTokenCount > 0 &&
      (which === 'elsewhere'
        ? row.upstream !== undefined
        : row.answeringModel !== null && row.status < 400) &&
      !ids.has(row.requestId),
  );
  return {
    rows: [...stored.map(fromTable), ...late],
    leftOutCount: Math.max(0, Number(count) - stored.length),
  };
}
