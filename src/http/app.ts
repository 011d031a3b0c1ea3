import { Hono } from 'hono';
import type { HttpBindings } from '@hono/node-server';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../access/access.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ArrivedRequest, RequestHeaders } from './arrived-request.ts';
import { readJson } from './body.ts';
import type { AppDependencies } from './dependencies.ts';
import { DirectRequest, isDirect } from './direct-request.ts';
import { readSecret } from './envelope.ts';
import { dialectOf, errorResponse, isForOwner } from './error-response.ts';
import { corsHeaders, guardRequest, preflightHeaders } from './guard.ts';
import { noRouteError } from './no-route.ts';
import type { Call, Operation } from './operation.ts';
import { allOperations } from './all-operations.ts';
import { rateHeaders } from './rate-headers.ts';
import { relayed } from './relay.ts';
import { createRequestId } from './request-id.ts';
import { schemaError } from './schema-error.ts';
import { addHeaders, sendResponse } from './stream-response.ts';

/**
 * The whole gateway as a function from Request to Response. Routes only; everything else is passed in.
 * For every request: guard -> authenticate -> read and check the body -> the operation.
 */
export function createApp(dependencies: AppDependencies): GatewayApp {
  const app = new Hono<{ Bindings: Partial<HttpBindings> }>();
  /** Those whose bodies may be passed on, by their paths. */
  const direct = new Map<string, Operation>();

  /** Runs one request and turns whatever goes wrong into the client's own dialect. */
  async function run(
    request: ArrivedRequest,
    path: string,
    perform: (begun: Pick<Arrival, 'requestId' | 'arrivedAt' | 'onCaller'>) => Promise<Response> | Response,
  ): Promise<Response> {
    const arrivedAt = Date.now();
    const requestId = createRequestId(arrivedAt);
    const cors = corsHeaders(request, dependencies.hosts);
    let caller: Caller | null = null;
    /** Once the request was counted, or refused. */
    const ownHeaders = () => {
      const standing = caller === null ? null : (dependencies.rates?.standing(caller) ?? null);
      return standing === null
        ? cors
        : { ...rateHeaders(standing, dialectOf(path, request.headers), Date.now()), ...cors };
    };
    try {
      guardRequest(request, dependencies.hosts);
      const onCaller = (found: Caller): void => {
        caller = found;
      };
      const response = await perform({ requestId, arrivedAt, onCaller });
      addHeaders(response, ownHeaders());
      return response;
    } catch (thrown) {
      const error = toNearfarError(thrown);
      if (isForOwner(error)) dependencies.reportError(error, requestId);
      return errorResponse(error, dialectOf(path, request.headers), requestId, ownHeaders());
    }
  }

  for (const operation of allOperations(dependencies)) {
    if (operation.relay !== undefined && operation.method === 'POST') direct.set(operation.path, operation);
    app.on(operation.method, operation.path, (context) => {
      const request = context.req.raw;
      return run(request, context.req.path, (begun) =>
        performOperation(operation, dependencies, {
          ...begun,
          request,
          pathParameter: (name) => context.req.param(name) ?? '',
          disconnect: disconnectOf(context.env),
        }),
      );
    });
  }

  app.on('OPTIONS', '*', (context) =>
    run(context.req.raw, context.req.path, () => {
      return new Response(null, {
        status: 204,
        headers: preflightHeaders(context.req.raw, dependencies.hosts),
      });
    }),
  );

  app.notFound((context) =>
    run(context.req.raw, context.req.path, () => {
      throw noRouteError(context.req.method, context.req.path);
    }),
  );
  return Object.assign(app, {
    direct(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
      const operation = direct.get(incoming.url ?? '');
      if (operation === undefined || !isDirect(incoming, dependencies.limits.bodyBytes)) return false;
      const request = new DirectRequest(incoming, outgoing);
      const disconnect = (): void => void outgoing.destroy();
      void run(request, operation.path, (begun) =>
        performOperation(operation, dependencies, {
          ...begun,
          request,
          pathParameter: () => '',
          disconnect,
        }),
      )
        .then((response) => sendResponse(response, outgoing))
        .catch(disconnect);
      return true;
    },
  });
}

/** A function from Request to Response, and a shorter way for what comes over a socket to be passed on. */
export type GatewayApp = Hono<{ Bindings: Partial<HttpBindings> }> & {
  /** Answers a request without the web's objects; false: it has to take the ordinary way. */
  readonly direct: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
};

interface Arrival {
  readonly request: ArrivedRequest;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly onCaller: (caller: Caller) => void;
  readonly pathParameter: (name: string) => string;
  readonly disconnect: (() => void) | null;
}

async function performOperation(
  operation: Operation,
  dependencies: AppDependencies,
  { request, requestId, arrivedAt, onCaller, pathParameter, disconnect }: Arrival,
): Promise<Response> {
  const caller = await admit(operation, dependencies, request.headers, requestId);
  onCaller(caller);
  const call = {
    caller,
    requestId,
    arrivedAt,
    headers: request.headers,
    query: queryOf(request.url),
    pathParameter,
    signal: request.signal,
    disconnect,
  };
  if (operation.body === null) return operation.handle({ ...call, body: null });
  const { text, value } = await readJson(request, dependencies.limits);
  let ordinary: Call<unknown> = { ...call, body: value };
  if (operation.relay !== undefined) {
    const way = await relayed(operation, dependencies, ordinary, text);
    if ('response' in way) return way.response;
    ordinary = way.call;
  }
  const parsed = operation.body.safeParse(value);
  if (!parsed.success) throw schemaError(parsed.error);
  return operation.handle({ ...ordinary, body: parsed.data });
}

/** Most requests have none, and a URL costs more to read than the rest of their heads. */
function queryOf(url: string): URLSearchParams {
  return url.includes('?') ? new URL(url).searchParams : noQuery;
}

const noQuery: URLSearchParams = new URLSearchParams();

const nobody: Caller = { keyName: 'none', tenant: 'none', scopes: new Set() };

/** Like `authorize`; a prompt that is turned away here never reaches the pipeline, so its row is written from here. */
async function admit(
  operation: Operation,
  dependencies: AppDependencies,
  headers: RequestHeaders,
  requestId: string,
): Promise<Caller> {
  try {
    return await authorize(operation, dependencies, headers);
  } catch (thrown) {
    const error = toNearfarError(thrown);
    if (operation.isAnswer === true) {
      dependencies.recordRefusal({ requestId, dialect: operation.dialect, error });
    }
    throw error;
  }
}

/** @throws NearfarError `unauthorized` or `forbidden` */
async function authorize(
  operation: Operation,
  { access }: AppDependencies,
  headers: RequestHeaders,
): Promise<Caller> {
  if (operation.scope === null) return nobody;
  const caller = await access.authenticate(readSecret(headers));
  if (caller.scopes.has(operation.scope)) return caller;
  throw new NearfarError('forbidden', `This key lacks the scope "${operation.scope}" that this needs.`);
}

/** @param env what the server hands over with a request; undefined where the app is called as a function */
function disconnectOf(env: Partial<HttpBindings> | undefined): (() => void) | null {
  const outgoing = env?.outgoing;
  return outgoing === undefined ? null : () => outgoing.destroy();
}
