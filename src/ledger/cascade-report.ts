import type { Store } from '../store/store.ts';
import type { LedgerRow } from './row.ts';

/** What cascades spent on near models before answers began; all of it measured. */
export interface CascadeReport {
  /** Requests whose near model was judged. */
  readonly judgedCount: number;
  /** Of those, the ones that another model answered. */
  readonly escalatedCount: number;
  /** Near tokens that were written and never shown. */
  readonly unshownTokenCount: number;
  /** By how much the answers came later, in milliseconds, all together: of those that were escalated, and of the others. */
  readonly escalatedMs: number;
  readonly shownMs: number;
}

/**
 * @param waiting rows that may not be in the store yet, as the journal has them; those that are there count once
 * @returns null where no cascade judged anything
 */
export async function readCascades(
  { db }: Pick<Store, 'db'>,
  { from, to }: { readonly from: number; readonly to: number },
  waiting: readonly LedgerRow[],
): Promise<CascadeReport | null> {
  const waitingHere = waiting.filter(
    ({ startedAt, cascade, purpose }) =>
      cascade !== undefined && purpose === undefined && startedAt >= from && startedAt < to,
  );
  const inRange = db
    .selectFrom('ledger')
    .where('started_at', '>=', from)
    .where('started_at', '<', to)
    .where('purpose', 'is', null)
    .where('cascade_escalated', 'is not', null);
  const groups = await inRange
    .groupBy('cascade_escalated')
    .select(({ fn }) => [
      'cascade_escalated',
      fn.countAll<number | string>().as('count'),
      fn.sum<number | string>('cascade_tokens').as('tokens'),
      fn.sum<number | string>('cascade_ms').as('ms'),
    ])
    .execute();
  const ids = new Set(
    waitingHere.length === 0
      ? []
      : (
          await inRange
            .where(
              'request_id',
              'in',
              waitingHere.slice(0, 500).map(({ requestId }) => requestId),
            )
            .select('request_id')
            .execute()
        ).map(({ request_id: id }) => id),
  );
  const of = (escalated: boolean): { count: number; tokens: number; ms: number } => {
    const stored = groups.find((group) => (group.cascade_escalated === 1) === escalated);
    const more = waitingHere.flatMap(({ requestId, cascade }) =>
      cascade?.isEscalated === escalated && !ids.has(requestId) ? [cascade] : [],
    );
    return {
      count: Number(stored?.count ?? 0) + more.length,
      tokens: more.reduce((total, { tokenCount }) => total + tokenCount, Number(stored?.tokens ?? 0)),
      ms: more.reduce((total, { ms }) => total + ms, Number(stored?.ms ?? 0)),
    };
  };
  const [escalated, shown] = [of(true), of(false)];
  if (escalated.count + shown.count === 0) return null;
  return {
    judgedCount: escalated.count + shown.count,
    escalatedCount: escalated.count,
    unshownTokenCount: escalated.tokens,
    escalatedMs: escalated.ms,
    shownMs: shown.ms,
  };
}
