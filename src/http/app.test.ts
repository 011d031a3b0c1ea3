import { describe, expect, it } from 'vitest';
import { fakeGateway } from '../../test/fake-gateway.ts';
import { NearfarError } from '../chat/error.ts';
import type { Scope } from '../access/access.ts';
import type { AppDependencies } from './dependencies.ts';

const messages = [{ role: 'user', content: 'x' }];

function post(
  app: ReturnType<typeof fakeGateway>['app'],
  path: string,
  body: object,
  headers = {},
): Promise<Response> {
  return Promise.resolve(
    app.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }),
  );
}

/** Keys `user` and `boss`; nobody else. */
const keyed: Pick<AppDependencies, 'access'> = {
  access: {
    authenticate(secret) {
      const scopes: Scope[] | undefined =
        secret === 'boss' ? ['use', 'admin'] : secret === 'user' ? ['use'] : undefined;
      if (scopes === undefined) throw new NearfarError('unauthorized', 'A key is needed.');
      return { keyName: secret ?? '', tenant: secret ?? '', scopes: new Set(scopes) };
    },
  },
};

describe('the class of a request', () => {
  it('comes from the header in every dialect, and before what a body says', async () => {
    const { app, seen } = fakeGateway();
    const header = { 'x-nearfar-priority': 'bulk' };
    await post(app, '/v1/chat/completions', { model: 'auto', messages, service_tier: 'priority' }, header);
    await post(app, '/v1/messages', { model: 'auto', messages, max_tokens: 1 }, header);
    await post(app, '/api/chat', { model: 'auto', messages, stream: false }, header);
    expect(seen.requests.map(({ priority }) => priority)).toEqual(['bulk', 'bulk', 'bulk']);
  });

  it("comes from OpenAI's service_tier without one, and is default without both", async () => {
    const { app, seen } = fakeGateway();
    for (const tier of ['flex', 'priority', 'auto', 'default'])
      await post(app, '/v1/chat/completions', { model: 'auto', messages, service_tier: tier });
    await post(app, '/v1/completions', { model: 'auto', prompt: 'x', service_tier: 'flex' });
    await post(app, '/v1/messages', { model: 'auto', messages, max_tokens: 1, service_tier: 'auto' });
    await post(app, '/api/chat', { model: 'auto', messages, stream: false });
    expect(seen.requests.map(({ priority }) => priority)).toEqual([
      'bulk',
      'interactive',
      'default',
      'default',
      'bulk',
      'default',
      'default',
    ]);
  });

  it('is a 400 that names the header where it is not one', async () => {
    const { app, seen } = fakeGateway();
    const header = { 'x-nearfar-priority': 'urgent' };
    const openai = await post(app, '/v1/chat/completions', { model: 'auto', messages }, header);
    expect(openai.status).toBe(400);
    expect(await openai.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: 'x-nearfar-priority' },
    });
    const anthropic = await post(app, '/v1/messages', { model: 'auto', messages, max_tokens: 1 }, header);
    expect(anthropic.status).toBe(400);
    expect(await anthropic.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    const ollama = await post(app, '/api/chat', { model: 'auto', messages }, header);
    expect(ollama.status).toBe(400);
    expect(JSON.stringify(await ollama.json())).toContain('interactive, default or bulk');
    expect(seen.requests).toHaveLength(0);
  });
});

describe('keys', () => {
  it('are read from Authorization or x-api-key; without one it is 401 in each dialect', async () => {
    const { app, seen } = fakeGateway(undefined, keyed);
    const refused = await post(app, '/v1/chat/completions', { model: 'auto', messages });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
    const anthropic = await post(app, '/v1/messages', { model: 'auto', messages, max_tokens: 1 });
    expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    const ollama = await post(app, '/api/chat', { model: 'auto', messages });
    expect(await ollama.json()).toEqual({ error: 'A key is needed.' });
    expect(seen.requests).toHaveLength(0);
    // Each refused prompt is told to the ledger.
    expect(seen.refused.map((error) => error.kind)).toEqual(['unauthorized', 'unauthorized', 'unauthorized']);

    expect(
      (await post(app, '/v1/chat/completions', { model: 'auto', messages }, { authorization: 'Bearer user' }))
        .status,
    ).toBe(200);
    expect(
      (await post(app, '/v1/messages', { model: 'auto', messages, max_tokens: 1 }, { 'x-api-key': 'user' }))
        .status,
    ).toBe(200);
    expect(seen.requests.map((request) => request.tenant)).toEqual(['user', 'user']);
  });

  it('need admin to pull and delete', async () => {
    const { app, seen } = fakeGateway(undefined, keyed);
    const remove = (key: string): Response | Promise<Response> =>
      app.request('/api/delete', {
        method: 'DELETE',
        body: JSON.stringify({ model: 'tiny' }),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      });
    expect((await post(app, '/api/pull', { model: 'tiny' }, { authorization: 'Bearer user' })).status).toBe(
      403,
    );
    expect((await remove('user')).status).toBe(403);
    expect(seen.pulled).toEqual([]);
    expect(seen.removed).toEqual([]);
    expect((await remove('boss')).status).toBe(200);
    expect(seen.removed).toEqual(['tiny']);
  });

  it('are not asked for by probes, but by metrics', async () => {
    const { app } = fakeGateway(undefined, keyed);
    for (const path of ['/', '/health', '/ready', '/openapi.json', '/api/version']) {
      expect((await app.request(path)).status).toBe(200);
    }
    // Ollama's own command line asks so whether a server is there.
    expect((await app.request('/', { method: 'HEAD' })).status).toBe(200);
    expect((await app.request('/metrics')).status).toBe(401);
    expect((await app.request('/metrics', { headers: { authorization: 'Bearer user' } })).status).toBe(200);
  });
});

describe('the server itself', () => {
  it('says why it is not ready', async () => {
    const { app } = fakeGateway(undefined, {
      readiness: () => ({ ready: false, reason: 'No model is here.' }),
    });
    const response = await app.request('/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reason: 'No model is here.' });
  });

  it('answers unknown paths in the dialect of the path', async () => {
    const { app } = fakeGateway();
    expect(await (await post(app, '/v1/batches', {})).json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringContaining('batches') as string },
    });
    expect(await (await post(app, '/api/create', {})).json()).toMatchObject({
      error: expect.stringContaining('nearfar pull') as string,
    });
    expect((await app.request('/nowhere')).status).toBe(404);
    const misplaced = await post(app, '/chat/completions', { model: 'auto', messages });
    expect(misplaced.status).toBe(404);
    expect(await misplaced.text()).toContain('ends in /v1');
  });

  it('reports its own failures without telling the client about them', async () => {
    const { app, seen } = fakeGateway(async function* () {
      yield* [];
      throw new Error('secret detail');
    });
    const response = await post(app, '/v1/chat/completions', { model: 'auto', messages });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(seen.reported).toHaveLength(1);
    expect(seen.reported[0]?.cause).toMatchObject({ message: 'secret detail' });
  });

  it('ends an answer that breaks off without an end in an error', async () => {
    const { app } = fakeGateway(async function* () {
      yield { type: 'start', model: 'tiny', grade: 'basic', promptTokenCount: 1, cachedTokenCount: 0 };
      yield { type: 'text-delta', choice: 0, text: 'Half' };
    });
    const text = await (
      await post(app, '/v1/chat/completions', { model: 'auto', messages, stream: true })
    ).text();
    expect(text).toContain('Half');
    expect(text.match(/"error"/g)).toHaveLength(1);
    expect(text).not.toContain('[DONE]');
    expect((await post(app, '/v1/chat/completions', { model: 'auto', messages })).status).toBe(500);
  });

  it('takes the values that clients send for "off" and "the likeliest only"', async () => {
    const { app, seen } = fakeGateway();
    await post(app, '/v1/chat/completions', { model: 'auto', messages, top_p: 0, top_k: -1 });
    expect(seen.requests.at(-1)?.sampling).toMatchObject({ topP: 1e-6, topK: 0, minP: 0 });
    await post(app, '/v1/chat/completions', { model: 'auto', messages });
    expect(seen.requests.at(-1)?.sampling).toMatchObject({ topP: 1, topK: 0, minP: 0.05 });
  });

  it('sets a deadline where the client asks for one', async () => {
    const { app, seen } = fakeGateway();
    await post(app, '/v1/chat/completions', { model: 'auto', messages }, { 'x-nearfar-timeout-ms': '5000' });
    const deadlineAt = seen.requests[0]?.deadlineAt ?? 0;
    expect(deadlineAt).toBeGreaterThan(Date.now());
    expect(deadlineAt).toBeLessThanOrEqual(Date.now() + 5000);
    const bad = await post(
      app,
      '/v1/chat/completions',
      { model: 'auto', messages },
      { 'x-nearfar-timeout-ms': '5s' },
    );
    expect(bad.status).toBe(400);
  });
});
