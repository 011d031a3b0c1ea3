import type { ModelGrade } from '../chat/part.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { PrivacyMode, PrivacyVerdict } from '../chat/verdict.ts';
import type { Findings } from './scan-request.ts';

/** What a route does with what must stay: `auto` is `local` where the near model is good enough to answer, else `block`. */
export const routeModes = ['auto', 'local', 'redact', 'block'] as const;
export type RouteMode = (typeof routeModes)[number];
/** Of a key: another mode than the route's, or `open`, which lets out what detectors find. */
export const keyModes = ['open', ...routeModes] as const;
export type KeyMode = (typeof keyModes)[number];

/**
 * What is known of a session's earlier turns: nothing (`clean`), or that nobody could tell (`unknown`, of which nothing may leave); detectors found something; or it must not leave in any form
 * (somebody asked for that, or nobody here has read it).
 */
export type SessionTaint = 'clean' | 'found' | 'kept' | 'unknown';

export interface PrivacyFacts {
  /** The client's word, or that of its key. */
  readonly asked: PrivacyLabel;
  /** The owner's, for every request. */
  readonly floor: PrivacyLabel;
  readonly findings: Findings;
  readonly allowsMedia: boolean;
  readonly session: SessionTaint;
  /** Of the name that was asked for. */
  readonly mode: RouteMode;
  /** Of the key; null: none of its own. */
  readonly keyMode: KeyMode | null;
  /** Null: there is no near model. */
  readonly nearGrade: ModelGrade | null;
  /** Of the session; null where none can be told. Called only where something follows from it. */
  readonly sessionKey: () => string | null;
}

/**
 * Pure: the label of a request and what follows where it would leave.
 * Never `open` where it was asked to stay, whatever the settings or the key say.
 */
export function verdictOf(facts: PrivacyFacts): PrivacyVerdict {
  const { findings, allowsMedia, session, keyMode } = facts;
  const unread = allowsMedia ? [] : findings.unread;
  const detectors = [...findings.detectors, ...unread.map((kind) => `unread.${kind}`)];
  const mayNever = [
    ...(facts.asked === 'open' ? [] : ['asked']),
    ...(facts.floor === 'open' ? [] : ['floor']),
    ...(session === 'kept' ? ['session'] : []),
    ...(session === 'unknown' ? ['session_unknown'] : []),
  ];
  const isFound = findings.detectors.length > 0;
  const reasons = [
    ...mayNever,
    ...(session === 'found' ? ['session'] : []),
    ...(isFound ? ['detector'] : []),
    ...(unread.length > 0 ? ['media'] : []),
  ];
  if (reasons.length === 0) {
    return { label: 'open', mode: 'open', reasons, detectors, allowsMedia, sessionKey: null };
  }
  const common = { detectors, allowsMedia, sessionKey: facts.sessionKey() };
  // What a key is allowed is what detectors found. That nobody could look, or that somebody asked, is another matter.
  if (keyMode === 'open' && mayNever.length === 0 && !findings.hasFailed) {
    return { label: 'open', mode: 'open', reasons: [...reasons, 'exception'], ...common };
  }
  const isRedactable = mayNever.length === 0 && unread.length === 0 && !findings.hasFailed && isFound;
  const wanted = keyMode === null || keyMode === 'open' ? facts.mode : keyMode;
  const chosen = modeOf(wanted, isRedactable, facts.nearGrade);
  return { label: 'local_only', mode: chosen.mode, reasons: [...reasons, ...chosen.reasons], ...common };
}

function modeOf(
  wanted: RouteMode,
  isRedactable: boolean,
  grade: ModelGrade | null,
): { readonly mode: PrivacyMode; readonly reasons: readonly string[] } {
  if (wanted === 'local' || wanted === 'block') return { mode: wanted, reasons: [] };
  if (wanted === 'redact' && isRedactable) return { mode: 'redact', reasons: [] };
  const because = wanted === 'redact' ? ['not_redactable'] : [];
  return grade === 'assistant'
    ? { mode: 'local', reasons: [...because, 'near_is_assistant'] }
    : { mode: 'block', reasons: [...because, 'near_is_not_assistant'] };
}

/** Whether a verdict is one that nobody need hear of. */
export function isPlainlyOpen({ reasons }: PrivacyVerdict): boolean {
  return reasons.length === 0;
}
