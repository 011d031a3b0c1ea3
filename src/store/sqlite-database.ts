import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Prepared statements kept per connection; the least recently used one goes. */
const statementLimit = 64;

/**
 * Node's own SQLite in the shape that Kysely's SQLite dialect takes. Statements are prepared once and kept.
 * All calls are synchronous: a query costs tens of microseconds, less than a hop to another thread.
 */
export class NodeSqliteDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();
  #dataVersion: StatementSync | null = null;

  /** @param busyTimeoutMs how long a statement may block this thread while another process writes */
  constructor(path: string, busyTimeoutMs: number) {
    this.#database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  }

  /** Runs statements that return nothing, such as pragmas. */
  run(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(text: string): SqliteStatement {
    // All transactions here write: one that begins by reading could be refused its first write, whatever it waits.
    const sql = text === 'begin' ? 'begin immediate' : text;
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = new NodeSqliteStatement(this.#database.prepare(sql));
      const oldest = this.#statements.keys().next().value;
      if (this.#statements.size >= statementLimit && oldest !== undefined) this.#statements.delete(oldest);
    } else {
      this.#statements.delete(sql);
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Another number as soon as another connection has written. */
  dataVersion(): number {
    this.#dataVersion ??= this.#database.prepare('pragma data_version');
    return Number(this.#dataVersion.get()?.['data_version']);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

class NodeSqliteStatement implements SqliteStatement {
  readonly reader: boolean;
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]));
  }
}
