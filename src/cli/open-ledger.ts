import { existsSync } from 'node:fs';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { Store } from '../store/store.ts';
import { databaseUrl, ledgerFile, openState, stateName } from './open-state.ts';

/** A ledger to be read, whether a gateway writes it or not. */
export interface OpenLedger {
  readonly store: Store;
  /** Where it is, for people. */
  readonly name: string;
  /** Rows that a gateway which runs, or was killed, has not brought into the store yet. */
  readonly waiting: readonly LedgerRow[];
}

/** @returns null where nothing was ever recorded */
export async function openLedger(loaded: LoadedSettings): Promise<OpenLedger | null> {
  const file = ledgerFile(loaded);
  const { readWaitingRows } = await import('../ledger/journal.ts');
  // Before the store is read: what leaves the journal meanwhile is in the store then.
  const waiting = await readWaitingRows(`${file}.journal`);
  if (databaseUrl(loaded) === null && !existsSync(file) && waiting.length === 0) return null;
  const warn = (message: string) => process.stderr.write(`${message}\n`);
  return { store: await openState(loaded, warn), name: await stateName(loaded), waiting };
}
