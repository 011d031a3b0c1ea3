import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { fakeUpstream, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Of two members of one name JSON readers take the last: where bytes pass, nobody would have read the first. */

const secret = 'My social security number is 524-71-9063.';
const said = (content: string): string => `[{"role":"user","content":"${content}"}]`;

let upstream: FakeUpstream;
let real: FarGateway;

beforeAll(async () => {
  upstream = await fakeUpstream((response) => {
    const message = { role: 'assistant', content: 'Hi' };
    sendJson(response, 200, {
      ...{ id: 'x', object: 'chat.completion', data: [] },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    });
  });
  real = await farGateway({
    logLevel: 'error',
    upstreams: [{ name: 'up', baseUrl: `${upstream.url}/v1`, retries: 0, models: ['big'] }],
  });
});
beforeEach(() => {
  upstream.arrived.length = 0;
});
afterAll(async () => {
  await real.close();
  await upstream.close();
});

const ask = (path: string, body: string): Promise<Response> =>
  fetch(`${real.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

it.each([
  ['messages', '/v1/chat/completions', `"messages":${said(secret)},"messages":${said('Hi')}`],
  ['a content', '/v1/chat/completions', `"messages":${said(`${secret}","content":"Hi`)}`],
  ['a bound', '/v1/chat/completions', `"max_tokens":99999,"max_tokens":1,"messages":${said('Hi')}`],
  ['a text to embed', '/v1/embeddings', `"input":"${secret}","input":"Hi"`],
])('%s that stands there twice does not pass', async (_, path, members) => {
  const response = await ask(path, `{"model":"up/big",${members}}`);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('a member twice');
  expect(upstream.connectionCount()).toBe(0);
});

it('once passes as it is', async () => {
  const body = `{ "model": "up/big", "messages": ${said('A \\"quoted\\": colon')} }`;
  const response = await ask('/v1/chat/completions', body);
  expect(response.status).toBe(200);
  expect(upstream.arrived[0]?.text).toContain('A \\"quoted\\": colon');
});
