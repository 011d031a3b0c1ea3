import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { postgresMissing, startPostgres, type PostgresServer } from './postgres.ts';

/** Two gateways on one PostgreSQL: what one was told, the other gives again. */

describe.skipIf(postgresMissing !== null)('gateways that share a database', () => {
  let server: PostgresServer;
  let upstream: FakeUpstream;
  let gateways: FarGateway[];

  beforeAll(async () => {
    server = await startPostgres();
    process.env['DATABASE_URL'] = server.url.reveal();
    upstream = await fakeUpstream(openaiHello);
    const file = {
      logLevel: 'error',
      upstreams: [{ name: 'open', baseUrl: `${upstream.url}/v1`, boundary: 'inside', models: ['big'] }],
    };
    gateways = [await farGateway(file), await farGateway(file)];
  });

  afterAll(async () => {
    process.env['DATABASE_URL'] = '';
    for (const gateway of gateways) await gateway.close();
    await upstream.close();
    await server.close();
  });

  async function ask(index: number, path: string, fields: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${gateways[index]?.url ?? ''}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'open/big', temperature: 0, max_tokens: 50, ...fields }),
    });
    const text = await response.text();
    return { status: response.status, text, source: response.headers.get('x-nearfar-cache') };
  }

  const messages = (content: string) => ({ messages: [{ role: 'user', content }] });
  const stored = async () =>
    Number((await server.query('select count(*) as n from nearfar.kept_answer'))[0]?.['n']);

  it.each([
    ['bytes', '/v1/chat/completions', {}],
    ['a stream of bytes', '/v1/chat/completions', { stream: true }],
    ['parts', '/v1/messages', {}],
  ])('share %s', async (name, path, fields) => {
    upstream.arrived.length = 0;
    const before = await stored();
    const first = await ask(0, path, { ...messages(`share ${name}`), ...fields });
    expect(first).toMatchObject({ status: 200, source: null });
    await expect.poll(stored).toBe(before + 1);
    const second = await ask(1, path, { ...messages(`share ${name}`), ...fields });
    expect(second).toMatchObject({ status: 200, source: 'exact_cache' });
    if (path === '/v1/chat/completions') expect(second.text).toBe(first.text);
    expect(upstream.arrived).toHaveLength(1);
  });

  it('share nothing that is local_only', async () => {
    upstream.arrived.length = 0;
    const before = await stored();
    for (const index of [0, 1])
      await ask(index, '/v1/chat/completions', messages('a secret'), { 'x-nearfar-privacy': 'local_only' });
    expect(upstream.arrived).toHaveLength(2);
    expect(await stored()).toBe(before);
  });

  it('forget it in the database too', async () => {
    expect(await stored()).toBeGreaterThan(0);
    const response = await fetch(`${gateways[0]?.url ?? ''}/forget`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ all: true }),
    });
    expect(response.status).toBe(200);
    expect(await stored()).toBe(0);
  });
});
