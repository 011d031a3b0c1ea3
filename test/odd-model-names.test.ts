import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginStream, fakeUpstream, openaiChunk, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Clients choose the names of models at upstreams, and headers repeat them. */

let upstream: FakeUpstream;
let real: FarGateway;

beforeAll(async () => {
  upstream = await fakeUpstream((response, { body }) => {
    const message = { role: 'assistant', content: 'Hi' };
    if (body['stream'] !== true) {
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      sendJson(response, 200, { id: 'x', object: 'chat.completion', choices });
      return;
    }
    beginStream(response);
    response.write(openaiChunk(message));
    response.write(openaiChunk({}, 'stop'));
    response.end('data: [DONE]\n\n');
  });
  real = await farGateway({
    logLevel: 'error',
    upstreams: [{ name: 'up', baseUrl: `${upstream.url}/v1`, retries: 0, models: ['big'] }],
  });
});
afterAll(async () => {
  await real.close();
  await upstream.close();
});

it.each(['up/\u65e5\u672c', 'up/a\nb', 'up/50%', 'up/gr\u00fcn'])(
  '%j answers like any other',
  async (model) => {
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      for (const stream of [true, false]) {
        const response = await fetch(`${real.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            ...{ model, stream, max_tokens: 5 },
            messages: [{ role: 'user', content: 'What is the capital of France?' }],
          }),
        });
        expect(response.status).toBe(200);
        expect(await response.text()).toContain('Hi');
        expect(decodeURIComponent(response.headers.get('x-nearfar-model') ?? '')).toBe(model);
      }
    }
  },
);
