import { NearfarError } from '../../chat/error.ts';
import type { ChatModel } from '../../chat/model.ts';
import type { ChatPart, Delivery } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { redactRequest, type RedactionSettings } from './redact-request.ts';
import type { FindSpans } from './redact-text.ts';
import { createSessionBooks, type SessionBook, type SessionBooks } from './redaction-book.ts';
import { restoredParts } from './restore-parts.ts';

/** Puts redaction before a model outside, for a request whose verdict says so. */
export type RedactFor = (model: ChatModel, request: Pick<ChatRequest, 'tenant' | 'verdict'>) => ChatModel;

/** @param scan the detectors that judged the request, with the owner's own words */
export function createRedactFor(scan: FindSpans, books: SessionBooks = createSessionBooks()): RedactFor {
  return (model, { tenant, verdict }) =>
    redacting(model, books.bookOf(tenant, verdict?.sessionKey ?? null), {
      scan,
      allowsUnread: verdict?.allowsMedia === true,
    });
}

/**
 * A model outside that is asked with a redacted copy, and whose answer is restored. The request itself never reaches it; what
 * cannot be redacted ends in `forbidden`, so that one of the next models may be one inside.
 */
export function redacting(model: ChatModel, session: SessionBook, settings: RedactionSettings): ChatModel {
  return {
    facts: model.facts,
    ...(model.hedge === undefined ? {} : { hedge: model.hedge }),
    stream: (request, signal) => answer(model, request, session, settings, signal),
    // Nothing of a request that must be redacted is worth asking these.
    countTokens: () => Promise.reject(refusal(['count_tokens'])),
    embed: () => Promise.reject(refusal(['embeddings'])),
  };
}

async function* answer(
  model: ChatModel,
  request: ChatRequest,
  session: SessionBook,
  settings: RedactionSettings,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  const redaction = redactRequest(request, session, settings);
  if (redaction.kind === 'refused') {
    yield { type: 'error', error: refusal(redaction.detectors, redaction.field) };
    return;
  }
  const { book, counts } = redaction;
  const note = `redacted: ${[...counts].map(([type, count]) => `${count} ${type}`).join(', ') || 'nothing found'}`;
  const isJson = request.outputFormat.type !== 'text';
  for await (const part of restoredParts(model.stream(redaction.request, signal), book, isJson))
    yield part.type === 'start' ? { ...part, delivery: withNote(part.delivery, note) } : part;
}

function withNote(delivery: Delivery | undefined, note: string): Delivery {
  return { notes: [...(delivery?.notes ?? []), note], abandoned: delivery?.abandoned ?? [] };
}

/** Names what found it, nothing of the text. */
function refusal(detectors: readonly string[], field?: string): NearfarError {
  return new NearfarError(
    'forbidden',
    `This request may leave only redacted, and it cannot be: ${[...new Set(detectors)].sort().join(', ')}. ` +
      'Ask a model of this machine, or leave out what was found.',
    field === undefined ? {} : { field },
  );
}
