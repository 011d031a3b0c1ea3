import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRow } from '../ledger/row.ts';

export interface SettleDependencies {
  readonly ledger: Pick<Ledger, 'record' | 'recordTogether'>;
  readonly metrics: { readonly observeRow: (row: LedgerRow) => void };
  readonly warn: (message: string, cause?: unknown) => void;
}

/** The last stage: one ledger row and its metrics. Never throws, and neither of the two can spoil the other. */
export interface Settle {
  /** The row survives a crash once this returns. */
  (row: LedgerRow): void;
  /** Once this resolves: rows that end together are written together. */
  together(row: LedgerRow): Promise<void>;
}

/** @param withhold what is kept out of rows */
export function createSettle(
  { ledger, metrics, warn }: SettleDependencies,
  withhold: (row: LedgerRow) => LedgerRow = (row) => row,
): Settle {
  function observe(row: LedgerRow): void {
    try {
      metrics.observeRow(row);
    } catch (thrown) {
      warn(`The metrics did not take request ${row.requestId}.`, thrown);
    }
  }

  function failed(row: LedgerRow, thrown: unknown): void {
    warn(`The ledger did not take the row of request ${row.requestId}.`, thrown);
  }

  const settle = (whole: LedgerRow): void => {
    const row = withhold(whole);
    try {
      ledger.record(row);
    } catch (thrown) {
      failed(row, thrown);
    }
    observe(row);
  };
  const together = (whole: LedgerRow): Promise<void> => {
    const row = withhold(whole);
    observe(row);
    try {
      return ledger.recordTogether(row);
    } catch (thrown) {
      failed(row, thrown);
      return Promise.resolve();
    }
  };
  return Object.assign(settle, { together });
}
