import { toNearfarError, type ErrorKind, type NearfarError } from '../chat/error.ts';
import { isDelta, type ChatPart } from '../chat/part.ts';
import type { PrivacyVerdict } from '../chat/verdict.ts';
import { nothingInside } from './place.ts';

/** Ends that say that what should answer is down. */
const isDown: ReadonlySet<ErrorKind> = new Set([
  'model_crashed',
  'model_not_found',
  'upstream_failed',
  'unavailable',
]);

/**
 * The answer to a request that may not leave. Where what is inside is down, it is 503 with the reason.
 * Its beginning says that it was kept inside.
 */
export async function* insideOnly(
  open: () => Promise<AsyncIterable<ChatPart>>,
  verdict: PrivacyVerdict,
): AsyncGenerator<ChatPart, void, undefined> {
  let hasBegun = false;
  try {
    for await (const part of await open()) {
      if (part.type === 'error' && !hasBegun) yield { ...part, error: explained(part.error, verdict) };
      else if (part.type === 'start') yield { ...part, privacy: verdict.label };
      else {
        hasBegun ||= isDelta(part);
        yield part;
      }
    }
  } catch (thrown) {
    if (hasBegun) throw thrown;
    throw explained(toNearfarError(thrown), verdict);
  }
}

export function explained(error: NearfarError, verdict: PrivacyVerdict): NearfarError {
  return isDown.has(error.kind) ? nothingInside(error, verdict) : error;
}
