import { request as nodeRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listeningFakeGateway } from '../../test/fake-gateway.ts';
import { NearfarError } from '../chat/error.ts';
import { listen } from './server.ts';

const messages = [{ role: 'user', content: 'x' }];
const json = { 'content-type': 'application/json' };

/** The same app twice: once with its direct way, once without. */
let ways: { readonly name: string; readonly url: string; readonly directCount: () => number }[] = [];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const keyed = {
    access: {
      authenticate(secret: string | null) {
        if (secret !== 'user') throw new NearfarError('unauthorized', 'A key is needed.');
        return { keyName: 'user', tenant: 'user', scopes: new Set(['use' as const]) };
      },
    },
    limits: {
      bodyBytes: 1000,
      bodyTimeoutMs: 300,
      headerTimeoutMs: 5_000,
      slowClientMs: 5_000,
      keepAliveCommentMs: 5_000,
    },
  };
  const gateway = await listeningFakeGateway(undefined, keyed);
  await gateway.server.close(0);
  const { app } = gateway;
  let directCount = 0;
  const served = {
    direct: {
      fetch: (request: Request, env: object) => app.fetch(request, env),
      direct: (...pair: Parameters<typeof app.direct>) => {
        const isTaken = app.direct(...pair);
        if (isTaken) directCount += 1;
        return isTaken;
      },
    },
    web: { fetch: (request: Request, env: object) => app.fetch(request, env) },
  };
  ways = await Promise.all(
    Object.entries(served).map(async ([name, one]) => {
      const server = await listen(one, { host: '127.0.0.1', port: 0, limits: keyed.limits });
      closing.push(() => server.close(0));
      return { name, url: server.url, directCount: () => directCount };
    }),
  );
});

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});

interface Sent {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

function send(url: string, { path = '/v1/chat/completions', headers = {}, body }: Sent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = nodeRequest(
      url + path,
      { method: 'POST', headers: { ...json, authorization: 'Bearer user', ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { 'content-type': type, 'x-nearfar-model': model, 'x-request-id': id } = response.headers;
          const text = Buffer.concat(chunks).toString('utf8');
          const told = [response.statusCode, type, model, id === undefined, text].join('\n');
          resolve(told.replace(/req_\w+|chatcmpl-\w+|"created":\d+/g, ''));
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const chat = (fields: object = {}): string => JSON.stringify({ model: 'tiny', messages, ...fields });

describe('a request says the same on the direct way', () => {
  const cases: Readonly<Record<string, Sent>> = {
    whole: { body: chat() },
    streamed: { body: chat({ stream: true }) },
    'in another dialect': { path: '/v1/messages', body: chat({ max_tokens: 5 }) },
    'without a known key': { headers: { authorization: 'Bearer nobody' }, body: chat() },
    'with a wrong field': { body: chat({ temperature: 'hot' }) },
    'of no JSON': { body: '{' },
    'of another type': { headers: { 'content-type': 'text/plain' }, body: chat() },
    compressed: { headers: { 'content-encoding': 'gzip' }, body: chat() },
    'too large': { body: chat({ user: 'u'.repeat(2000) }) },
    'in chunks': { headers: { 'transfer-encoding': 'chunked' }, body: chat() },
    'under a foreign host': { headers: { host: 'evil.example' }, body: chat() },
    'of a foreign page': { headers: { origin: 'https://evil.example' }, body: chat() },
    'for an unknown model': { body: chat({ model: 'unknown' }) },
    'with a header that is not understood': { headers: { 'x-nearfar-privacy': 'secret' }, body: chat() },
  };
  for (const [name, sent] of Object.entries(cases)) {
    it(name, async () => {
      const [direct, web] = await Promise.all(ways.map(({ url }) => send(url, sent)));
      expect(direct).toBe(web);
    });
  }

  it('and takes it', async () => {
    const way = ways.find(({ name }) => name === 'direct');
    const before = way?.directCount() ?? 0;
    await send(way?.url ?? '', { body: chat() });
    expect(way?.directCount()).toBe(before + 1);
  });

  it('where the body does not come in time', async () => {
    const answers = await Promise.all(
      ways.map(
        ({ url }) =>
          new Promise<string>((resolve) => {
            const { port } = new URL(url);
            const socket = connect(Number(port), '127.0.0.1');
            let text = '';
            socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
            socket.on('close', () => {
              resolve(text.split('\r\n', 1)[0] ?? '');
            });
            socket.write(
              'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer user\r\n' +
                'content-type: application/json\r\ncontent-length: 100\r\n\r\n{',
            );
          }),
      ),
    );
    expect(answers).toEqual(['HTTP/1.1 408 Request Timeout', 'HTTP/1.1 408 Request Timeout']);
  });
});
