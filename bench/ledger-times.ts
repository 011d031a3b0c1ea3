import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

/** What the engine measured of a class's answers since then: from arrival in the engine to the first token, milliseconds. */
export function engineFirstTokens(home: string, priority: string, since: number): number[] {
  const database = new DatabaseSync(join(home, 'ledger.sqlite'), { readOnly: true });
  try {
    const rows = database
      .prepare(
        'select queue_ms + prefill_ms as ms from ledger where priority = ? and started_at >= ? and status = 200',
      )
      .all(priority, since);
    return rows.flatMap(({ ms }) => (typeof ms === 'number' ? [ms] : []));
  } finally {
    database.close();
  }
}
