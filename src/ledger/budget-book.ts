import { sql } from 'kysely';
import type { ReservationTable } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import {
  bounds,
  ensurePeriod,
  periodRow,
  releaseAll,
  spentByRows,
  type BudgetUnit,
  type Database,
} from './budget-periods.ts';
import type { Periods, PeriodsAt } from './periods.ts';

/** Money of keys, in millionths of a US dollar: set aside before a call, and what it cost in its place afterwards. */
export interface BudgetBook {
  /**
   * Sets aside what a request may cost, in the day and month in which it began, or says why not. One statement a period
   * checks and takes, so that requests at the same time, of this process or others, never take more than there is.
   */
  reserve(wanted: WantedReservation): Promise<ReserveResult>;
  /** Gives back what was set aside for a request that no row will name. */
  release(requestId: string): Promise<void>;
  /** What a key has spent by its rows in the ledger, and what is set aside now. */
  usage(keyName: string, moment: number): Promise<BudgetUsage>;
  /** All that is set aside, oldest first. */
  open(): Promise<readonly ReservationTable[]>;
}

export interface WantedReservation {
  readonly requestId: string;
  readonly keyName: string;
  readonly startedAt: number;
  readonly amountMicros: number;
  readonly dayMicros: number | null;
  readonly monthMicros: number | null;
}

export type ReserveResult =
  | { readonly type: 'reserved' }
  | {
      readonly type: 'refused';
      readonly unit: BudgetUnit;
      readonly limitMicros: number;
      readonly spentMicros: number;
      readonly reservedMicros: number;
      /** When the next day or month begins. */
      readonly renewsAt: number;
    };

export interface BudgetUsage {
  readonly dayMicros: number;
  readonly monthMicros: number;
  readonly reservedDayMicros: number;
  readonly reservedMonthMicros: number;
  readonly periods: Periods;
}

export interface BudgetBookDependencies {
  readonly store: Pick<Store, 'db'>;
  readonly periodsAt: PeriodsAt;
  /** HOST.PID of this process. */
  readonly process: string;
  readonly now?: () => number;
}

/** Ends a transaction without its changes. */
class Refusal extends Error {
  readonly result: Extract<ReserveResult, { type: 'refused' }>;
  constructor(result: Extract<ReserveResult, { type: 'refused' }>) {
    super('refused');
    this.result = result;
  }
}

export function createBudgetBook(dependencies: BudgetBookDependencies): BudgetBook {
  const { store, periodsAt, process, now = Date.now } = dependencies;

  async function take(trx: Database, unit: BudgetUnit, wanted: WantedReservation): Promise<void> {
    const { keyName, amountMicros } = wanted;
    const periods = periodsAt(wanted.startedAt);
    const [startsAt, endsAt] = bounds(periods, unit);
    const limit = unit === 'day' ? wanted.dayMicros : wanted.monthMicros;
    const attempt = () =>
      trx
        .updateTable('budget_period')
        .set(({ eb }) => ({ reserved_micros: eb('reserved_micros', '+', amountMicros) }))
        .where('key_name', '=', keyName)
        .where('unit', '=', unit)
        .where('starts_at', '=', startsAt)
        .$if(limit !== null, (query) =>
          query.where(sql<boolean>`spent_micros + reserved_micros + ${amountMicros} <= ${limit}`),
        )
        .executeTakeFirst();
    if (Number((await attempt()).numUpdatedRows) > 0) return;
    // The first of its period, or refused.
    await ensurePeriod(trx, keyName, unit, periods);
    let row: Awaited<ReturnType<typeof periodRow>>;
    do {
      if (Number((await attempt()).numUpdatedRows) > 0) return;
      row = await periodRow(trx, keyName, unit, startsAt);
      // In PostgreSQL others may have given back what was missing between the two statements.
    } while (
      row === undefined ||
      row.spent_micros + row.reserved_micros + amountMicros <= (limit ?? Infinity)
    );
    throw new Refusal({
      type: 'refused',
      unit,
      limitMicros: limit ?? 0,
      spentMicros: row.spent_micros,
      reservedMicros: row.reserved_micros,
      renewsAt: endsAt,
    });
  }

  return {
    async reserve(wanted) {
      const { dayStartsAt, monthStartsAt } = periodsAt(wanted.startedAt);
      try {
        await store.db.transaction().execute(async (trx) => {
          // In this order everywhere: two transactions never wait for each other.
          await take(trx, 'day', wanted);
          await take(trx, 'month', wanted);
          await trx
            .insertInto('reservation')
            .values({
              request_id: wanted.requestId,
              key_name: wanted.keyName,
              day_starts_at: dayStartsAt,
              month_starts_at: monthStartsAt,
              amount_micros: wanted.amountMicros,
              made_at: now(),
              process,
            })
            .execute();
        });
        return { type: 'reserved' };
      } catch (thrown) {
        if (thrown instanceof Refusal) return thrown.result;
        throw thrown;
      }
    },

    async release(requestId) {
      await store.db.transaction().execute((trx) => releaseAll(trx, [requestId]));
    },

    async usage(keyName, moment) {
      const periods = periodsAt(moment);
      const day = await periodRow(store.db, keyName, 'day', periods.dayStartsAt);
      const month = await periodRow(store.db, keyName, 'month', periods.monthStartsAt);
      return {
        dayMicros: await spentByRows(store.db, keyName, 'day', periods),
        monthMicros: await spentByRows(store.db, keyName, 'month', periods),
        reservedDayMicros: day?.reserved_micros ?? 0,
        reservedMonthMicros: month?.reserved_micros ?? 0,
        periods,
      };
    },

    async open() {
      return store.db.selectFrom('reservation').selectAll().orderBy('made_at').execute();
    },
  };
}
