import { NearfarError, toNearfarError, type ErrorKind } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';

/** Ends that another model may do better than: this one could not, or may not. What the client did wrong stays wrong. */
const worthAnother: ReadonlySet<ErrorKind> = new Set([
  'queue_full',
  'rate_limited',
  'model_crashed',
  'upstream_failed',
  'unavailable',
  'timeout',
  'model_not_found',
  // Marked local_only, and this one is outside: a later one may be inside.
  'forbidden',
]);

/**
 * The first model that begins to answer. The next one is asked only while nothing was delivered; each checks for itself
 * what may reach it. Where all fail the last error goes out, for it says why there is no answer at last.
 * @param open finds each model, in order, when its turn comes
 */
export async function* answerInTurn(
  open: readonly (() => Promise<ChatModel>)[],
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  let failure: NearfarError | null = null;
  for (const find of open) {
    const outcome = yield* tryModel(find, request, signal);
    if (outcome === null) return;
    failure = outcome;
    if (signal.aborted || !worthAnother.has(failure.kind)) break;
  }
  yield {
    type: 'error',
    error: failure ?? new NearfarError('internal', 'No model was to answer.'),
  };
}

/** Null where it delivered something; otherwise what kept it from it. */
async function* tryModel(
  find: () => Promise<ChatModel>,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, NearfarError | null, undefined> {
  let hasDelivered = false;
  try {
    for await (const part of (await find()).stream(request, signal)) {
      if (part.type === 'error' && !hasDelivered) return part.error;
      hasDelivered = true;
      yield part;
    }
  } catch (thrown) {
    if (hasDelivered) throw thrown;
    return toNearfarError(thrown);
  }
  return hasDelivered ? null : new NearfarError('internal', 'The model said nothing at all.');
}
