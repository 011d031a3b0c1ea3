import { NearfarError } from '../chat/error.ts';
import type { ArrivedRequest } from './arrived-request.ts';
import type { HostPolicy } from './dependencies.ts';

/** What is looked at here. */
type GuardedRequest = Pick<ArrivedRequest, 'method' | 'url' | 'headers'>;

/**
 * Keeps web pages away from a port on this machine: a page may neither reach it under a name of its own
 * (DNS rebinding: foreign `Host`) nor from another origin (foreign `Origin`).
 * @throws NearfarError `forbidden`
 */
export function guardRequest(request: GuardedRequest, policy: HostPolicy): void {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  if (!isHostAllowed(host, policy)) {
    throw new NearfarError(
      'forbidden',
      'This server does not answer under that Host. Add the name to the allowed hosts in the settings if it is yours.',
      { field: 'host' },
    );
  }
  const origin = request.headers.get('origin');
  if (origin !== null && !isOriginAllowed(origin, host, policy)) {
    throw new NearfarError(
      'forbidden',
      'Web pages of that Origin may not call this server. Add it to the allowed origins in the settings if it is yours.',
      { field: 'origin' },
    );
  }
  if (origin === null && isForeignFetch(request)) {
    throw new NearfarError('forbidden', 'Other web sites may not call this server.', {
      field: 'sec-fetch-site',
    });
  }
}

/** @param host a `Host` header: a name or address, with or without port */
export function isHostAllowed(host: string, policy: HostPolicy): boolean {
  const name = hostName(host);
  if (name === null) return false;
  if (policy.allowedHosts.includes(name)) return true;
  if (isLoopbackName(name)) return true;
  // Beyond loopback every request carries a key, which a foreign page does not have.
  return !policy.isLoopback && policy.allowedHosts.length === 0;
}

/** The same origin, or one that the settings list. An opaque origin (`null`) is foreign. */
export function isOriginAllowed(origin: string, host: string, policy: HostPolicy): boolean {
  if (policy.allowedOrigins.includes(origin)) return true;
  return (
    origin.toLowerCase() === `http://${host.toLowerCase()}` ||
    origin.toLowerCase() === `https://${host.toLowerCase()}`
  );
}

/** Browsers say where a request without `Origin` comes from (images, scripts); following a link is fine. */
function isForeignFetch(request: GuardedRequest): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return !(request.method === 'GET' && request.headers.get('sec-fetch-mode') === 'navigate');
}

/** Nearly all requests come under one name. */
let last: { readonly host: string; readonly name: string | null } = { host: '', name: null };

/** `[::1]:4242` -> `[::1]`, `LocalHost:80` -> `localhost`; null where it is no host at all. */
function hostName(host: string): string | null {
  if (last.host !== host) last = { host, name: readHostName(host) };
  return last.name;
}

function readHostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host.toLowerCase());
  return match?.[1]?.replace(/\.$/, '') ?? null;
}

function isLoopbackName(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}

/** Headers that let an allowed origin read the answer; none for all others. */
export function corsHeaders(
  request: Pick<GuardedRequest, 'headers'>,
  policy: HostPolicy,
): Readonly<Record<string, string>> {
  const origin = request.headers.get('origin');
  if (origin === null || !policy.allowedOrigins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'x-request-id, request-id, x-nearfar-model, x-nearfar-grade, x-nearfar-route, x-nearfar-cache, ' +
      'x-nearfar-privacy, ' +
      'x-nearfar-predicted-first-token-ms, x-nearfar-context-overflow, x-nearfar-omitted-tokens, ' +
      'x-nearfar-omitted-messages, retry-after, etag, content-range, accept-ranges',
    vary: 'Origin',
  };
}

/** The answer to a preflight of an allowed origin. */
export function preflightHeaders(request: Request, policy: HostPolicy): Readonly<Record<string, string>> {
  return {
    ...corsHeaders(request, policy),
    'access-control-allow-methods': 'GET, POST, DELETE',
    // Clients add headers of their own (x-stainless-*): what the browser asks for is let through.
    'access-control-allow-headers':
      request.headers.get('access-control-request-headers') ?? 'authorization, content-type',
    'access-control-max-age': '600',
    // A public page that the settings list asks before it calls into the local network.
    ...(request.headers.has('access-control-request-private-network')
      ? { 'access-control-allow-private-network': 'true' }
      : {}),
  };
}
