import { Agent, EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from 'undici';

import { NearfarError } from '../../chat/error.ts';

export interface HttpClient {
  /** @param redirect `manual` returns the redirect itself. @throws whatever the network throws */
  request(
    url: string,
    options: {
      readonly method?: 'GET' | 'HEAD';
      readonly headers?: Readonly<Record<string, string>>;
      readonly redirect?: 'follow' | 'manual';
      readonly signal: AbortSignal;
    },
  ): Promise<Response>;
  close(): Promise<void>;
}

/** Longest silence within a body, after which the connection counts as lost. */
const silenceMs = 30_000;
/** A host may think this many times as long before it answers as it may take to connect. */
const answerRatio = 4;
const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * A client for downloads, with its own connections, through the proxy that the environment names (`https_proxy`,
 * `no_proxy`), which never stands between this machine and itself. Redirects to another host lose the
 * Authorization header, as fetch demands.
 */
export function createHttpClient(connectTimeoutMs: number): HttpClient {
  const options = {
    connect: { timeout: connectTimeoutMs },
    headersTimeout: connectTimeoutMs * answerRatio,
    bodyTimeout: silenceMs,
  };
  const direct = new Agent(options);
  const proxied = new EnvHttpProxyAgent(options);
  const dispatcherOf = (url: string): Dispatcher =>
    loopbackHosts.has(new URL(url).hostname) ? direct : proxied;
  return {
    request: (url, { method = 'GET', headers = {}, redirect = 'follow', signal }) =>
      fetch(url, {
        method,
        redirect,
        signal,
        dispatcher: dispatcherOf(url),
        // A compressed body would make ranges and lengths count other bytes than the file's.
        headers: { 'accept-encoding': 'identity', 'user-agent': 'nearfar', ...headers },
      }),
    async close() {
      await Promise.all([direct.destroy(), proxied.destroy()]);
    },
  };
}

const codeMeanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it stopped sending',
  UND_ERR_SOCKET: 'the connection was cut',
};

function codeOf(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return null;
}

/** Whether a host cannot be reached at all, so that asking again at once is of no use. */
export function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

/** A network failure in words, without the address's query. */
export function networkError(url: string, error: unknown): NearfarError {
  if (error instanceof NearfarError) return error;
  const code = codeOf(error);
  const meaning = (code === null ? null : codeMeanings[code]) ?? 'the transfer failed';
  return new NearfarError('unavailable', `${new URL(url).host} could not be used: ${meaning}.`, {
    cause: error,
  });
}
