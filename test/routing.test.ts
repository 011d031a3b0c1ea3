import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerRow } from '../src/ledger/row.ts';
import { fakeUpstream, openaiHello, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** `auto` through the whole gateway, with the official clients: near is a real model, mid and far are stubs. */

let upstream: FakeUpstream;
let gateway: RealGateway;
let client: OpenAI;

const models = [
  { name: 'middle', price: { input: 1, output: 4 } },
  { name: 'big', price: { input: 10, output: 40 } },
];
const elsewhere = () => ({
  mid: 'open/middle',
  far: 'open/big',
  upstreams: [{ name: 'open', baseUrl: `${upstream.url}/v1`, retries: 0, models }],
});
const easy = 'Say hello.';
const hard = 'Prove each step of the following argument and find the one that is wrong. '.repeat(30);

beforeAll(async () => {
  upstream = await fakeUpstream(openaiHello);
  gateway = await realGateway(
    {},
    // By length, so that the test does not hang on what the shipped model has learnt.
    { ...elsewhere(), route: { tiers: ['near', 'mid', 'far'], policy: 'heuristic' } },
  );
  client = new OpenAI({ apiKey: 'any', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.arrived.length = 0;
  upstream.respond = openaiHello;
});

const lastRow = async (from: { readonly gateway: RealGateway['gateway'] }): Promise<LedgerRow> => {
  const [row] = await from.gateway.ledger.recent(1);
  if (row === undefined) throw new Error('the ledger is empty');
  return row;
};

const ask = (content: string, options: { model?: string; privacy?: string } = {}) =>
  client.chat.completions
    .create(
      { model: options.model ?? 'auto', messages: [{ role: 'user', content }], max_completion_tokens: 8 },
      options.privacy === undefined ? {} : { headers: { 'x-nearfar-privacy': options.privacy } },
    )
    .withResponse();

describe('auto', () => {
  it('is near for what is easy, and says so in the header and in the ledger', async () => {
    const { data, response } = await ask(easy);
    expect(data.model).toBe(gateway.modelId);
    expect(response.headers.get('x-nearfar-route')).toMatch(
      /^near; policy=heuristic; difficulty=0\.\d\d; task=\w+; label=open; reason="near: 10 characters/,
    );
    expect(response.headers.get('x-nearfar-route')).not.toContain('hello');
    const { route, costMicros } = await lastRow(gateway);
    expect(costMicros).toBe(0);
    expect(route).toMatchObject({
      tier: 'near',
      policy: 'heuristic',
      expected: [
        { tier: 'near', micros: 0 },
        { tier: 'mid', model: 'open/middle' },
        { tier: 'far', model: 'open/big' },
      ],
    });
    expect(upstream.arrived).toEqual([]);
  });

  it('is far for what is not, streamed too, and an alias to it is it', async () => {
    const { response } = await ask(hard);
    expect(response.headers.get('x-nearfar-model')).toBe('open/big');
    expect(response.headers.get('x-nearfar-route')).toMatch(/^far; policy=heuristic/);
    expect((await lastRow(gateway)).route?.tier).toBe('far');
    const stream = await client.chat.completions
      .create({ model: 'auto', messages: [{ role: 'user', content: hard }], stream: true })
      .withResponse();
    expect(stream.response.headers.get('x-nearfar-route')).toMatch(/^far;/);
    let text = '';
    for await (const chunk of stream.data) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).not.toBe('');
  });

  it('says nothing where a model was named', async () => {
    const { response } = await ask(hard, { model: 'near' });
    expect(response.headers.get('x-nearfar-route')).toBeNull();
    expect((await lastRow(gateway)).route).toBeUndefined();
    const named = await ask(easy, { model: 'mid' });
    expect(named.response.headers.get('x-nearfar-model')).toBe('open/middle');
  });

  it('never leaves with what is marked local_only', async () => {
    const { data, response } = await ask(hard, { privacy: 'local_only' });
    expect(data.model).toBe(gateway.modelId);
    expect(response.headers.get('x-nearfar-route')).toMatch(
      /^near; .*label=local_only; reason="local_only: inside only/,
    );
    expect(upstream.arrived).toEqual([]);
  });

  it('is the same in the language of Anthropic', async () => {
    const anthropic = new Anthropic({ apiKey: 'any', baseURL: gateway.url, maxRetries: 0 });
    const { data, response } = await anthropic.messages
      .create({ model: 'auto', max_tokens: 8, messages: [{ role: 'user', content: hard }] })
      .withResponse();
    expect(data.model).toBe('open/big');
    expect(response.headers.get('x-nearfar-route')).toMatch(/^far;/);
  });

  it('passes as bytes where an upstream speaks the language of the client', async () => {
    const body = { model: 'auto', messages: [{ role: 'user', content: hard }], of_the_vendor: { own: true } };
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.headers.get('x-nearfar-route')).toMatch(/^far;/);
    expect(((await response.json()) as { model: string }).model).toBe('far-model-2026');
    expect(upstream.arrived[0]?.body).toMatchObject({ model: 'big', of_the_vendor: { own: true } });
    expect((await lastRow(gateway)).route).toMatchObject({ tier: 'far', policy: 'heuristic' });
  });

  it('goes on to the next tier where one fails, and says which answered', async () => {
    upstream.respond = (response, request) => {
      if (request.body['model'] === 'big') sendJson(response, 500, { error: { message: 'down' } });
      else openaiHello(response, request);
    };
    const { response } = await ask(hard);
    expect(response.headers.get('x-nearfar-model')).toBe('open/middle');
    expect(response.headers.get('x-nearfar-route')).toMatch(
      /^mid; .*far is not asked: it failed a moment ago/,
    );
    expect((await lastRow(gateway)).route?.tier).toBe('mid');
    // One request, one row.
    const before = await gateway.gateway.ledger.recent(1000);
    await ask(`${hard} Again.`);
    expect((await gateway.gateway.ledger.recent(1000)).length).toBe(before.length + 1);
  });
});

describe("the owner's own model of difficulty", () => {
  it('is asked, and decides', async () => {
    const own = await realGateway(
      {},
      { ...elsewhere(), route: { policy: 'classifier', classifier: 'near' } },
    );
    try {
      const asking = new OpenAI({ apiKey: 'any', baseURL: `${own.url}/v1`, maxRetries: 0 });
      const { response } = await asking.chat.completions
        .create({ model: 'auto', messages: [{ role: 'user', content: easy }], max_completion_tokens: 4 })
        .withResponse();
      expect(response.headers.get('x-nearfar-route')).toMatch(
        /^(near|mid|far); policy=classifier; difficulty=\d\.\d\d; .*difficulty \d\.\d\d \(by smollm2/,
      );
    } finally {
      await own.close();
    }
  });
});

describe('without a near model', () => {
  let far: FarGateway;
  const open = async (route: object): Promise<OpenAI> => {
    far = await farGateway({ ...elsewhere(), route });
    return new OpenAI({ apiKey: 'any', baseURL: `${far.url}/v1`, maxRetries: 0 });
  };

  it('the next tier answers, and says why; what may not leave is a 503', async () => {
    const own = await open({ policy: 'classifier' });
    try {
      const { response } = await own.chat.completions
        .create({ model: 'auto', messages: [{ role: 'user', content: easy }] })
        .withResponse();
      expect(response.headers.get('x-nearfar-model')).toBe('open/middle');
      expect(response.headers.get('x-nearfar-route')).toMatch(
        /^mid; .*near is not asked: smollm2\S* is not here/,
      );
      upstream.arrived.length = 0;
      const refused = own.chat.completions.create(
        { model: 'auto', messages: [{ role: 'user', content: easy }] },
        { headers: { 'x-nearfar-privacy': 'local_only' } },
      );
      await expect(refused).rejects.toMatchObject({ status: 503 });
      expect(upstream.arrived).toEqual([]);
    } finally {
      await far.close();
    }
  });

  it('without a policy auto is near, whatever there is elsewhere', async () => {
    const own = await open({});
    try {
      const asked = own.chat.completions.create({
        model: 'auto',
        messages: [{ role: 'user', content: hard }],
      });
      await expect(asked).rejects.toMatchObject({ status: 404 });
      expect(upstream.arrived).toEqual([]);
    } finally {
      await far.close();
    }
  });

  it('observing sends everything where it went, and writes down what routing would have done', async () => {
    const own = await open({ observe: true, policy: 'heuristic', tiers: ['mid', 'far'] });
    try {
      const { response } = await own.chat.completions
        .create({ model: 'open/big', messages: [{ role: 'user', content: easy }] })
        .withResponse();
      expect(response.headers.get('x-nearfar-model')).toBe('open/big');
      expect(response.headers.get('x-nearfar-route')).toMatch(/^observe; would=mid; policy=heuristic/);
      const { route } = await lastRow(far);
      expect(route).toMatchObject({ tier: 'far', observed: { tier: 'mid', model: 'open/middle' } });
      expect(route?.observed?.micros).toBeGreaterThan(0);
    } finally {
      await far.close();
    }
  });
});
