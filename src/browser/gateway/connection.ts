import { NearfarError, type ErrorKind } from '../../chat/error.ts';
import { errorOfFailure } from '../../upstream/wire-error.ts';
import type { GatewayOptions } from '../near.ts';

/** POSTs JSON to the gateway. */
export interface GatewayConnection {
  /** @returns an answer that went well so far. @throws NearfarError in the words of this program */
  post(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response>;
}

/** Of a refusal's body, as much as is read. Characters. */
const readLength = 20_000;

/** @throws NearfarError `invalid_request` where the address is none */
export function createGatewayConnection(options: GatewayOptions): GatewayConnection {
  const { apiKey, headers: own = {} } = options;
  // Read at the call: pages replace `fetch`, and it must not be called as a method of something else.
  const send: typeof globalThis.fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
  const base = baseOf(options.url);

  return {
    async post(path, body, headers, signal) {
      const key = typeof apiKey === 'function' ? await apiKey() : apiKey;
      let response: Response;
      try {
        response = await send(`${base}${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
            ...own,
            ...headers,
          },
          body: JSON.stringify(body),
          signal,
          // What was cleared for this address is for no other one.
          redirect: 'error',
        });
      } catch (thrown) {
        if (signal.aborted) throw new NearfarError('aborted', 'The request was aborted.');
        // Browsers do not tell a page why: no network, no server, or a server that does not allow this page (CORS).
        throw new NearfarError(
          'unavailable',
          'The gateway could not be reached: it may be down, or not allow this page (see allowedOrigins in its settings).',
          { cause: thrown },
        );
      }
      if (response.ok) return response;
      throw await refusalOf(response, key === undefined ? [] : [key]);
    },
  };
}

function baseOf(url: string): string {
  const base = (globalThis as { readonly location?: { readonly href: string } }).location?.href;
  if (!URL.canParse(url, base)) {
    throw new NearfarError('invalid_request', `gateway.url: ${url} is no address.`, { field: 'gateway.url' });
  }
  return new URL(url, base).href.replace(/\/+$/, '');
}

/** To a page its own key and bill are what they are; to the gateway's clients an upstream's are not. */
const ownKinds: Readonly<Record<number, ErrorKind>> = {
  401: 'unauthorized',
  402: 'budget_exhausted',
  403: 'forbidden',
};

async function refusalOf(response: Response, secrets: readonly string[]): Promise<NearfarError> {
  let text = '';
  try {
    text = (await response.text()).slice(0, readLength);
  } catch {
    // The status alone says enough.
  }
  const headers = Object.fromEntries(response.headers);
  const error = errorOfFailure({ status: response.status, headers, body: text }, Date.now(), secrets);
  const kind = ownKinds[response.status];
  const said = error.message.replace('The upstream', 'The gateway');
  const { retryAfterSeconds: seconds } = error;
  return new NearfarError(kind ?? error.kind, said, {
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
    ...(kind === undefined ? { retryable: error.retryable } : {}),
  });
}
