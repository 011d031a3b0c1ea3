import { Kysely, SqliteDialect } from 'kysely';
import { NearfarError } from '../chat/error.ts';
import { NodeSqliteDatabase } from '../store/sqlite-database.ts';
import { prepareFile } from '../store/store.ts';
import {
  headOf,
  makeTable,
  summaryColumns,
  toTable,
  type CapturedSchema,
  type CapturedTable,
} from './captured-table.ts';
import type { CapturedExchange } from './exchange.ts';

/** Prompts and answers on disk, in a file of their own that only the owner can read. */
export interface CapturedStore {
  /** One that is there already stays as it is. */
  add(exchanges: readonly CapturedExchange[]): Promise<void>;
  /** Puts a caller's words beside the answer that they are about; false: it is not here. */
  comment(requestId: string, comment: string): Promise<boolean>;
  /** Newest first. */
  list(filter: CapturedFilter, limit: number): Promise<readonly CapturedSummary[]>;
  /** Oldest first, a few at a time. */
  read(filter: CapturedFilter): AsyncIterable<CapturedExchange>;
  totals(): Promise<{ readonly exchangeCount: number; readonly byteCount: number }>;
  /** Takes them out of the file, their bytes too. Returns how many there were. */
  remove(filter: CapturedFilter): Promise<number>;
  /** What is too old, then the oldest of what is too much. Returns how many went. */
  trim(retention: Retention): Promise<number>;
  close(): Promise<void>;
}

/** What fits all that is said; nothing said: everything. */
export interface CapturedFilter {
  readonly requestIds?: readonly string[];
  readonly keyName?: string;
  readonly tenant?: string;
  readonly model?: string;
  /** Milliseconds since the epoch: at or after, and before. */
  readonly from?: number;
  readonly before?: number;
}

export interface Retention {
  /** Milliseconds since the epoch; what is older goes. */
  readonly oldestAt: number;
  readonly byteLimit: number;
}

export interface CapturedSummary extends Omit<CapturedExchange, 'prompt' | 'answer' | 'comment'> {
  /** Of prompt and answer as JSON in UTF-8. */
  readonly byteCount: number;
}

const openBusyMs = 5000;
/** Later a lock of another process holds up this thread no longer than this; who writes tries again. */
const runningBusyMs = 50;
const rowsPerRead = 50;
/**
 * Removed rows are overwritten (`secure_delete`) and the log is emptied after a removal, so that the text is gone from the
 * file, as far as the disk keeps no copies of its own.
 * @throws NearfarError `internal` naming the file where it cannot be opened
 */
export async function openCapturedStore(path: string): Promise<CapturedStore> {
  let database: NodeSqliteDatabase | null = null;
  try {
    await prepareFile(path);
    database = new NodeSqliteDatabase(path, openBusyMs);
    database.run(
      'pragma secure_delete = on; pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = normal;',
    );
    const db = new Kysely<CapturedSchema>({ dialect: new SqliteDialect({ database }) });
    await makeTable(db);
    database.run(`pragma busy_timeout = ${runningBusyMs}`);
    return new SqliteCapturedStore(db, database);
  } catch (thrown) {
    database?.close();
    if (thrown instanceof NearfarError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new NearfarError('internal', `The file of captured texts ${path} cannot be opened: ${reason}`, {
      cause: thrown,
    });
  }
}

class SqliteCapturedStore implements CapturedStore {
  readonly #db: Kysely<CapturedSchema>;
  readonly #database: NodeSqliteDatabase;

  constructor(db: Kysely<CapturedSchema>, database: NodeSqliteDatabase) {
    this.#db = db;
    this.#database = database;
  }

  async add(exchanges: readonly CapturedExchange[]): Promise<void> {
    if (exchanges.length === 0) return;
    await this.#db
      .insertInto('captured')
      .values(exchanges.map(toTable))
      .onConflict((conflict) => conflict.column('request_id').doNothing())
      .execute();
  }

  async comment(requestId: string, comment: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('captured')
      .set({ comment })
      .where('request_id', '=', requestId)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async list(filter: CapturedFilter, limit: number): Promise<readonly CapturedSummary[]> {
    const rows = await this.#matching(filter)
      .select(summaryColumns)
      .orderBy('started_at', 'desc')
      .orderBy('request_id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ ...headOf(row), byteCount: row.byte_count }));
  }

  async *read(filter: CapturedFilter): AsyncGenerator<CapturedExchange, undefined> {
    let last: { readonly startedAt: number; readonly requestId: string } | null = null;
    for (;;) {
      let query = this.#matching(filter)
        .selectAll()
        .orderBy('started_at')
        .orderBy('request_id')
        .limit(rowsPerRead);
      if (last !== null) {
        const { startedAt, requestId } = last;
        query = query.where((eb) =>
          eb.or([
            eb('started_at', '>', startedAt),
            eb.and([eb('started_at', '=', startedAt), eb('request_id', '>', requestId)]),
          ]),
        );
      }
      const rows: CapturedTable[] = await query.execute();
      for (const row of rows) {
        const prompt = JSON.parse(row.prompt) as unknown;
        const answer = JSON.parse(row.answer) as unknown;
        yield { ...headOf(row), prompt, answer, ...(row.comment === null ? {} : { comment: row.comment }) };
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < rowsPerRead) return;
      last = { startedAt: end.started_at, requestId: end.request_id };
    }
  }

  async totals() {
    const row = await this.#db
      .selectFrom('captured')
      .select(({ fn }) => [
        fn.countAll<number | string>().as('count'),
        fn.sum<number | string | null>('byte_count').as('bytes'),
      ])
      .executeTakeFirstOrThrow();
    return { exchangeCount: Number(row.count), byteCount: Number(row.bytes ?? 0) };
  }

  async remove(filter: CapturedFilter): Promise<number> {
    const ids = await this.#matching(filter).select('request_id').execute();
    await this.#removeIds(ids.map(({ request_id }) => request_id));
    if (ids.length > 0) this.#shrink();
    return ids.length;
  }

  async trim({ oldestAt, byteLimit }: Retention): Promise<number> {
    const old = await this.#db.deleteFrom('captured').where('started_at', '<', oldestAt).executeTakeFirst();
    let count = Number(old.numDeletedRows);
    let { byteCount } = await this.totals();
    while (byteCount > byteLimit) {
      const oldest = await this.#db
        .selectFrom('captured')
        .select(['request_id', 'byte_count'])
        .orderBy('started_at')
        .limit(rowsPerRead)
        .execute();
      // Another removal may have taken them meanwhile.
      if (oldest.length === 0) break;
      const going: string[] = [];
      for (const row of oldest) {
        if (byteCount <= byteLimit) break;
        going.push(row.request_id);
        byteCount -= row.byte_count;
      }
      await this.#removeIds(going);
      count += going.length;
    }
    if (count > 0) this.#shrink();
    return count;
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }

  #matching(filter: CapturedFilter) {
    const { requestIds, keyName, tenant, model, from, before } = filter;
    let query = this.#db.selectFrom('captured');
    if (requestIds !== undefined) query = query.where('request_id', 'in', [...requestIds]);
    if (keyName !== undefined) query = query.where('key_name', '=', keyName);
    if (tenant !== undefined) query = query.where('tenant', '=', tenant);
    if (model !== undefined) query = query.where('answering_model', '=', model);
    if (from !== undefined) query = query.where('started_at', '>=', from);
    if (before !== undefined) query = query.where('started_at', '<', before);
    return query;
  }

  async #removeIds(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += 500) {
      await this.#db
        .deleteFrom('captured')
        .where('request_id', 'in', ids.slice(at, at + 500))
        .execute();
    }
  }

  /** Gives the space back, and empties the log, which still holds pages as they were. */
  #shrink(): void {
    this.#database.run('pragma incremental_vacuum; pragma wal_checkpoint(truncate);');
  }
}
