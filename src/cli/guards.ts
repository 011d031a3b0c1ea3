import os from 'node:os';
import process from 'node:process';
import { createKeyBook, type KeyBook } from '../access/key-book.ts';
import { createKeyStore } from '../access/key-store.ts';
import { createRateLimits, type RateLimits } from '../access/rate-limits.ts';
import { createAdmission, type Admission } from '../answer/admission.ts';
import { createCheckPurse, type CheckPurse } from '../answer/check-purse.ts';
import { createReserve } from '../answer/reserve.ts';
import type { LoadedSettings } from '../config/load.ts';
import { createBudgetBook, type BudgetBook } from '../ledger/budget-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PeriodsAt } from '../ledger/periods.ts';
import type { Store } from '../store/store.ts';
import type { PriceTable } from '../ledger/prices.ts';
import { boundsOf } from './upstreams.ts';
import type { FindBilling } from '../answer/billing.ts';

export interface Guards {
  readonly book: KeyBook;
  readonly rates: RateLimits;
  readonly admission: Admission;
  /** For checks of the semantic cache; null: there is nothing to pay for. */
  readonly checks: CheckPurse | null;
}

export interface GuardDependencies {
  readonly loaded: LoadedSettings;
  readonly state: Store;
  readonly ledger: Ledger;
  readonly billing: FindBilling;
  readonly prices: PriceTable;
  readonly periodsAt: PeriodsAt;
  readonly warn: (message: string, cause?: unknown) => void;
}

/** Keys, limits and budgets over the state that all gateways on it share. */
export async function createGuards(dependencies: GuardDependencies): Promise<Guards> {
  const { loaded, state, ledger, billing, prices, periodsAt, warn } = dependencies;
  const { settings } = loaded;
  const book = await createKeyBook({ keys: createKeyStore(state), changes: state.changes, warn });
  const rates = createRateLimits();
  const budgets = createBudgetBook({ store: state, periodsAt, process: processName() });
  await warnOfLeftovers(budgets, warn);
  if (settings.upstreams.length === 0) {
    return { book, rates, admission: createAdmission({ rates, reserve: null }), checks: null };
  }
  const paying = {
    ...{ budgets, ledger, billing, warn },
    boundsOf: (modelId: string) => boundsOf(modelId, settings.upstreams, prices),
  };
  const reserve = createReserve({ ...paying, unknownPrice: settings.budgets.unknownPrice });
  const checkBudget = settings.cache.semantic?.checkBudget;
  const checks =
    checkBudget === undefined
      ? null
      : createCheckPurse({
          ...paying,
          dayMicros: microsOf(checkBudget.perDay),
          monthMicros: microsOf(checkBudget.perMonth),
          now: () => Date.now(),
        });
  return { book, rates, admission: createAdmission({ rates, reserve }), checks };
}

function microsOf(dollars: number | null): number | null {
  return dollars === null ? null : Math.round(dollars * 1_000_000);
}

/** HOST.PID: whose requests hold money, so that it can be told whether they still run. */
export function processName(): string {
  return `${os.hostname()}.${process.pid}`;
}

async function warnOfLeftovers(budgets: BudgetBook, warn: GuardDependencies['warn']): Promise<void> {
  const { isGone } = await import('./gone-process.ts');
  const left = (await budgets.open()).filter((row) => isGone(row, Date.now()));
  if (left.length === 0) return;
  const { dollars } = await import('../answer/reserve.ts');
  const amount = dollars(left.reduce((sum, row) => sum + row.amount_micros, 0));
  warn(
    `${amount} of budgets are held by ${left.length} requests of gateways that are gone, and count as spent. ` +
      'See: nearfar keys reconcile',
  );
}
