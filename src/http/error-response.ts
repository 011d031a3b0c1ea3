import type { NearfarError } from '../chat/error.ts';
import type { Dialect } from '../chat/request.ts';
import type { RequestHeaders } from './arrived-request.ts';
import { anthropicErrorBody } from './anthropic/error.ts';
import { ollamaErrorBody } from './ollama/error.ts';
import { openaiErrorBody } from './openai/error.ts';

/** The dialect that a client of this path speaks, also where the path is unknown. */
export function dialectOf(path: string, headers: Pick<RequestHeaders, 'has'>): Dialect {
  if (path.startsWith('/api/')) return 'ollama';
  if (path.startsWith('/v1/messages') || headers.has('anthropic-version')) return 'anthropic';
  return 'openai';
}

/** What the owner must see in his log: faults of our own, and upstreams that break off or refuse his key. */
export function isForOwner(error: NearfarError): boolean {
  return error.status === 500 || error.status === 502;
}

export function errorResponse(
  error: NearfarError,
  dialect: Dialect,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(errorBody(error, dialect, requestId)), {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      ...requestIdHeaders(dialect, requestId),
      ...(error.retryAfterSeconds === undefined
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds))) }),
      // The official clients ask again after a 429 unless they are told that it is in vain.
      ...(isInVain(error) ? { 'x-should-retry': 'false' } : {}),
      ...(error.kind === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}),
      // What is left of an unread body must not be taken for the next request.
      ...(error.kind === 'too_large' || error.kind === 'slow_request' ? { connection: 'close' } : {}),
      ...headers,
    },
  });
}

function isInVain(error: NearfarError): boolean {
  return error.kind === 'budget_exhausted' || (error.status === 429 && !error.retryable);
}

function errorBody(error: NearfarError, dialect: Dialect, requestId: string): object {
  switch (dialect) {
    case 'anthropic':
      return anthropicErrorBody(error, requestId);
    case 'ollama':
      return ollamaErrorBody(error);
    case 'openai':
    case 'internal':
      return openaiErrorBody(error);
  }
}

/** Anthropic's clients look for `request-id`, all others for `x-request-id`. */
export function requestIdHeaders(dialect: Dialect, requestId: string): Readonly<Record<string, string>> {
  return dialect === 'anthropic'
    ? { 'x-request-id': requestId, 'request-id': requestId }
    : { 'x-request-id': requestId };
}
