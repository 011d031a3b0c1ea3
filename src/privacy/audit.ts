import type { PrivacyMode, PrivacyVerdict } from '../chat/verdict.ts';
import type { Boundary } from './clear.ts';
import { isPlainlyOpen } from './verdict.ts';

/** What the ledger keeps of a decision that was not plainly open. Nothing of the text. */
export interface PrivacyAudit {
  readonly mode: PrivacyMode;
  readonly reasons: readonly string[];
  readonly detectors: readonly string[];
  /** Where it was answered, or was being answered when it failed; `nowhere`: no model was asked. */
  readonly went: Boundary | 'nowhere';
}

/** Pure. Undefined: there is nothing that anybody would have to look at. */
export function auditOf(
  verdict: PrivacyVerdict | undefined,
  modelId: string | null,
  boundaryOf: (modelId: string) => Boundary,
): PrivacyAudit | undefined {
  if (verdict === undefined || isPlainlyOpen(verdict)) return undefined;
  const { mode, reasons, detectors } = verdict;
  return { mode, reasons, detectors, went: modelId === null ? 'nowhere' : boundaryOf(modelId) };
}
