import process from 'node:process';
import { readAudits, type AuditRow } from '../ledger/audit-rows.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { UsageError, type CommandInput } from './command.ts';
import { openLedger } from './open-ledger.ts';
import { readPeriod } from './period.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

/** `nearfar privacy audit`: what was decided about requests that were not plainly open. */
export async function privacyAudit({ options, words }: CommandInput): Promise<number> {
  if (words.length > 1) throw new UsageError('expected nothing behind audit');
  const period = readPeriod(options.text('since'), options.text('until'), Date.now(), '7d');
  const limit = options.number('limit', { min: 1, max: 1_000_000 }) ?? 100;
  const loaded = await commandSettings(options);
  const opened = await openLedger(loaded);
  const rows: AuditRow[] = [];
  if (opened !== null) {
    try {
      const stored = await readAudits(opened.store, period, limit);
      const known = new Set(stored.map(({ requestId }) => requestId));
      const waiting = opened.waiting.flatMap((row) => (known.has(row.requestId) ? [] : waitingAudit(row)));
      rows.push(
        ...[
          ...waiting.filter(({ decidedAt }) => decidedAt >= period.from && decidedAt < period.to),
          ...stored,
        ]
          .sort((a, b) => b.decidedAt - a.decidedAt)
          .slice(0, limit),
      );
    } finally {
      await opened.store.close();
    }
  }
  process.stdout.write(options.flag('json') ? `${JSON.stringify(rows.map(shown), null, 2)}\n` : asText(rows));
  return 0;
}

function waitingAudit(row: LedgerRow): readonly AuditRow[] {
  if (row.audit === undefined) return [];
  const { requestId, startedAt, keyName, tenant, requestedModel, privacy, answeringModel, status } = row;
  const head = { requestId, decidedAt: startedAt, keyName, tenant, requestedModel, label: privacy };
  return [{ ...head, ...row.audit, model: answeringModel, status }];
}

function asText(rows: readonly AuditRow[]): string {
  if (rows.length === 0) return 'No request of that time was anything but plainly open.\n';
  const header = ['TIME (UTC)', 'REQUEST', 'KEY', 'ASKED FOR', 'LABEL', 'MODE', 'WHY', 'WENT', 'STATUS'];
  const table = rows.map((row) => [
    new Date(row.decidedAt).toISOString().slice(0, 19).replace('T', ' '),
    row.requestId,
    row.keyName ?? '-',
    row.requestedModel ?? '-',
    row.label,
    row.mode,
    [...row.reasons, ...row.detectors].join(' '),
    row.model === null ? row.went : `${row.went} (${row.model})`,
    String(row.status),
  ]);
  return `${renderTable(header, table)}\n`;
}

/** Names as programs that read JSON have them. */
function shown(row: AuditRow): object {
  return {
    request_id: row.requestId,
    time: new Date(row.decidedAt).toISOString(),
    key: row.keyName,
    tenant: row.tenant,
    requested_model: row.requestedModel,
    label: row.label,
    mode: row.mode,
    reasons: row.reasons,
    detectors: row.detectors,
    went: row.went,
    model: row.model,
    status: row.status,
  };
}
