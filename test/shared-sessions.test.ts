import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { postgresMissing, startPostgres, type PostgresServer } from './postgres.ts';

/** Two gateways on one PostgreSQL: a session that one of them tainted stays tainted at the other. */

describe.skipIf(postgresMissing !== null)('tainted sessions of gateways that share a database', () => {
  let server: PostgresServer;
  let upstream: FakeUpstream;
  let gateways: FarGateway[];
  let isServerClosed = false;

  beforeAll(async () => {
    server = await startPostgres();
    process.env['DATABASE_URL'] = server.url.reveal();
    upstream = await fakeUpstream(openaiHello);
    const file = {
      logLevel: 'error',
      privacy: { mode: 'block' },
      upstreams: [{ name: 'open', baseUrl: `${upstream.url}/v1`, models: ['big'] }],
    };
    gateways = [await farGateway(file), await farGateway(file)];
  }, 60_000);

  afterAll(async () => {
    process.env['DATABASE_URL'] = '';
    for (const gateway of gateways) await gateway.close();
    await upstream.close();
    if (!isServerClosed) await server.close();
  });

  async function ask(index: number, session: string | null, ...contents: readonly string[]) {
    const response = await fetch(`${gateways[index]?.url ?? ''}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-nearfar-cache': 'off',
        ...(session === null ? {} : { 'x-nearfar-session': session }),
      },
      body: JSON.stringify({
        model: 'open/big',
        max_tokens: 50,
        messages: contents.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
      }),
    });
    return { status: response.status, text: await response.text() };
  }

  it('are known by name and by how they begin', { timeout: 60_000 }, async () => {
    expect((await ask(1, 'tour', 'What is basalt?')).status).toBe(200);
    expect((await ask(0, 'tour', 'Mail jane.doe@example.com')).status).toBe(403);
    upstream.arrived.length = 0;
    const later = await ask(1, 'tour', 'And what is granite?');
    expect(later.status).toBe(403);
    expect(later.text).toContain('tainted before');
    expect((await ask(1, 'another', 'And what is granite?')).status).toBe(200);
    expect(upstream.arrived).toHaveLength(1);
    // Without a name: the beginning and its answer.
    expect((await ask(0, null, 'My card is 4111 1111 1111 1111', 'So it is.', 'Next?')).status).toBe(403);
    expect((await ask(1, null, 'My card is 4111 1111 1111 1111', 'So it is.', 'Next?')).status).toBe(403);
  });

  it('are taken for tainted while the database is away', { timeout: 60_000 }, async () => {
    await server.close();
    isServerClosed = true;
    upstream.arrived.length = 0;
    const unknown = await ask(1, 'another', 'And what is gneiss?');
    expect(unknown.status).toBe(403);
    expect(unknown.text).toContain('the database does not answer');
    // What taints a session is refused where the other gateways cannot be told.
    expect((await ask(0, 'third', 'Mail jane.doe@example.com')).status).toBe(503);
    expect(upstream.arrived).toHaveLength(0);
    // A request of no session needs no database.
    expect((await ask(0, null, 'What is slate?')).status).toBe(200);
  });
});
