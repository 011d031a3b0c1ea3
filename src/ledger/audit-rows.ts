import type { PrivacyAuditTable } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Database } from './budget-periods.ts';
import type { LedgerRow } from './row.ts';

/** Rows of one statement. */
const rowsPerStatement = 50;

/** Writes the decisions of these rows; one that is there already stays as it is. */
export async function insertAudits(db: Database, rows: readonly LedgerRow[]): Promise<void> {
  const values = rows.flatMap((row) => (row.audit === undefined ? [] : [tableRow(row, row.audit)]));
  for (let at = 0; at < values.length; at += rowsPerStatement) {
    await db
      .insertInto('privacy_audit')
      .values(values.slice(at, at + rowsPerStatement))
      .onConflict((conflict) => conflict.column('request_id').doNothing())
      .execute();
  }
}

function tableRow(row: LedgerRow, audit: NonNullable<LedgerRow['audit']>): PrivacyAuditTable {
  return {
    request_id: row.requestId,
    decided_at: row.startedAt,
    key_name: row.keyName,
    tenant: row.tenant,
    requested_model: row.requestedModel?.replaceAll('\0', '\uFFFD') ?? null,
    label: row.privacy,
    mode: audit.mode,
    reasons: JSON.stringify(audit.reasons),
    detectors: JSON.stringify(audit.detectors),
    went: audit.went,
    model: row.answeringModel?.replaceAll('\0', '\uFFFD') ?? null,
    status: row.status,
  };
}

export interface AuditRow {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly decidedAt: number;
  readonly keyName: string | null;
  readonly tenant: string | null;
  readonly requestedModel: string | null;
  readonly label: string;
  readonly mode: string;
  readonly reasons: readonly string[];
  readonly detectors: readonly string[];
  readonly went: string;
  readonly model: string | null;
  readonly status: number;
}

/** Newest first. */
export async function readAudits(
  { db }: Pick<Store, 'db'>,
  range: { readonly from: number; readonly to: number },
  limit: number,
): Promise<readonly AuditRow[]> {
  const rows = await db
    .selectFrom('privacy_audit')
    .selectAll()
    .where('decided_at', '>=', range.from)
    .where('decided_at', '<', range.to)
    .orderBy('decided_at', 'desc')
    .orderBy('request_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    requestId: row.request_id,
    decidedAt: row.decided_at,
    keyName: row.key_name,
    tenant: row.tenant,
    requestedModel: row.requested_model,
    label: row.label,
    mode: row.mode,
    reasons: JSON.parse(row.reasons) as readonly string[],
    detectors: JSON.parse(row.detectors) as readonly string[],
    went: row.went,
    model: row.model,
    status: row.status,
  }));
}
