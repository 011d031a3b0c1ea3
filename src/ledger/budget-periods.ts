import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { StoreSchema } from '../store/schema.ts';
import type { Periods, PeriodsAt } from './periods.ts';
import type { LedgerRow } from './row.ts';

/** The sums of days and months beside the ledger: they change in the transaction that inserts the rows. */

export type BudgetUnit = 'day' | 'month';

export type Database = Kysely<StoreSchema>;

/** Under this name the checks of the semantic cache have a budget. No key can have it: keys begin with a letter or digit. */
export const checksKeyName = '(semantic checks)';

/** The request itself may hold money of its key. */
export function reservationOfCheck(requestId: string): string {
  return `${requestId}:check`;
}

/** Whether budgets have to hear of a row's end: it cost something, or something was set aside for it. */
export function concernsBudgets(row: LedgerRow): boolean {
  if (row.checkMicros !== undefined) return true;
  return row.keyName !== null && (row.chargedMicros !== undefined || (row.costMicros ?? 0) > 0);
}

/** Who pays for a row, and how much: the key, and the budget of checks where it was one. */
function payersOf(row: LedgerRow): readonly { readonly keyName: string; readonly micros: number }[] {
  const { keyName, checkMicros } = row;
  return [
    ...(keyName === null ? [] : [{ keyName, micros: row.chargedMicros ?? row.costMicros ?? 0 }]),
    ...(checkMicros === undefined ? [] : [{ keyName: checksKeyName, micros: checkMicros }]),
  ];
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
    const { dayStartsAt, monthStartsAt } = periodsAt(row.startedAt);
    return payersOf(row).flatMap(({ keyName, micros }) => {
      const change = { keyName, spent: micros, reserved: 0 };
      return [
        { ...change, unit: 'day' as const, startsAt: dayStartsAt },
        { ...change, unit: 'month' as const, startsAt: monthStartsAt },
      ];
    });
  });
  const reservedIds = rows.flatMap(({ requestId, chargedMicros, checkMicros }) => [
    ...(chargedMicros === undefined ? [] : [requestId]),
    ...(checkMicros === undefined ? [] : [reservationOfCheck(requestId)]),
  ]);
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
    select cast(${keyName} as text), cast(${unit} as text), cast(${startsAt} as bigint), ${spentSum(keyName)}, 0
    from ledger where ${paidBy(keyName)} and started_at >= ${startsAt} and started_at < ${endsAt}
    on conflict (key_name, unit, starts_at) do nothing`.execute(trx);
}

function spentSum(keyName: string) {
  const isChecks = keyName === checksKeyName;
  const micros = isChecks
    ? sql`coalesce(check_micros, charged_micros, cost_micros)`
    : sql`coalesce(charged_micros, cost_micros)`;
  return sql<number>`cast(coalesce(sum(${micros}), 0) as bigint)`;
}

/** Its rows. Checks are rows of others' keys; under the name itself are those of requests whose gateway was gone. */
function paidBy(keyName: string) {
  const own = sql<boolean>`key_name = ${keyName}`;
  return keyName === checksKeyName ? sql<boolean>`(check_micros is not null or ${own})` : own;
}

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
    .select(spentSum(keyName).as('spent'))
    .where(paidBy(keyName))
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

function sortedByKey(
  rows: readonly LedgerRow[],
): readonly { readonly keyName: string; readonly startedAt: number }[] {
  return rows
    .flatMap((row) => payersOf(row).map(({ keyName }) => ({ keyName, startedAt: row.startedAt })))
    .sort((one, other) => (one.keyName < other.keyName ? -1 : 1));
}
