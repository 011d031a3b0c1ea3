import type { z } from 'zod';
import type { Caller, Scope } from '../access/access.ts';
import type { Dialect } from '../chat/request.ts';
import type { RequestHeaders } from './arrived-request.ts';
import type { RelayRoute } from './relay.ts';

/** One HTTP request after the guard, authentication and validation. */
export interface Call<Body> {
  /** Parsed by the operation's schema; null where it has none. */
  readonly body: Body;
  readonly caller: Caller;
  readonly requestId: string;
  /** When its head was here, in milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly headers: RequestHeaders;
  /** Detectors that found something in the body as it came; absent: it was not looked at yet. */
  readonly found?: readonly string[];
  readonly query: URLSearchParams;
  /** A `:name` of the path, decoded. */
  readonly pathParameter: (name: string) => string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Cuts the connection; null where there is no socket (the app called as a function). */
  readonly disconnect: (() => void) | null;
}

export interface AnswerDescription {
  readonly description: string;
  /** Absent where it is no JSON. */
  readonly schema?: z.ZodType;
}

/**
 * One route and all that is known about it. The app's routes and /openapi.json are made from the same list, so
 * they cannot drift apart.
 */
export interface Operation<Body = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** In Hono's notation: `/v1/models/:model`. */
  readonly path: string;
  readonly dialect: Dialect;
  readonly summary: string;
  /** What the caller's key must allow; `null`: open to all, for probes. */
  readonly scope: Scope | null;
  /** True where a prompt is answered, so that the `x-nearfar-*` request headers mean something. */
  readonly isAnswer?: true;
  /** Where an upstream may understand the body as it is. */
  readonly relay?: RelayRoute;
  /** `null`: takes no body. */
  readonly body: z.ZodType<Body> | null;
  /** What a good answer carries, by content type; of a stream, what each event or line carries. */
  readonly answers: Readonly<Record<string, AnswerDescription>>;
  handle(call: Call<Body>): Promise<Response> | Response;
}

/** Keeps the body's type between schema and handler, then forgets it so that operations fit one list. */
export function defineOperation<Body>(operation: Operation<Body>): Operation {
  return operation;
}
