import process from 'node:process';
import { createKeyStore, type KeyStore } from '../access/key-store.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { createBudgetBook, type BudgetBook } from '../ledger/budget-book.ts';
import { createJournal } from '../ledger/journal.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { createPeriods } from '../ledger/periods.ts';
import { processName } from './guards.ts';
import { ledgerFile, openState } from './open-state.ts';

/** What commands about keys need, beside a gateway that may run on the same state. */
export interface KeyRooms {
  readonly keys: KeyStore;
  readonly budgets: BudgetBook;
  /** Has taken in what gateways that were killed had left in their journals. */
  readonly ledger: Ledger;
  readonly settings: Settings;
  readonly close: () => Promise<void>;
}

export async function openKeyRooms(loaded: LoadedSettings): Promise<KeyRooms> {
  const { settings } = loaded;
  const warn = (message: string) => process.stderr.write(`${message}\n`);
  const state = await openState(loaded, warn);
  const periodsAt = createPeriods(settings.budgets.timeZone);
  const ledger = await createLedger({
    store: state,
    journal: createJournal(`${ledgerFile(loaded)}.journal`),
    periodsAt,
    warn,
  });
  return {
    keys: createKeyStore(state),
    budgets: createBudgetBook({ store: state, periodsAt, process: processName() }),
    ledger,
    settings,
    async close() {
      await ledger.close();
      await state.close();
    },
  };
}
