import type { RelayReply } from '../answer/relay-reply.ts';
import { NearfarError } from '../chat/error.ts';
import type { ProtocolName } from '../upstream/protocol.ts';
import type { RelayRequest } from '../upstream/relay.ts';
import { anthropicErrorBody } from './anthropic/error.ts';
import type { RequestHeaders } from './arrived-request.ts';
import { hasTwins } from './body-structure.ts';
import type { AppDependencies } from './dependencies.ts';
import { cacheHeader } from './cache-header.ts';
import { readEnvelope } from './envelope.ts';
import { isForOwner, requestIdHeaders } from './error-response.ts';
import { modelHeaders } from './model-headers.ts';
import { ollamaErrorBody } from './ollama/error.ts';
import { openaiErrorBody } from './openai/error.ts';
import type { Call, Operation } from './operation.ts';
import { responseEventEncoder } from './responses/responses-answer.ts';
import { bytesResponse, streamResponse } from './stream-response.ts';

/** A route whose requests some upstream may understand as they are. */
export interface RelayRoute {
  readonly protocol: ProtocolName;
  readonly operation: RelayRequest['operation'];
  /** Behind the upstream's base address. */
  readonly path: string;
  /** What an absent `stream` means; null: there are no streams. */
  readonly streamsByDefault: boolean | null;
  /** Bodies that mean something to nearfar only. */
  readonly declines?: (body: Readonly<Record<string, unknown>>) => boolean;
}

/** Headers that belong to a provider's language. */
const languageHeaders = ['anthropic-version', 'anthropic-beta'] as const;

/** The answer, or the call as it takes the ordinary way: with what is known of its body by now. */
export type Relayed = { readonly response: Response } | { readonly call: Call<unknown> };

/**
 * Answers from an upstream of the client's own dialect, bytes for bytes; where the model is none of such an upstream's, or the
 * request must not leave and would, the ordinary way is to be taken. What a field means is then the upstream's to say: nothing is checked
 * here but what nearfar itself must know.
 * @throws NearfarError where nothing could be delivered
 */
export async function relayed(
  operation: Pick<Operation, 'relay' | 'dialect' | 'body'>,
  dependencies: AppDependencies,
  call: Call<unknown>,
  text: string,
): Promise<Relayed> {
  const ordinary = { call };
  const { relay } = dependencies;
  const { relay: route, dialect } = operation;
  const { body } = call;
  if (relay === undefined || route === undefined || !isObject(body)) return ordinary;
  const { model, stream } = body;
  if (typeof model !== 'string' || (stream !== undefined && stream !== null && typeof stream !== 'boolean')) {
    return ordinary;
  }
  if (route.declines?.(body) === true) return ordinary;
  const target = await relay.takes(route.protocol, model);
  if (target === null) return ordinary;
  const envelope = readEnvelope(call, dialect);
  const isStreamed = route.streamsByDefault !== null && (stream ?? route.streamsByDefault);
  const judged = await relay.judge(
    {
      ...envelope,
      priority: envelope.priority ?? 'default',
      requestedModel: model,
      operation: route.operation,
      protocol: route.protocol,
      path: route.path,
      isStreamed,
      text,
      body,
      headers: route.protocol === 'anthropic' ? languageHeadersOf(call.headers) : {},
    },
    target,
    call.caller,
  );
  const { request, way } = judged;
  const { verdict } = request;
  const unread = verdict === undefined ? ordinary : { call: { ...call, found: verdict.detectors } };
  if (way === 'ordinary') return unread;
  if (way === 'pass') refuseTwins(text, body);
  if (way === 'pass' && request.privacy !== 'open') refuseAddresses(body);
  const reply = await relay.answer(
    judged,
    call.caller,
    call.signal,
    () => operation.body?.safeParse(body).success === true,
  );
  if (reply === null) return unread;
  const headers = {
    'content-type': reply.contentType,
    ...requestIdHeaders(dialect, call.requestId),
    ...modelHeaders(reply.model, 'ungraded'),
    ...cacheHeader(reply),
    ...(reply.route === null ? {} : { 'x-nearfar-route': reply.route }),
    ...(request.privacy === 'open' ? {} : { 'x-nearfar-privacy': request.privacy }),
  };
  if (!isStreamed)
    return { response: bytesResponse(await wholeBytes(reply), headers, call.disconnect !== null) };
  const response = streamResponse<Uint8Array | NearfarError>(
    {
      reader: reply,
      encode(item) {
        if (item instanceof Uint8Array) return item;
        if (isForOwner(item)) dependencies.reportError(item, call.requestId);
        return errorText(item, route.protocol, call.requestId);
      },
      // Comments between bytes of others could fall into the middle of an event.
      keepAliveText: null,
      limits: dependencies.limits,
      onAbandoned: () => {
        reply.close();
      },
      disconnect: call.disconnect,
    },
    { ...headers, 'cache-control': 'no-cache', 'x-accel-buffering': 'no' },
  );
  return { response };
}

function languageHeadersOf(headers: RequestHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    languageHeaders.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/** @throws NearfarError the answer's own */
async function wholeBytes(reply: RelayReply): Promise<Uint8Array> {
  // It comes in one piece.
  const item = await reply.read();
  if (item instanceof Uint8Array) return item;
  throw item ?? new NearfarError('internal', 'The answer had no bytes.');
}

function errorText(error: NearfarError, protocol: ProtocolName, requestId: string): string {
  switch (protocol) {
    case 'anthropic':
      return `event: error\ndata: ${JSON.stringify(anthropicErrorBody(error, requestId))}\n\n`;
    case 'ollama':
      return `${JSON.stringify(ollamaErrorBody(error))}\n`;
    case 'openai':
      return `data: ${JSON.stringify(openaiErrorBody(error))}\n\n`;
    case 'openai-responses':
      return responseEventEncoder({ requestId, head: () => ({}) })({ type: 'error', error });
  }
}

/**
 * Of two members of one name nearfar reads the last; what stands in the other has been read by nobody and must not pass.
 * @throws NearfarError `invalid_request`
 */
function refuseTwins(text: string, body: unknown): void {
  if (!hasTwins(text, body)) return;
  throw new NearfarError(
    'invalid_request',
    'An object of the body has a member twice, or a name with an escape that can be read as another; servers differ in what they take, so it is not passed on.',
  );
}

/** Fields that name something for the upstream to read, in all dialects. */
const addressFields = new Set(['url', 'image_url', 'file_url']);

/**
 * Bytes pass as they are, but an upstream inside that reads an address tells its server of the request.
 * @throws NearfarError `forbidden`
 */
function refuseAddresses(body: Readonly<Record<string, unknown>>): void {
  const stack: unknown[] = [body['messages'], body['input'], body['system']];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    const isCall = 'type' in value && value.type === 'tool_use';
    for (const [name, inner] of Object.entries(value)) {
      // What a tool was called with is nobody's to read.
      if (name === 'arguments' || (isCall && name === 'input')) continue;
      if (typeof inner === 'string' && addressFields.has(name) && /^\s*(https?|ftp):/i.test(inner)) {
        throw new NearfarError(
          'forbidden',
          `${name}: this request is marked local_only, and reading an address would tell others of it; send the data.`,
          { field: name },
        );
      }
      if (typeof inner === 'object' && inner !== null) stack.push(inner);
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
