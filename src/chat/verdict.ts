import type { PrivacyLabel } from './request.ts';

/**
 * What happens to a request: `open`, nothing; `local`, it is answered inside the owner's boundary whatever was asked for;
 * `redact`, what was found leaves as placeholders; `block`, it is refused. The last three decide only where the request
 * would leave: what stays inside anyway is answered there.
 */
export const privacyModes = ['open', 'local', 'redact', 'block'] as const;
export type PrivacyMode = (typeof privacyModes)[number];

/** What was found about a request before it is routed, and what follows. Nothing of its text. */
export interface PrivacyVerdict {
  readonly label: PrivacyLabel;
  readonly mode: PrivacyMode;
  /**
   * Why, as codes: `asked`, `key`, `floor`, `session`, `exception`, `media`, `detector`, `model_check`, and for the mode
   * `near_is_assistant`, `near_is_not_assistant`, `not_redactable`. Empty: plainly open.
   */
  readonly reasons: readonly string[];
  /** Reason codes of detectors, e.g. `email`, `national_id.de_tax`, `unread.image`; each once. */
  readonly detectors: readonly string[];
  /** Whether pictures, sounds and files may leave though nobody here has read them. */
  readonly allowsMedia: boolean;
  /** Keyed hash of the session, the same for all its turns; null where none can be told, or where it is plainly open. */
  readonly sessionKey: string | null;
}

/** What a client says of the session that its request belongs to, before it is judged. */
export interface SessionClaim {
  /** Names that the client gives the session, each with where it stood. Empty: none. */
  readonly ids: readonly string[];
  /** Names by which later turns may go on from this one; absent: none. */
  readonly laterIds?: readonly string[];
  /** Labels of the client's own that are told to nobody here and are scanned all the same; absent: none. */
  readonly aside?: unknown;
  /** Detectors that found something in the body as it came. Absent: it was not looked at as a whole. */
  readonly found?: readonly string[];
}
