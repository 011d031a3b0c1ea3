import { NearfarError } from '../chat/error.ts';
import type { Store } from '../store/store.ts';
import type { LedgerRow } from './row.ts';
import { fromTable, toTable } from './table.ts';
import type { Spill } from './spill.ts';

export interface LedgerDependencies {
  readonly store: Pick<Store, 'db'>;
  /** Where rows go that the store will not take; null = they are lost, loudly, when the process ends. */
  readonly spill: Spill | null;
  readonly warn: (message: string, cause?: unknown) => void;
}

export interface Ledger {
  /**
   * Takes a row at the end of a request and never throws. With nothing else being written the row is in the store
   * before this turn of the event loop ends; rows that come meanwhile go together in the next transaction. A
   * `kill -9` loses the rows of requests that ended in that same turn, and no others.
   */
  record(row: LedgerRow): void;
  /** Resolves when every row recorded so far is in the store, or has been tried and spilled. */
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
  readonly costMicros: number;
}

const rowsPerWrite = 200;
/** Beyond this many waiting rows memory matters more than order: the oldest are spilled. */
const pendingLimit = 20_000;
const retryDelaysMs = [10, 50, 250, 1000, 5000];
/** At the end nobody waits for long: after these tries the rows are spilled. */
const closingAttempts = 4;

/**
 * Opens the ledger over a store and takes in what an earlier run had to spill.
 */
export async function createLedger(dependencies: LedgerDependencies): Promise<Ledger> {
  const ledger = new StoreLedger(dependencies);
  const drained = await dependencies.spill?.drain(async (rows) => {
    for (const row of rows) ledger.record(row);
    await ledger.flush();
  });
  const tornLineCount = drained?.tornLineCount ?? 0;
  if (tornLineCount > 0)
    dependencies.warn(`${tornLineCount} torn lines of the ledger's spill file were left out.`);
  return ledger;
}

class StoreLedger implements Ledger {
  readonly #store: Pick<Store, 'db'>;
  readonly #spill: Spill | null;
  readonly #warn: LedgerDependencies['warn'];
  #pending: LedgerRow[] = [];
  #writing: Promise<void> | null = null;
  #isClosing = false;

  constructor({ store, spill, warn }: LedgerDependencies) {
    this.#store = store;
    this.#spill = spill;
    this.#warn = warn;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  record(row: LedgerRow): void {
    this.#pending.push(row);
    if (this.#pending.length > pendingLimit) this.#spillRows(this.#pending.splice(0, rowsPerWrite));
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.flush();
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
      ])
      .where('started_at', '>=', range.from)
      .where('started_at', '<', range.to)
      .groupBy(['answering_model', 'currency'])
      .orderBy('answering_model')
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
    }));
  }

  async #writeAll(): Promise<void> {
    for (let failures = 0; this.#pending.length > 0;) {
      const batch = this.#pending.slice(0, rowsPerWrite);
      try {
        await this.#write(batch);
        this.#pending.splice(0, batch.length);
        failures = 0;
      } catch (thrown) {
        failures += 1;
        if (failures === 1) this.#warn('The ledger cannot be written; its rows wait.', thrown);
        if (this.#isClosing && failures >= closingAttempts) {
          this.#spillRows(this.#pending.splice(0));
          break;
        }
        await this.#pause(retryDelaysMs[Math.min(failures, retryDelaysMs.length) - 1] ?? 0);
      }
    }
    this.#writing = null;
  }

  async #write(batch: readonly LedgerRow[]): Promise<void> {
    const result = await this.#store.db
      .insertInto('ledger')
      .values(batch.map(toTable))
      // A row that is there already was written by a try whose answer was lost, or spilled and taken in twice.
      .onConflict((conflict) => conflict.column('request_id').doNothing())
      .executeTakeFirst();
    const missing = batch.length - Number(result.numInsertedOrUpdatedRows ?? 0n);
    if (missing > 0) this.#warn(`The ledger held ${missing} of ${batch.length} rows already, by request id.`);
  }

  #spillRows(rows: readonly LedgerRow[]): void {
    try {
      if (this.#spill === null) throw new NearfarError('internal', 'There is no spill file.');
      this.#spill.append(rows);
      this.#warn(
        `${rows.length} ledger rows were spilled to ${this.#spill.path}; the next start takes them in.`,
      );
    } catch (thrown) {
      this.#warn(`${rows.length} ledger rows are lost.`, thrown);
    }
  }

  /** Cut short by closing, which looks at the flag once a second at most. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, this.#isClosing ? Math.min(milliseconds, 250) : milliseconds);
    });
  }
}
