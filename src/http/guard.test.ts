import { describe, expect, it } from 'vitest';
import { fakeGateway } from '../../test/fake-gateway.ts';
import { corsHeaders, isHostAllowed } from './guard.ts';

const loopback = {
  isLoopback: true,
  allowedHosts: ['nearfar.lan'],
  allowedOrigins: ['https://app.example.com'],
};

describe('isHostAllowed', () => {
  it.each([
    'localhost',
    'LOCALHOST:4242',
    '127.0.0.1:4242',
    '127.8.9.1',
    '[::1]:4242',
    'app.localhost',
    'nearfar.lan:80',
  ])('takes %s on loopback', (host) => {
    expect(isHostAllowed(host, loopback)).toBe(true);
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil',
    'evil.example:4242',
    '10.0.0.1',
    '',
    'a b',
    '[::2]',
    '127.0.0.1:999999',
  ])('refuses "%s" on loopback', (host) => {
    expect(isHostAllowed(host, loopback)).toBe(false);
  });

  it('takes any name beyond loopback, unless the settings list some', () => {
    const open = { isLoopback: false, allowedHosts: [], allowedOrigins: [] };
    expect(isHostAllowed('gateway.example.com', open)).toBe(true);
    expect(isHostAllowed('other.example.com', { ...open, allowedHosts: ['gateway.example.com'] })).toBe(
      false,
    );
  });
});

describe('the guard', () => {
  const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'x' }] });
  const ask = (headers: Record<string, string>, hosts = loopback): Promise<Response> => {
    const { app } = fakeGateway(undefined, { hosts });
    return Promise.resolve(
      app.request('/v1/chat/completions', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', host: 'localhost:4242', ...headers },
      }),
    );
  };

  it('answers 403 to foreign names and pages, in the dialect of the path', async () => {
    const foreign = await ask({ host: 'evil.example' });
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({ error: { type: 'invalid_request_error', param: 'host' } });
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:9999',
      'chrome-extension://abc',
    ]) {
      expect((await ask({ origin })).status).toBe(403);
    }
  });

  it('lets the own page and listed origins in, and only the latter read across origins', async () => {
    const own = await ask({ origin: 'http://localhost:4242' });
    expect(own.status).toBe(200);
    expect(own.headers.get('access-control-allow-origin')).toBeNull();
    const listed = await ask({ origin: 'https://app.example.com' });
    expect(listed.status).toBe(200);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(listed.headers.get('vary')).toBe('Origin');
  });

  it('answers preflights of listed origins only', async () => {
    const { app } = fakeGateway(undefined, { hosts: loopback });
    const preflight = (origin: string): Response | Promise<Response> =>
      app.request('/v1/chat/completions', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-a' },
      });
    const allowed = await preflight('https://app.example.com');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-headers')).toBe('x-a');
    const refused = await preflight('https://evil.example');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses what a foreign page loads without an Origin, but not a link to follow', async () => {
    const { app } = fakeGateway();
    const get = (mode: string): Response | Promise<Response> =>
      app.request('/metrics', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode } });
    expect((await get('no-cors')).status).toBe(403);
    expect((await get('navigate')).status).toBe(200);
  });

  it('sends no CORS headers by default', () => {
    const request = new Request('http://localhost/', { headers: { origin: 'https://evil.example' } });
    expect(corsHeaders(request, { ...loopback, allowedOrigins: [] })).toEqual({});
  });
});
