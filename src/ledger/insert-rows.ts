import type { CompiledQuery } from 'kysely';
import type { Database } from './budget-periods.ts';
import type { LedgerRow } from './row.ts';
import { toTable } from './table.ts';

/** Rows of one statement. Few numbers, so that the store prepares few statements and keeps them all. */
const statementRowCounts = [128, 64, 32, 16, 8, 4, 2, 1] as const;

/** Writes rows into the ledger's table. What is there already stays as it is. */
export interface RowInsert {
  /** In one transaction, or in that of `db`. Returns how many were new to the store. */
  count(db: Database, rows: readonly LedgerRow[]): Promise<number>;
  /** Likewise; returns the ids of those that were new, which takes the store longer. */
  ids(db: Database, rows: readonly LedgerRow[]): Promise<ReadonlySet<string>>;
}

interface NewRow {
  readonly request_id: string;
}

/** For one store: its statements are made once, which costs more than the store needs for the rows of one. */
export function createRowInsert(): RowInsert {
  const counting = new Map<number, CompiledQuery>();
  const naming = new Map<number, CompiledQuery<NewRow>>();

  return {
    async count(db, rows) {
      const run = async (within: Database): Promise<number> => {
        let count = 0;
        for (const { size, parameters } of statementsOf(rows)) {
          const query = found(counting, size, () => insertOf(db, rows.slice(0, size)).compile());
          const { numAffectedRows = 0n } = await within.executeQuery({ ...query, parameters });
          count += Number(numAffectedRows);
        }
        return count;
      };
      if (db.isTransaction || isOneStatement(rows.length)) return await run(db);
      return await db.transaction().execute(run);
    },

    async ids(db, rows) {
      const run = async (within: Database): Promise<ReadonlySet<string>> => {
        const ids = new Set<string>();
        for (const { size, parameters } of statementsOf(rows)) {
          const query = found(naming, size, () =>
            insertOf(db, rows.slice(0, size)).returning('request_id').compile(),
          );
          const inserted = await within.executeQuery<NewRow>({ ...query, parameters });
          for (const { request_id: id } of inserted.rows) ids.add(id);
        }
        return ids;
      };
      if (db.isTransaction || isOneStatement(rows.length)) return await run(db);
      return await db.transaction().execute(run);
    },
  };
}

function insertOf(db: Database, rows: readonly LedgerRow[]) {
  return (
    db
      .insertInto('ledger')
      .values(rows.map(toTable))
      // A row that is there already was written by a try whose answer was lost, or comes from the journal again.
      .onConflict((conflict) => conflict.column('request_id').doNothing())
  );
}

interface Statement {
  readonly size: number;
  /** Of all columns of the first row, then of the next. */
  readonly parameters: readonly unknown[];
}

function* statementsOf(rows: readonly LedgerRow[]): Generator<Statement> {
  for (let at = 0; at < rows.length;) {
    const size = statementRowCounts.find((count) => count <= rows.length - at) ?? 1;
    // In the order in which `insertOf` names the columns: that of `toTable`, the same for every row.
    yield {
      size,
      parameters: rows.slice(at, at + size).flatMap((row): unknown[] => Object.values(toTable(row))),
    };
    at += size;
  }
}

function isOneStatement(rowCount: number): boolean {
  return statementRowCounts.some((count) => count === rowCount);
}

function found<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
