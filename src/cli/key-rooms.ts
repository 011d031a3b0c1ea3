import path from 'node:path';
import process from 'node:process';
import { createKeyStore, type KeyStore } from '../access/key-store.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { createBudgetBook, type BudgetBook } from '../ledger/budget-book.ts';
import { createJournal } from '../ledger/journal.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { createPeriods } from '../ledger/periods.ts';
import { createStore } from '../store/store.ts';
import { processName } from './guards.ts';

/** What commands about keys need, beside a gateway that may run on the same state. */
export interface KeyRooms {
  readonly keys: KeyStore;
  readonly budgets: BudgetBook;
  /** Has taken in what gateways that were killed had left in their journals. */
  readonly ledger: Ledger;
  readonly settings: Settings;
  readonly close: () => Promise<void>;
}

export async function openKeyRooms({ settings, home }: LoadedSettings): Promise<KeyRooms> {
  const ledgerPath = path.resolve(home, settings.ledgerPath ?? path.join(home, 'ledger.sqlite'));
  const state = await createStore({ path: ledgerPath });
  const periodsAt = createPeriods(settings.budgets.timeZone);
  const ledger = await createLedger({
    store: state,
    journal: createJournal(`${ledgerPath}.journal`),
    periodsAt,
    warn: (message) => process.stderr.write(`${message}\n`),
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
