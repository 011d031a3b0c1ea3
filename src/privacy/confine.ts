import { NearfarError } from '../chat/error.ts';
import type { PrivacyVerdict } from '../chat/verdict.ts';
import { mayCross, type Boundary } from './clear.ts';

/** What is done with the models that were chosen for a request, once it is known where each is. */
export type Confinement =
  /** Asked in this order: all that were chosen, or of those the ones that the request may reach. */
  | { readonly kind: 'go'; readonly ids: readonly string[] }
  /** All that were chosen; those outside get a redacted copy, or nothing. */
  | { readonly kind: 'redact'; readonly ids: readonly string[] }
  /** The near model answers in their place. */
  | { readonly kind: 'near' }
  | { readonly kind: 'refuse'; readonly error: NearfarError };

/**
 * Pure: a tainted request reaches only what is inside. What was chosen and is inside answers, in its order; where the first
 * choice is outside, the mode decides.
 * @param ids of the models that were chosen, the first one and those that are asked where it fails
 */
export function confine(
  verdict: PrivacyVerdict,
  ids: readonly string[],
  boundaryOf: (modelId: string) => Boundary,
): Confinement {
  const inside = ids.filter((id) => mayCross(verdict.label, boundaryOf(id)));
  if (inside.length === ids.length) return { kind: 'go', ids };
  const [first = ''] = ids;
  if (verdict.mode === 'redact' && inside[0] !== first) return { kind: 'redact', ids };
  if (inside.length > 0) return { kind: 'go', ids: inside };
  if (verdict.mode === 'local') return { kind: 'near' };
  return { kind: 'refuse', error: refusal(verdict, first) };
}

/** Says what was found and what can be done, and nothing of the text. */
export function refusal({ detectors, reasons }: PrivacyVerdict, modelId: string): NearfarError {
  if (reasons.includes('asked') || reasons.includes('floor')) {
    const who = reasons.includes('asked')
      ? 'This request is marked local_only'
      : 'Everything here is local_only';
    return new NearfarError(
      'forbidden',
      `${who} and may not leave this machine; the model that it asks for, ${modelId}, is outside. ` +
        'Ask for a model that is inside (near), or set privacy.mode: local, so that the near model answers in its place.',
    );
  }
  return new NearfarError(
    'forbidden',
    `This request may not leave this machine (${why(detectors, reasons)}), and the model that it asks for, ${modelId}, is outside. ` +
      'Three ways on: a near model of the grade "assistant", which then answers in its place (nearfar pull recommended); ' +
      'privacy.mode: redact, which sends placeholders; an exception for this key (privacy.keys, or nearfar keys create --privacy open). ' +
      'See docs/privacy.md.',
  );
}

/** E.g. `found by email, person` or `its session was tainted before`. */
export function why(detectors: readonly string[], reasons: readonly string[]): string {
  const parts = [
    ...(detectors.length === 0 ? [] : [`found by ${detectors.slice(0, 8).join(', ')}`]),
    ...(reasons.includes('session') ? ['its session was tainted before'] : []),
    ...(reasons.includes('session_unknown')
      ? ['whether its session was tainted before is not known: the database does not answer']
      : []),
    ...(reasons.includes('asked') ? ['marked local_only'] : []),
    ...(reasons.includes('floor') ? ['privacy.floor is local_only'] : []),
  ];
  return parts.join('; ');
}
