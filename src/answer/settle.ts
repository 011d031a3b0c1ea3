import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRow } from '../ledger/row.ts';

export interface SettleDependencies {
  readonly ledger: Pick<Ledger, 'record'>;
  readonly metrics: { readonly observeRow: (row: LedgerRow) => void };
  readonly warn: (message: string, cause?: unknown) => void;
}

/** The last stage: one ledger row and its metrics. Never throws, and neither of the two can spoil the other. */
export function createSettle({ ledger, metrics, warn }: SettleDependencies): (row: LedgerRow) => void {
  return (row) => {
    try {
      ledger.record(row);
    } catch (thrown) {
      warn(`The ledger did not take the row of request ${row.requestId}.`, thrown);
    }
    try {
      metrics.observeRow(row);
    } catch (thrown) {
      warn(`The metrics did not take request ${row.requestId}.`, thrown);
    }
  };
}
