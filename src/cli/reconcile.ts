import process from 'node:process';
import { dollars } from '../answer/reserve.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { ReservationTable } from '../store/schema.ts';
import { isGone } from './gone-process.ts';
import type { KeyRooms } from './key-rooms.ts';
import { renderTable } from './table.ts';

/**
 * Gives each request whose gateway is gone the row that it never got, so that what it held is spent for good, or free again.
 * Requests whose row was in a journal were settled when the ledger was opened.
 */
export async function reconcile(
  { budgets, ledger }: Pick<KeyRooms, 'budgets' | 'ledger'>,
  releases: boolean,
  asJson: boolean,
): Promise<number> {
  const now = Date.now();
  const open = await budgets.open();
  const gone = open.filter((row) => isGone(row, now));
  for (const row of gone) ledger.record(lostRow(row, releases));
  await ledger.flush();
  const requests = gone.map((row) => ({
    requestId: row.request_id,
    key: row.key_name,
    micros: row.amount_micros,
    madeAt: new Date(row.made_at).toISOString(),
  }));
  const openCount = open.length - gone.length;
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ released: releases, requests, openCount }, null, 2)}\n`);
    return 0;
  }
  if (requests.length > 0) {
    const rows = requests.map(({ requestId, key, micros, madeAt }) => [
      key,
      dollars(micros),
      madeAt,
      requestId,
    ]);
    process.stdout.write(`${renderTable(['KEY', 'HELD', 'SINCE', 'REQUEST'], rows)}\n`);
  }
  const end = releases ? 'given back' : 'counted as spent';
  process.stdout.write(
    `${requests.length === 0 ? 'Nothing was held by gateways that are gone' : `All of it was ${end}`}. ` +
      `${openCount} requests under way hold money.\n`,
  );
  return 0;
}

/** What is known of a request that a killed gateway had begun: who asked, when, and what it may have cost. */
function lostRow(row: ReservationTable, releases: boolean): LedgerRow {
  return {
    requestId: row.request_id,
    startedAt: row.made_at,
    keyName: row.key_name,
    tenant: null,
    dialect: 'internal',
    operation: null,
    requestedModel: null,
    answeringModel: null,
    privacy: 'open',
    priority: null,
    routeReasons: ['the gateway that served it was gone before its end'],
    promptTokenCount: 0,
    cachedTokenCount: 0,
    completionTokenCount: 0,
    isMeasured: false,
    queueMs: null,
    prefillMs: null,
    decodeMs: null,
    firstTokenMs: null,
    totalMs: 0,
    finish: 'internal',
    status: 500,
    answerSource: 'model',
    costMicros: null,
    currency: 'USD',
    chargedMicros: releases ? 0 : row.amount_micros,
  };
}
