import type { Store } from '../store/store.ts';
import { insertAudits } from './audit-rows.ts';
import type { Journal } from './journal.ts';
import { concernsBudgets, openPeriods, settleRows } from './budget-periods.ts';
import { createRowInsert } from './insert-rows.ts';
import type { PeriodsAt } from './periods.ts';
import { createPeriods } from './periods.ts';
import type { LedgerRow } from './row.ts';
import { fromTable } from './table.ts';

export interface LedgerDependencies {
  readonly store: Pick<Store, 'db'>;
  /** Where rows are until the store has them; null = a crash loses those. */
  readonly journal: Journal | null;
  /**
   * The days and months of budgets.
   * @default those of UTC
   */
  readonly periodsAt?: PeriodsAt;
  readonly warn: (message: string, cause?: unknown) => void;
}

export interface Ledger {
  /**
   * Takes a row at the end of a request and never throws. It is in the journal when this returns, and a moment later,
   * with those that came meanwhile, in the store.
   */
  record(row: LedgerRow): void;
  /**
   * The same for whoever can wait: rows that come one upon the other go to the journal in one write. Resolves when the row
   * is there, or could not be written. Never rejects.
   */
  recordTogether(row: LedgerRow): Promise<void>;
  /** Resolves when every row recorded so far is in the store, or the store was tried in vain at the end. */
  flush(): Promise<void>;
  /** Newest first. */
  recent(limit: number): Promise<readonly LedgerRow[]>;
  summarise(range: { readonly from: number; readonly to: number }): Promise<readonly LedgerSummary[]>;
  /** Flushes; the store itself stays open. */
  close(): Promise<void>;
  readonly pendingCount: number;
}

/** Totals of one model over one range of time. */
export interface LedgerSummary {
  /** Null: requests that reached no model. */
  readonly model: string | null;
  readonly currency: string;
  readonly requestCount: number;
  readonly failedCount: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly completionTokenCount: number;
  /** Of the requests whose cost is known. */
  readonly costMicros: number;
  /** Requests whose cost is not known. */
  readonly unknownCostCount: number;
}

const rowsPerWrite = 200;
/** How long rows are collected before they go to the store together. */
const collectMs = 50;
/** Beyond this many waiting rows memory matters more: the oldest are in the journal alone, for the next start. */
const pendingLimit = 20_000;
const retryDelaysMs = [10, 50, 250, 1000, 5000];
/** At the end nobody waits for long: after these tries the rows are left in the journal. */
const closingAttempts = 4;

/** Opens the ledger over a store and takes in what earlier runs could not bring there. */
export async function createLedger(dependencies: LedgerDependencies): Promise<Ledger> {
  const ledger = new StoreLedger(dependencies);
  await ledger.recover();
  return ledger;
}

class StoreLedger implements Ledger {
  readonly #store: Pick<Store, 'db'>;
  readonly #journal: Journal | null;
  readonly #warn: LedgerDependencies['warn'];
  readonly #periodsAt: PeriodsAt;
  readonly #insert = createRowInsert();
  /** On their way to the store, */
  #round: readonly LedgerRow[] = [];
  /** and those that came since. */
  #pending: LedgerRow[] = [];
  #writing: Promise<void> | null = null;
  /** Of those that came since, the ones that are not in the journal yet. */
  #unjournaled: LedgerRow[] = [];
  #journaling: Promise<void> | null = null;
  #isClosing = false;
  #isJournalBroken = false;
  /** Ends the pause under way. */
  #hurry: () => void = () => undefined;

  constructor({ store, journal, warn, periodsAt = createPeriods('UTC') }: LedgerDependencies) {
    this.#periodsAt = periodsAt;
    this.#store = store;
    this.#journal = journal;
    this.#warn = warn;
  }

  get pendingCount(): number {
    return this.#round.length + this.#pending.length;
  }

  async recover(): Promise<void> {
    if (this.#journal === null) return;
    try {
      const { tornLineCount } = await this.#journal.recover(async (rows) => {
        for (let at = 0; at < rows.length; at += rowsPerWrite)
          await this.#write(rows.slice(at, at + rowsPerWrite));
      });
      if (tornLineCount > 0) this.#warn(`${tornLineCount} torn lines of the ledger's journal were left out.`);
    } catch (thrown) {
      this.#warn(
        'Rows of an earlier run wait in the journal of the ledger; the next start tries again.',
        thrown,
      );
    }
  }

  record(row: LedgerRow): void {
    this.#toJournal([row]);
    this.#await(row);
  }

  recordTogether(row: LedgerRow): Promise<void> {
    this.#unjournaled.push(row);
    this.#await(row);
    return (this.#journaling ??= new Promise((resolve) => {
      // Behind all promises that go on now.
      process.nextTick(() => {
        this.#journaling = null;
        this.#journalRest();
        resolve();
      });
    }));
  }

  #journalRest(): void {
    if (this.#unjournaled.length === 0) return;
    const rows = this.#unjournaled;
    this.#unjournaled = [];
    this.#toJournal(rows);
  }

  #toJournal(rows: readonly LedgerRow[]): void {
    try {
      this.#journal?.append(rows);
      this.#isJournalBroken = false;
    } catch (thrown) {
      if (!this.#isJournalBroken) this.#warn('The journal of the ledger cannot be written.', thrown);
      this.#isJournalBroken = true;
    }
  }

  #await(row: LedgerRow): void {
    this.#pending.push(row);
    if (this.pendingCount > pendingLimit) this.#leave(this.#pending.splice(0, rowsPerWrite).length);
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    while (this.#writing !== null) {
      this.#hurry();
      await this.#writing;
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.flush();
    await this.#journal?.close();
  }

  async recent(limit: number): Promise<readonly LedgerRow[]> {
    await this.flush();
    const rows = await this.#store.db
      .selectFrom('ledger')
      .selectAll()
      .orderBy('started_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(fromTable);
  }

  async summarise(range: { readonly from: number; readonly to: number }): Promise<readonly LedgerSummary[]> {
    await this.flush();
    const rows = await this.#store.db
      .selectFrom('ledger')
      .select(({ fn, eb }) => [
        'answering_model',
        'currency',
        fn.countAll<number | string>().as('requests'),
        fn.sum<number | string>(eb.case().when('status', '<', 400).then(0).else(1).end()).as('failed'),
        fn.sum<number | string>('prompt_tokens').as('prompt'),
        fn.sum<number | string>('cached_tokens').as('cached'),
        fn.sum<number | string>('completion_tokens').as('completion'),
        fn.sum<number | string>('cost_micros').as('cost'),
        fn.sum<number | string>(eb.case().when('is_cost_known', '=', 0).then(1).else(0).end()).as('unknown'),
      ])
      .where('started_at', '>=', range.from)
      .where('started_at', '<', range.to)
      .groupBy(['answering_model', 'currency'])
      .orderBy('answering_model', (order) => order.asc().nullsFirst())
      .execute();
    // PostgreSQL gives sums of whole numbers as strings.
    return rows.map((row) => ({
      model: row.answering_model,
      currency: row.currency,
      requestCount: Number(row.requests),
      failedCount: Number(row.failed),
      promptTokenCount: Number(row.prompt),
      cachedTokenCount: Number(row.cached),
      completionTokenCount: Number(row.completion),
      costMicros: Number(row.cost),
      unknownCostCount: Number(row.unknown),
    }));
  }

  /** In rounds: what was collected goes to the store while new rows go to the journal's other file. */
  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      await this.#pause(collectMs);
      // What is on its way to the store is in the file that is forgotten behind it.
      this.#journalRest();
      this.#journal?.turn();
      this.#round = this.#pending;
      this.#pending = [];
      await this.#writeRound();
      this.#journal?.forget();
    }
    this.#writing = null;
  }

  async #writeRound(): Promise<void> {
    for (let failures = 0; this.#round.length > 0;) {
      const batch = this.#round.slice(0, rowsPerWrite);
      try {
        const heldCount = batch.length - (await this.#write(batch));
        if (heldCount > 0)
          this.#warn(`The ledger held ${heldCount} of ${batch.length} rows already, by request id.`);
        this.#round = this.#round.slice(batch.length);
        failures = 0;
      } catch (thrown) {
        failures += 1;
        if (failures === 1) this.#warn('The ledger cannot be written; its rows wait.', thrown);
        if (this.#isClosing && failures >= closingAttempts) {
          this.#leave([...this.#round, ...this.#pending].length);
          this.#round = [];
          this.#pending = [];
          return;
        }
        await this.#pause(retryDelaysMs[Math.min(failures, retryDelaysMs.length) - 1] ?? 0);
      }
    }
  }

  /** Returns how many of them were new to the store. Budgets learn of exactly those, together with the rows or not at all. */
  async #write(batch: readonly LedgerRow[]): Promise<number> {
    const spending = batch.filter(concernsBudgets);
    const audited = batch.filter(({ audit }) => audit !== undefined);
    if (spending.length === 0 && audited.length === 0) return await this.#insert.count(this.#store.db, batch);
    return this.#store.db.transaction().execute(async (trx) => {
      await insertAudits(trx, audited);
      if (spending.length === 0) return await this.#insert.count(trx, batch);
      await openPeriods(trx, spending, this.#periodsAt);
      const inserted = await this.#insert.ids(trx, batch);
      await settleRows(
        trx,
        spending.filter((row) => inserted.has(row.requestId)),
        this.#periodsAt,
      );
      return inserted.size;
    });
  }

  /** Rows that this run will not bring to the store. */
  #leave(rowCount: number): void {
    this.#journalRest();
    if (this.#journal === null || this.#isJournalBroken) {
      this.#warn(`${rowCount} ledger rows are lost.`);
      return;
    }
    this.#journal.keep();
    this.#warn(`${rowCount} ledger rows wait in ${this.#journal.path}.*; the next start takes them in.`);
  }

  /** Cut short by whoever waits for the rows; closing looks at its flag four times a second. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#isClosing ? Math.min(milliseconds, 250) : milliseconds);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
