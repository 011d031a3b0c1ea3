import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeUpstream, openaiChunk, openaiUsageChunk, beginStream, sendJson } from './fake-upstream.ts';
import type { Arrived, FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** What comparisons may not tell anybody, over the real server with two tiers elsewhere. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let upstream: FakeUpstream;
let far: FarGateway;
let highAnswer = 'Four.';

function respond(response: Parameters<FakeUpstream['respond']>[0], { body }: Arrived): void {
  const texts: Readonly<Record<string, string>> = {
    low: 'It is four.',
    high: highAnswer,
    judge: '{"reason":"so","verdict":"A"}',
  };
  const content = texts[String(body['model'])] ?? '';
  if (body['stream'] !== true) {
    const message = { role: 'assistant', content };
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: 'x',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 50, completion_tokens: 10 },
    });
    return;
  }
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content }));
  response.write(openaiChunk({}, 'stop'));
  response.write(openaiUsageChunk);
  response.end('data: [DONE]\n\n');
}

beforeEach(async () => {
  upstream = await fakeUpstream(respond);
  const price = { input: 1, output: 10 };
  far = await farGateway({
    upstreams: [
      {
        name: 'open',
        baseUrl: `${upstream.url}/v1`,
        models: ['low', 'high', 'judge'].map((name) => ({ name, price, contextTokenCount: 8192 })),
      },
    ],
    route: {
      policy: 'low',
      tiers: [
        { name: 'low', model: 'open/low' },
        { name: 'high', model: 'open/high' },
      ],
    },
    shadow: { share: 1, judge: 'open/judge' },
    capture: 'all',
  });
});
afterEach(async () => {
  await far.close();
  await upstream.close();
});

async function ask(content: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${far.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'open/low', messages: [{ role: 'user', content }] }),
  });
  await response.text();
  return response.status;
}

/** The page of metrics once nothing waits. */
async function settled(): Promise<string> {
  for (;;) {
    const page = await (await fetch(`${far.url}/metrics`)).text();
    if (/^nearfar_shadow_pending 0$/m.test(page)) return page;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const modelsAsked = () => upstream.arrived.map(({ body }) => body['model']);

describe('a comparison', () => {
  it('of open words is made, and what it asked is not captured', async () => {
    highAnswer = 'Four.';
    expect(await ask('How much is two and two?')).toBe(200);
    expect(await settled()).toMatch(/^nearfar_shadow_judged_total 1$/m);
    expect(modelsAsked()).toEqual(['low', 'high', 'judge', 'judge']);
    const rows = await far.rows();
    expect(rows.map(({ purpose }) => purpose ?? 'client').sort()).toEqual([
      'client',
      'judge',
      'judge',
      'shadow',
    ]);
    expect(await (await fetch(`${far.url}/metrics`)).text()).toMatch(/^nearfar_captured_total [01]$/m);
  });

  it('whose alternative says what may not leave is given up before any judge reads it', async () => {
    highAnswer = 'Write to maria.gonzalez@example-clinic.com, IBAN DE89 3704 0044 0532 0130 00.';
    expect(await ask('How much is two and two?')).toBe(200);
    expect(await settled()).toMatch(/^nearfar_shadow_dropped_total\{reason="privacy"\} 1$/m);
    expect(modelsAsked()).toEqual(['low', 'high']);
  });

  it('is none of what is marked local_only or found to be somebody’s', async () => {
    highAnswer = 'Four.';
    await ask('planted-one', { 'x-nearfar-privacy': 'local_only' });
    await ask('planted-two: my IBAN is DE89 3704 0044 0532 0130 00');
    expect(await settled()).toMatch(/^nearfar_shadow_judged_total 0$/m);
    expect(upstream.arrived.filter(({ text }) => text.includes('planted'))).toEqual([]);
  });
});
