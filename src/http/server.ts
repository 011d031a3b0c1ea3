import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NearfarError } from '../chat/error.ts';
import { afterTurn } from '../upstream/after-turn.ts';
import type { HttpLimits } from './dependencies.ts';
import { sendStream } from './stream-response.ts';

/** What is served: a Hono app, or anything of its shape. */
export interface ServedApp {
  readonly fetch: (request: Request, env: object) => Promise<Response> | Response;
  /** Asked first: answers a request by itself, or leaves it (false) to `fetch`. */
  readonly direct?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
}

export interface ListenOptions {
  /** Address or name to bind, e.g. `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly limits: Pick<HttpLimits, 'headerTimeoutMs' | 'bodyTimeoutMs'>;
}

export interface ListeningServer {
  /** E.g. `http://127.0.0.1:4242`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no new requests, lets those under way end for at most `graceMs`, then cuts them.
   * @param graceMs milliseconds, 5,000 where absent
   */
  close(graceMs?: number): Promise<void>;
}

/** @throws NearfarError `conflict` where the port is taken, `unavailable` where the address cannot be bound */
export async function listen(
  app: ServedApp,
  { host, port, limits }: ListenOptions,
): Promise<ListeningServer> {
  const answerByFetch = getRequestListener((request, env) => {
    const outgoing = env.outgoing as ServerResponse;
    const deliver = (response: Response): Response =>
      sendStream(response, outgoing) ? RESPONSE_ALREADY_SENT : response;
    const answered = app.fetch(request, env);
    return answered instanceof Promise ? answered.then(deliver) : deliver(answered);
  });
  const options = {
    headersTimeout: limits.headerTimeoutMs,
    // Backstop only: body.ts gives up sooner and says so in the client's dialect.
    requestTimeout: limits.headerTimeoutMs + limits.bodyTimeoutMs + 1_000,
    connectionsCheckingInterval: Math.max(50, Math.min(5_000, limits.headerTimeoutMs / 4)),
    keepAliveTimeout: 65_000,
  };
  const server = createServer(options, (incoming, outgoing) => {
    // A small body is there by then.
    afterTurn(() => {
      if (app.direct?.(incoming, outgoing) !== true) void answerByFetch(incoming, outgoing);
    });
  });
  await bind(server, host, port);
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: (graceMs = 5_000) => close(server, graceMs),
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new NearfarError('conflict', `Port ${port} on ${host} is taken; is nearfar running already?`, {
              field: 'port',
              cause,
            })
          : new NearfarError(
              'unavailable',
              `Cannot listen on ${host}:${port} (${cause.code ?? cause.message}).`,
              {
                field: 'host',
                cause,
              },
            ),
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      // An error on the listening socket later on must not end the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    // A connection whose last answer ends while we wait would stay open for the client's next request.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
