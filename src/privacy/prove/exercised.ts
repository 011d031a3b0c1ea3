import type { AuditRow } from '../../ledger/audit-rows.ts';
import type { LedgerRow } from '../../ledger/row.ts';

/** Parts of nearfar that move prompts by themselves, and in how many requests each had a hand. */
export type Exercised = Readonly<Record<string, number>>;

const byLedger: readonly (readonly [string, (row: LedgerRow) => boolean])[] = [
  ['routed', ({ route }) => route !== undefined],
  ['handed over by a cascade', ({ cascade }) => cascade?.isEscalated === true],
  ['answered by the near model after a cascade', ({ cascade }) => cascade?.isEscalated === false],
  ['answered from the exact cache', ({ answerSource }) => answerSource === 'exact_cache'],
  ['answered from the semantic cache', ({ answerSource }) => answerSource === 'semantic_cache'],
  ['joined to another request', ({ answerSource }) => answerSource === 'flight'],
  ['alternatives asked to compare', ({ purpose }) => purpose === 'shadow'],
  ['questions to the judge', ({ purpose }) => purpose === 'judge'],
];

const byAudit: readonly (readonly [string, (row: AuditRow) => boolean])[] = [
  ['redacted', ({ mode, went }) => mode === 'redact' && went === 'outside'],
  ['kept by a model that read them', ({ detectors }) => detectors.includes('model_check')],
  [
    'kept for their session alone',
    ({ reasons }) => reasons[0] === 'session' && !reasons.includes('detector'),
  ],
  ['let out by the exception of a key', ({ reasons }) => reasons.includes('exception')],
  ['answered here in place of a model outside', ({ mode, went }) => mode === 'local' && went === 'machine'],
];

/**
 * Pure. What took part in no request is left out.
 * @param comparedCount texts that the semantic cache compared
 */
export function exercisedIn(
  comparedCount: number,
  rows: readonly LedgerRow[],
  audits: readonly AuditRow[],
): Exercised {
  const counts = [
    ['compared by the semantic cache', comparedCount] as const,
    ...byLedger.map(([name, has]) => [name, rows.filter(has).length] as const),
    ...byAudit.map(([name, has]) => [name, audits.filter(has).length] as const),
  ];
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
