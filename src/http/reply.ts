import { toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest, Dialect } from '../chat/request.ts';
import { cacheHeader } from './cache-header.ts';
import { overflowHeaders } from './context-overflow.ts';
import type { AppDependencies } from './dependencies.ts';
import { isForOwner, requestIdHeaders } from './error-response.ts';
import type { PartEncoder } from './event-stream.ts';
import { joinAnswers } from './joined-answer.ts';
import type { Call } from './operation.ts';
import { modelHeaders } from './model-headers.ts';
import { createPartReader, type PartReader } from './part-reader.ts';
import { streamResponse } from './stream-response.ts';

export interface ReplyOptions {
  readonly call: Call<unknown>;
  readonly dialect: Dialect;
  /** Usually one; several are answered at once as the choices of one reply. */
  readonly requests: readonly ChatRequest[];
}

export interface StreamFormat {
  readonly contentType: string;
  readonly encode: PartEncoder;
  readonly keepAliveText: string | null;
}

export const sseFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  keepAliveText: ': waiting\n\n',
} as const;

/**
 * Answers as a stream. The first part decides the status; where it lets itself be waited for (a long queue), the
 * stream opens all the same and is kept open by comments, and a later failure is an event in it.
 * @throws NearfarError the answer's own, where it fails before anything was sent
 */
export async function replyWithStream(
  dependencies: AppDependencies,
  options: ReplyOptions,
  format: StreamFormat,
): Promise<Response> {
  const { call, dialect } = options;
  const { limits } = dependencies;
  const stop = new AbortController();
  const reader = ask(dependencies, options, stop);
  const first = await reader.peek(format.keepAliveText === null ? null : limits.keepAliveCommentMs);
  if (first?.type === 'error') throw first.error;
  return streamResponse(
    {
      reader,
      encode(part) {
        if (part.type === 'error' && isForOwner(part.error))
          dependencies.reportError(part.error, call.requestId);
        return format.encode(part);
      },
      keepAliveText: format.keepAliveText,
      limits,
      onAbandoned: (reason) => {
        stop.abort(reason);
      },
      disconnect: call.disconnect,
    },
    {
      'content-type': format.contentType,
      'cache-control': 'no-cache',
      // nginx would hold events back otherwise.
      'x-accel-buffering': 'no',
      ...requestIdHeaders(dialect, call.requestId),
      ...answeredByHeaders(first),
      ...overflowHeaders([first]),
    },
  );
}

/**
 * Takes in the whole answer, then replies with what `bodyOf` makes of it.
 * @throws NearfarError the answer's own
 */
export async function replyWhole(
  dependencies: AppDependencies,
  options: ReplyOptions,
  bodyOf: (parts: readonly ChatPart[]) => object,
): Promise<Response> {
  const reader = ask(dependencies, options, new AbortController());
  const parts: ChatPart[] = [];
  for (let part = await reader.read(); part !== null; part = await reader.read()) {
    if (part.type === 'error') throw part.error;
    parts.push(part);
  }
  return new Response(JSON.stringify(bodyOf(parts)), {
    headers: {
      'content-type': 'application/json',
      ...requestIdHeaders(options.dialect, options.call.requestId),
      ...answeredByHeaders(parts[0] ?? null),
      ...overflowHeaders(parts),
    },
  });
}

/** Asks, and stops asking as soon as the client goes away. */
function ask(
  dependencies: AppDependencies,
  { call, requests }: ReplyOptions,
  stop: AbortController,
): PartReader {
  const giveUp = (): void => {
    stop.abort(call.signal.reason);
  };
  if (call.signal.aborted) giveUp();
  else call.signal.addEventListener('abort', giveUp, { once: true });
  const [only, ...others] = requests.map((request) => dependencies.answer(request, call.caller, stop.signal));
  if (only === undefined) throw toNearfarError(new RangeError('A reply needs at least one request.'));
  if (others.length === 0) return createPartReader(only);
  const choiceCount = requests[0]?.choiceCount ?? 1;
  return createPartReader(
    joinAnswers([only, ...others], choiceCount, () => {
      stop.abort();
    }),
  );
}

/** `model` always names what answered; so do the headers, with the grade that the banner shows. */
function answeredByHeaders(first: ChatPart | null): Readonly<Record<string, string>> {
  if (first?.type !== 'start') return {};
  const { model, grade, privacy, predictedFirstTokenMs: predicted, route } = first;
  return {
    ...modelHeaders(model, grade),
    ...(route !== undefined && { 'x-nearfar-route': route }),
    ...(privacy !== undefined && { 'x-nearfar-privacy': privacy }),
    ...(predicted !== undefined && { 'x-nearfar-predicted-first-token-ms': predicted.toFixed(1) }),
    ...cacheHeader(first),
  };
}
