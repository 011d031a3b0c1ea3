import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import type { ReplayRow } from '../plan/what-if/replay.ts';
import { UsageError, type OptionValues } from './command.ts';
import { openLedger } from './open-ledger.ts';
import { stateName } from './open-state.ts';
import { readPeriod, type Period } from './period.ts';
import { commandSettings } from './settings.ts';

/** More would not fit into memory for long; which are left out is said. */
const rowLimit = 50_000;

export interface Recorded {
  readonly loaded: LoadedSettings;
  readonly period: Period;
  readonly ledger: string;
  readonly rows: readonly ReplayRow[];
  /** Older ones, beyond what is read at once. */
  readonly leftOutCount: number;
}

/** What the ledger has of the time that is asked for, on SQLite or PostgreSQL, while a gateway writes or not. */
export async function readRecorded(options: OptionValues): Promise<Recorded> {
  const period = readPeriod(options.text('since'), options.text('until'), Date.now());
  const loaded = withFile(await commandSettings(options), options.text('file'));
  const { readReplayRows } = await import('../ledger/replay-rows.ts');
  const ledger = await openLedger(loaded);
  if (ledger === null) return { loaded, period, ledger: await stateName(loaded), rows: [], leftOutCount: 0 };
  try {
    const read = await readReplayRows(ledger.store, period, rowLimit, ledger.waiting);
    return { loaded, period, ledger: ledger.name, ...read };
  } finally {
    await ledger.store.close();
  }
}

function withFile(loaded: LoadedSettings, file: string | undefined): LoadedSettings {
  if (file === undefined) return loaded;
  const ledgerPath = path.resolve(file);
  if (!existsSync(ledgerPath)) throw new UsageError(`--file: there is no file ${ledgerPath}`);
  return { ...loaded, settings: { ...loaded.settings, ledgerPath, databaseEnv: null } };
}
