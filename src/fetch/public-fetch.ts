import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, request } from 'undici';
import { NearfarError } from '../chat/error.ts';
import { isPublicAddress } from './public-address.ts';

export interface Fetched {
  readonly bytes: Uint8Array;
  /** As the server calls it; '' where it does not. */
  readonly declaredType: string;
}

/**
 * Reads what is at an address out in the public, for a client that only names it.
 * @param field the client's, for errors
 * @throws NearfarError `invalid_request` naming the field: for an address that is not public, and for what cannot be read
 */
export type PublicFetch = (url: string, field: string, signal: AbortSignal) => Promise<Fetched>;

export interface PublicFetchSettings {
  /** Larger is refused. @default 20 MiB */
  readonly maxBytes?: number;
  /** For everything together, redirects included. @default 15,000 */
  readonly timeoutMs?: number;
  /** @default the public ones */
  readonly isAllowed?: (address: string) => boolean;
  /** @default the system's */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
}

const redirectLimit = 3;

export function createPublicFetch(settings: PublicFetchSettings = {}): PublicFetch {
  const {
    maxBytes = 20 * 1024 * 1024,
    timeoutMs = 15_000,
    isAllowed = isPublicAddress,
    resolve = resolveAll,
  } = settings;

  return async (url, field, signal) => {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      let at = url;
      for (let redirects = 0; redirects <= redirectLimit; redirects += 1) {
        const next = await readOnce(at, field, stop);
        if (typeof next !== 'string') return next;
        at = next;
      }
      throw unreadable(field, `was redirected more than ${redirectLimit} times`);
    } catch (thrown) {
      if (thrown instanceof NearfarError) throw thrown;
      if (signal.aborted) throw new NearfarError('aborted', 'The client went away.', { cause: thrown });
      const why = stop.aborted ? `did not come within ${timeoutMs / 1000} seconds` : 'cannot be reached';
      throw unreadable(field, why, thrown);
    }
  };

  /** What is there, or where it is instead. */
  async function readOnce(url: string, field: string, signal: AbortSignal): Promise<Fetched | string> {
    const { protocol, hostname, username, password } = new URL(url);
    if (!/^https?:$/.test(protocol)) throw unreadable(field, 'is no http address');
    if (username !== '' || password !== '') throw unreadable(field, 'holds a user name or a password');
    const addresses = await checkedAddresses(hostname.replace(/^\[|\]$/g, ''), field);
    // The connection is made to what was checked, whatever the name resolves to by then.
    const dispatcher = new Agent({
      connect: {
        lookup: (_host, options, done) => {
          const [first] = addresses;
          if (options.all === true) done(null, [...addresses]);
          else done(null, first?.address ?? '', first?.family);
        },
      },
    });
    try {
      const answer = await request(url, {
        dispatcher,
        signal,
        headers: { 'user-agent': 'nearfar', 'accept-encoding': 'identity' },
      });
      const { location, 'content-type': type } = answer.headers;
      if ([301, 302, 303, 307, 308].includes(answer.statusCode) && typeof location === 'string') {
        return new URL(location, url).href;
      }
      if (answer.statusCode !== 200) throw unreadable(field, `answered with ${answer.statusCode}`);
      const bytes = await bounded(answer.body, field);
      return { bytes, declaredType: typeof type === 'string' ? type : '' };
    } finally {
      await dispatcher.destroy();
    }
  }

  /** All of them must be allowed: which one is taken is the system's to say. */
  async function checkedAddresses(host: string, field: string): Promise<readonly LookupAddress[]> {
    const family = isIP(host);
    const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
    if (addresses.length === 0 || !addresses.every(({ address }) => isAllowed(address))) {
      throw unreadable(field, 'is not on the public internet');
    }
    return addresses;
  }

  async function bounded(body: AsyncIterable<Uint8Array>, field: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let byteCount = 0;
    for await (const chunk of body) {
      byteCount += chunk.byteLength;
      if (byteCount > maxBytes) throw unreadable(field, `is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

function resolveAll(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((done, fail) => {
    systemLookup(host, { all: true }, (error, addresses) => {
      if (error === null) done(addresses);
      else fail(error);
    });
  });
}

/** The address itself stays unsaid: it may hold a secret. */
function unreadable(field: string, why: string, cause?: unknown): NearfarError {
  return new NearfarError('invalid_request', `${field}: what the address names ${why}.`, {
    field,
    ...(cause === undefined ? {} : { cause }),
  });
}
