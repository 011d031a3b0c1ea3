import type { Dialect } from '../chat/request.ts';
import { requestIdHeaders } from './error-response.ts';
import type { Call } from './operation.ts';

/** A small answer that is there at once. */
export function jsonResponse(body: object, call: Call<unknown>, dialect: Dialect, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...requestIdHeaders(dialect, call.requestId) },
  });
}
