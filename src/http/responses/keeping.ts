import type { Answer } from '../../answer/answer.ts';
import { NearfarError } from '../../chat/error.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { PrivacyLabel } from '../../chat/request.ts';
import type { KeptResponses } from '../../responses/kept-responses.ts';
import { createResponseWriter, type ResponsesAnswerOptions } from './responses-answer.ts';

/**
 * Whether this answer is kept: as the client says, else as the settings do.
 * @throws NearfarError `unsupported` where the client wants what may not be
 */
export function isKept(
  kept: KeptResponses | undefined,
  store: boolean | null | undefined,
  request: { readonly privacy: PrivacyLabel },
): boolean {
  const mayKeep = kept?.mayKeep(request) === true;
  if (store !== true || mayKeep) return mayKeep && store !== false;
  const why =
    request.privacy === 'open'
      ? 'the settings say that none is (responses.store)'
      : 'what is local_only never is';
  throw new NearfarError('unsupported', `store: responses are not stored here, for ${why}.`, {
    field: 'store',
  });
}

/**
 * Answers that are handed to `save` before their end is told, so that whoever has read the end can go on from it.
 * @param save gets the whole response, and whether it must not leave this machine; must not throw
 */
export function savingAnswer(
  answer: Answer,
  options: ResponsesAnswerOptions,
  save: (response: object, isTainted: boolean) => Promise<void>,
): Answer {
  return (request, caller, signal) => saved(answer(request, caller, signal), options, save);
}

async function* saved(
  parts: AsyncIterable<ChatPart>,
  options: ResponsesAnswerOptions,
  save: (response: object, isTainted: boolean) => Promise<void>,
): AsyncGenerator<ChatPart, void, undefined> {
  const writer = createResponseWriter(options);
  let isTainted = false;
  for await (const part of parts) {
    writer.take(part);
    if (part.type === 'start') isTainted = part.privacy !== undefined;
    if (part.type === 'finish') await save(writer.whole(), isTainted);
    yield part;
  }
}
