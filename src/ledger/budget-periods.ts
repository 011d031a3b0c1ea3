import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { StoreSchema } from '../store/schema.ts';
import type { Periods, PeriodsAt } from './periods.ts';
import type { LedgerRow } from './row.ts';

/** The sums of days and months beside the ledger: they change in the transaction that inserts the rows. */

export type BudgetUnit = 'day' | 'month';

export type Database = Kysely<StoreSchema>;

/** Whether budgets have to hear of a row's end: it cost something, or something was set aside for it. */
export function concernsBudgets(row: LedgerRow): boolean {
  return row.keyName !== null && (row.chargedMicros !== undefined || (row.costMicros ?? 0) > 0);
}

/** Before rows are inserted: a period that begins with them is summed up without them. */
export async function openPeriods(
  trx: Database,
  rows: readonly LedgerRow[],
  periodsAt: PeriodsAt,
): Promise<void> {
  const seen = new Set<string>();
  for (const unit of ['day', 'month'] as const) {
    for (const { keyName, startedAt } of sortedByKey(rows)) {
      if (keyName === null) continue;
      const periods = periodsAt(startedAt);
      const name = `${unit} ${bounds(periods, unit)[0]} ${keyName}`;
      if (!seen.has(name)) await ensurePeriod(trx, keyName, unit, periods);
      seen.add(name);
    }
  }
}

/** For rows that were inserted in this transaction: what they cost is spent, and what was set aside for them is not any more. */
export async function settleRows(
  trx: Database,
  rows: readonly LedgerRow[],
  periodsAt: PeriodsAt,
): Promise<void> {
  const spent = rows.flatMap((row): readonly PeriodChange[] => {
    if (row.keyName === null) return [];
    const { dayStartsAt, monthStartsAt } = periodsAt(row.startedAt);
    const change = { keyName: row.keyName, spent: row.chargedMicros ?? row.costMicros ?? 0, reserved: 0 };
    return [
      { ...change, unit: 'day', startsAt: dayStartsAt },
      { ...change, unit: 'month', startsAt: monthStartsAt },
    ];
  });
  const reservedIds = rows.filter((row) => row.chargedMicros !== undefined).map((row) => row.requestId);
  await releaseAll(trx, reservedIds, spent);
}

/** Removes reservations and changes the periods: by what they held, and by `changes`. */
export async function releaseAll(
  trx: Database,
  requestIds: readonly string[],
  changes: readonly PeriodChange[] = [],
): Promise<void> {
  const released =
    requestIds.length === 0
      ? []
      : await trx.deleteFrom('reservation').where('request_id', 'in', requestIds).returningAll().execute();
  const freed = released.flatMap((row): readonly PeriodChange[] => {
    const change = { keyName: row.key_name, spent: 0, reserved: -row.amount_micros };
    return [
      { ...change, unit: 'day', startsAt: row.day_starts_at },
      { ...change, unit: 'month', startsAt: row.month_starts_at },
    ];
  });
  for (const { keyName, unit, startsAt, spent, reserved } of summedUp([...changes, ...freed])) {
    if (spent === 0 && reserved === 0) continue;
    await trx
      .updateTable('budget_period')
      .set(({ eb }) => ({
        spent_micros: eb('spent_micros', '+', spent),
        reserved_micros: eb('reserved_micros', '+', reserved),
      }))
      .where('key_name', '=', keyName)
      .where('unit', '=', unit)
      .where('starts_at', '=', startsAt)
      .execute();
  }
}

/** One change a period, days first, by start and key: in the same order everywhere, so that nobody waits in a circle. */
function summedUp(changes: readonly PeriodChange[]): readonly PeriodChange[] {
  const byPeriod = new Map<string, PeriodChange>();
  for (const change of changes) {
    const name = `${change.unit} ${change.startsAt} ${change.keyName}`;
    const sum = byPeriod.get(name);
    byPeriod.set(name, {
      ...change,
      spent: change.spent + (sum?.spent ?? 0),
      reserved: change.reserved + (sum?.reserved ?? 0),
    });
  }
  return [...byPeriod].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, change]) => change);
}

interface PeriodChange {
  readonly keyName: string;
  readonly unit: BudgetUnit;
  readonly startsAt: number;
  readonly spent: number;
  readonly reserved: number;
}

/**
 * Makes the row of a period, from the ledger. Whoever inserts rows that concern it has made it before, in the same
 * transaction, so that none of them is missed here or counted twice.
 */
export async function ensurePeriod(
  trx: Database,
  keyName: string,
  unit: BudgetUnit,
  periods: Periods,
): Promise<void> {
  const [startsAt, endsAt] = bounds(periods, unit);
  if ((await periodRow(trx, keyName, unit, startsAt)) !== undefined) return;
  await sql`insert into budget_period (key_name, unit, starts_at, spent_micros, reserved_micros)
    select cast(${keyName} as text), cast(${unit} as text), cast(${startsAt} as bigint), ${spentSum}, 0
    from ledger where key_name = ${keyName} and started_at >= ${startsAt} and started_at < ${endsAt}
    on conflict (key_name, unit, starts_at) do nothing`.execute(trx);
}

const spentSum = sql<number>`cast(coalesce(sum(coalesce(charged_micros, cost_micros)), 0) as bigint)`;

/** The sum of a key's rows. */
export async function spentByRows(
  db: Database,
  keyName: string,
  unit: BudgetUnit,
  periods: Periods,
): Promise<number> {
  const [startsAt, endsAt] = bounds(periods, unit);
  const { spent } = await db
    .selectFrom('ledger')
    .select(spentSum.as('spent'))
    .where('key_name', '=', keyName)
    .where('started_at', '>=', startsAt)
    .where('started_at', '<', endsAt)
    .executeTakeFirstOrThrow();
  return spent;
}

export function periodRow(db: Database, keyName: string, unit: BudgetUnit, startsAt: number) {
  return db
    .selectFrom('budget_period')
    .selectAll()
    .where('key_name', '=', keyName)
    .where('unit', '=', unit)
    .where('starts_at', '=', startsAt)
    .executeTakeFirst();
}

/** Start and end, milliseconds since the epoch. */
export function bounds(periods: Periods, unit: BudgetUnit): readonly [number, number] {
  return unit === 'day'
    ? [periods.dayStartsAt, periods.dayEndsAt]
    : [periods.monthStartsAt, periods.monthEndsAt];
}

function sortedByKey(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  return [...rows].sort((one, other) => ((one.keyName ?? '') < (other.keyName ?? '') ? -1 : 1));
}
