import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublicFetch, type PublicFetchSettings } from './public-fetch.ts';

/** The public internet of these tests is 127.0.0.1; everything else is not allowed. */

let server: Server;
let port = 0;
const asked: string[] = [];
const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/picture': (response) => response.writeHead(200, { 'content-type': 'image/png' }).end('bytes'),
  '/moved': (response) => response.writeHead(302, { location: '/picture' }).end(),
  '/inwards': (response) => response.writeHead(307, { location: `http://127.0.0.2:${port}/picture` }).end(),
  '/mapped': (response) =>
    response.writeHead(302, { location: `http://[::ffff:127.0.0.1]:${port}/picture` }).end(),
  '/file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  '/large': (response) => response.writeHead(200).end('x'.repeat(2000)),
  '/never': () => undefined,
};

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
    const answer = answers[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function read(path: string, settings: PublicFetchSettings = {}, host = 'pictures.example') {
  const fetchPublic = createPublicFetch({
    isAllowed: (address) => address === '127.0.0.1',
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    maxBytes: 1000,
    timeoutMs: 300,
    ...settings,
  });
  return fetchPublic(`http://${host}:${port}${path}`, 'messages[0]', new AbortController().signal);
}

describe('what a client names', () => {
  it.each(['/picture', '/moved'])('is read: %s', async (path) => {
    const { bytes, declaredType } = await read(path);
    expect(Buffer.from(bytes).toString()).toBe('bytes');
    expect(declaredType).toBe('image/png');
    expect(asked.at(-1)).toBe(`pictures.example:${port}/picture`);
  });

  it.each<[string, string, RegExp]>([
    ['a redirect inwards', '/inwards', /not on the public internet/],
    ['a redirect to a mapped address', '/mapped', /not on the public internet/],
    ['a redirect to a file', '/file', /no http address/],
    ['redirects without end', '/loop', /more than 3 times/],
    ['what is too large', '/large', /larger than 1000 bytes/],
    ['what does not come', '/never', /within 0.3 seconds/],
    ['what is not there', '/nothing', /answered with 404/],
  ])('is an error that names the field: %s', async (_what, path, expected) => {
    const reading = read(path);
    await expect(reading).rejects.toThrow(expected);
    await expect(reading).rejects.toMatchObject({ kind: 'invalid_request', field: 'messages[0]' });
  });

  it('is not read where one of its addresses is not public, and nobody is asked', async () => {
    const before = asked.length;
    const both = [
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    for (const addresses of [both, []]) {
      await expect(read('/picture', { resolve: async () => addresses })).rejects.toThrow(/public internet/);
    }
    for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::1]', '[::ffff:7f00:1]']) {
      // With the rule that holds outside of tests.
      const fetchPublic = createPublicFetch({ timeoutMs: 2000 });
      const reading = fetchPublic(`http://${host}:${port}/picture`, 'x', new AbortController().signal);
      await expect(reading, host).rejects.toThrow(/public internet/);
    }
    await expect(read('/picture', {}, 'user:word@pictures.example')).rejects.toThrow(/password/);
    expect(asked).toHaveLength(before);
  });

  it('is asked for at the address that was checked, though the name moves', async () => {
    let lookups = 0;
    const resolve = async () => {
      lookups += 1;
      return [{ address: lookups === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    };
    await read('/picture', { resolve });
    expect(lookups).toBe(1);
  });

  it('ends with its client', async () => {
    const stop = new AbortController();
    const fetchPublic = createPublicFetch({ isAllowed: () => true });
    const reading = fetchPublic(`http://127.0.0.1:${port}/never`, 'x', stop.signal);
    setTimeout(() => {
      stop.abort();
    }, 20);
    await expect(reading).rejects.toMatchObject({ kind: 'aborted' });
  });
});
