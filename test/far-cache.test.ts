import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicHello,
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiHello,
  sendJson,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Answers of upstreams that are given again, as bytes and as parts. */

const alice = 'alice-0123456789abcdef';
const bob = 'bob-0123456789abcdef';
const poor = 'poor-0123456789abcdef';
let open: FakeUpstream;
let claude: FakeUpstream;
let far: FarGateway;
let secrets: string;

const price = { input: 2, output: 10 };
const upstreamsOf = () => [
  { name: 'open', baseUrl: `${open.url}/v1`, models: [{ name: 'big', price }, 'small'], retries: 0 },
  {
    name: 'claude',
    protocol: 'anthropic',
    baseUrl: claude.url,
    models: [{ name: 'clever', maxTokenCount: 100, price }],
    retries: 0,
  },
];

beforeAll(async () => {
  open = await fakeUpstream(openaiHello);
  claude = await fakeUpstream(anthropicHello);
  secrets = mkdtempSync(join(tmpdir(), 'nearfar-cache-keys-'));
  const keys = Object.entries({ alice, bob, poor }).map(([name, secret]) => {
    const file = join(secrets, name);
    writeFileSync(file, secret, { mode: 0o600 });
    return { name, file, scopes: ['use', 'admin'], ...(name === 'poor' ? { budgetPerDay: 0.005 } : {}) };
  });
  far = await farGateway({
    keys,
    logLevel: 'error',
    aliases: { chained: 'open/big' },
    fallbacks: { chained: ['claude/clever'] },
    upstreams: upstreamsOf(),
  });
});

afterAll(async () => {
  await far.close();
  await Promise.all([open.close(), claude.close()]);
  rmSync(secrets, { recursive: true });
});

beforeEach(() => {
  open.respond = openaiHello;
  claude.respond = anthropicHello;
  for (const upstream of [open, claude]) upstream.arrived.length = 0;
});

const openai = (apiKey = alice) => new OpenAI({ apiKey, baseURL: `${far.url}/v1`, maxRetries: 0 });
const anthropic = (apiKey = alice) => new Anthropic({ apiKey, baseURL: far.url, maxRetries: 0 });

let questionCount = 0;
/** One that nobody has asked. */
function question(model = 'open/big') {
  questionCount += 1;
  const messages = [{ role: 'user' as const, content: `Question ${questionCount}?` }];
  return { model, temperature: 0, max_tokens: 50, messages };
}

function post(
  body: object | string,
  secret = alice,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${far.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Where an answer came from, by its header. */
async function sourceOf(body: object | string, secret?: string, headers?: Record<string, string>) {
  const response = await post(body, secret, headers);
  await response.text();
  return response.headers.get('x-nearfar-cache');
}

describe('a request in the upstream’s own dialect, asked again', () => {
  it('gets the same bytes, whole, at no cost', async () => {
    const asked = question();
    const first = await openai().chat.completions.create(asked).withResponse();
    expect(first.response.headers.get('x-nearfar-cache')).toBeNull();
    const again = await openai().chat.completions.create(asked).withResponse();
    expect(again.response.headers.get('x-nearfar-cache')).toBe('exact_cache');
    expect(again.response.headers.get('x-nearfar-model')).toBe('open/big');
    expect(again.data).toEqual(first.data);
    expect(open.arrived).toHaveLength(1);
    expect((await far.rows())[0]).toMatchObject({
      answeringModel: 'open/big',
      upstream: 'open',
      answerSource: 'exact_cache',
      costMicros: 0,
      uncachedCostMicros: 4000,
      promptTokenCount: 1000,
      completionTokenCount: 200,
      finish: 'stop',
      status: 200,
    });
    expect((await far.rows())[0]).not.toHaveProperty('prefix');
  });

  it('gets the same stream, byte for byte', async () => {
    const asked = { ...question(), stream: true };
    const [first, again] = [await post(asked), await post(asked)];
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(await again.text()).toBe(await first.text());
    expect(again.headers.get('x-nearfar-cache')).toBe('exact_cache');
    const stream = await openai().chat.completions.create({ ...asked, stream: true as const });
    let said = '';
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? '';
    expect(said).toBe('Hello there');
    expect(open.arrived).toHaveLength(1);
    // A whole answer is another entry: its bytes are others.
    expect(await sourceOf({ ...asked, stream: false })).toBeNull();
  });

  it('gets Anthropic’s stream too, whatever the marks for its prompt cache', async () => {
    const ask = (mark: object) =>
      anthropic()
        .messages.stream({
          ...question('claude/clever'),
          messages: [{ role: 'user', content: [{ type: 'text', text: 'Always this?', ...mark }] }],
        })
        .finalMessage();
    const first = await ask({});
    const again = await ask({ cache_control: { type: 'ephemeral' } });
    expect(again).toEqual(first);
    expect(claude.arrived).toHaveLength(1);
    expect((await far.rows())[0]).toMatchObject({ answerSource: 'exact_cache', costMicros: 0 });
  });

  it('is the same one with its members in another order', async () => {
    const asked = question();
    await sourceOf(asked);
    const turned = JSON.stringify(Object.fromEntries(Object.entries(asked).toReversed()), null, 2);
    expect(await sourceOf(turned)).toBe('exact_cache');
  });

  it('is another one where anything differs', async () => {
    const asked = question();
    await sourceOf(asked);
    const others: object[] = [
      { ...asked, max_tokens: 51 },
      { ...asked, seed: 1 },
      { ...asked, top_p: 1 },
      { ...asked, stop: ['x'] },
      { ...asked, n: 1 },
      { ...asked, reasoning_effort: 'low' },
      { ...asked, response_format: { type: 'json_object' } },
      { ...asked, user: 'somebody' },
      { ...asked, model: 'open/small' },
      { ...asked, messages: [{ role: 'system', content: 'Be brief.' }, ...asked.messages] },
    ];
    for (const other of others) expect(await sourceOf(other)).toBeNull();
    expect(await sourceOf(asked, alice, { 'x-nearfar-cache': 'off' })).toBeNull();
    expect(await sourceOf(asked, alice, { 'x-nearfar-cache': 'refresh' })).toBeNull();
    expect(await sourceOf(asked, bob)).toBeNull();
    expect(open.arrived).toHaveLength(others.length + 4);
    expect(await sourceOf(asked)).toBe('exact_cache');
  });

  it('is asked anew where it is drawn or may call tools, unless the client wants it', async () => {
    const drawn = { ...question(), temperature: 1 };
    const tools = [{ type: 'function', function: { name: 'send', parameters: { type: 'object' } } }];
    for (const asked of [drawn, { ...question(), tools }, { ...question(), temperature: undefined }]) {
      await sourceOf(asked);
      expect(await sourceOf(asked)).toBeNull();
      const wanted = { 'x-nearfar-cache': 'use' };
      await sourceOf(asked, alice, wanted);
      expect(await sourceOf(asked, alice, wanted)).toBe('exact_cache');
    }
  });

  it('is forgotten when its owner wants it', async () => {
    const asked = question();
    await sourceOf(asked);
    const body = JSON.stringify({ tenant: 'alice' });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${alice}` };
    await fetch(`${far.url}/forget`, { method: 'POST', headers, body });
    expect(await sourceOf(asked)).toBeNull();
  });
});

describe('what is not kept', () => {
  it.each([
    [400, 400],
    [500, 502],
  ])('is an error (%i)', async (status, told) => {
    const asked = question();
    open.respond = (response) => {
      sendJson(response, status, { error: { message: 'No.' } });
    };
    expect((await post(asked)).status).toBe(told);
    open.respond = openaiHello;
    expect(await sourceOf(asked)).toBeNull();
    expect(open.arrived).toHaveLength(2);
  });

  it.each(['in its middle', 'behind its last choice'])('is a stream that broke off %s', async (where) => {
    const asked = { ...question(), stream: true };
    open.respond = (response) => {
      beginStream(response);
      response.write(openaiChunk({ content: 'Half' }));
      if (where !== 'in its middle') response.write(openaiChunk({}, 'stop'));
      setTimeout(() => response.destroy(), 10);
    };
    await (await post(asked)).text();
    open.respond = openaiHello;
    expect(await sourceOf(asked)).toBeNull();
    expect(open.arrived).toHaveLength(2);
  });

  it('is what nobody here understood', async () => {
    const asked = { ...question(), stream: true };
    open.respond = (response) => {
      beginStream(response);
      response.end('data: {"choices": "odd"}\n\ndata: [DONE]\n\n');
    };
    await sourceOf(asked);
    expect(await sourceOf(asked)).toBeNull();
  });
});

describe('the same request twenty times at once', () => {
  it.each([
    ['as bytes, streamed', 'open/big', true],
    ['as bytes, whole', 'open/big', false],
    ['in parts', 'claude/clever', true],
  ])('asks the upstream once (%s)', async (_, model, stream) => {
    let goOn = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (goOn = resolve));
    open.respond = async (response, request) => {
      await arrived;
      openaiHello(response, request);
    };
    claude.respond = async (response) => {
      await arrived;
      anthropicHello(response);
    };
    const asked = { ...question(model), stream };
    const answers = Array.from({ length: 20 }, () => post(asked));
    // All of them stand at the gateway before the first gets anything.
    await new Promise((resolve) => setTimeout(resolve, 200));
    goOn();
    const responses = await Promise.all(answers);
    const texts = await Promise.all(responses.map((response) => response.text()));
    expect(texts.every((text) => text.includes('there'))).toBe(true);
    expect(open.arrived.length + claude.arrived.length).toBe(1);
    const rows = (await far.rows()).slice(0, 20);
    expect(rows.filter(({ answerSource }) => answerSource === 'model')).toHaveLength(1);
    expect(
      rows.filter(({ answerSource, costMicros }) => answerSource === 'flight' && costMicros === 0),
    ).toHaveLength(19);
    expect(rows.every(({ uncachedCostMicros }) => uncachedCostMicros === 4000)).toBe(true);
  });

  it('goes on for the others when the first one leaves', async () => {
    const asked = { ...question(), stream: true };
    open.respond = async (response, request) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      openaiHello(response, request);
    };
    const stop = new AbortController();
    const first = openai().chat.completions.create(
      { ...asked, stream: true as const },
      { signal: stop.signal },
    );
    await expect.poll(() => open.arrived.length).toBe(1);
    const second = post(asked);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    await expect(first).rejects.toThrow();
    expect(await (await second).text()).toContain('there');
    expect(open.arrived).toHaveLength(1);
    expect(open.arrived[0]?.isCut).toBe(false);
  });
});

describe('an answer that is put into another dialect', () => {
  it('is kept by what the client stated, and streamed or whole at will', async () => {
    const asked = question('claude/clever');
    const first = await openai().chat.completions.create(asked).withResponse();
    expect(first.response.headers.get('x-nearfar-cache')).toBeNull();
    const again = await openai().chat.completions.create(asked).withResponse();
    expect(again.response.headers.get('x-nearfar-cache')).toBe('exact_cache');
    expect(again.data.choices).toEqual(first.data.choices);
    const stream = await openai().chat.completions.create({ ...asked, stream: true });
    let said = '';
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? '';
    expect(said).toBe('Hello there');
    expect(claude.arrived).toHaveLength(1);
    expect((await far.rows())[0]).toMatchObject({
      answerSource: 'exact_cache',
      upstream: 'claude',
      costMicros: 0,
      uncachedCostMicros: 4000,
    });
    // 1 is the dialect's default: said, it is sent; unsaid, the upstream's own default holds.
    expect(await sourceOf({ ...asked, top_p: 1 })).toBeNull();
    expect(await sourceOf({ ...asked, temperature: undefined })).toBeNull();
    expect(await sourceOf(asked, bob)).toBeNull();
  });

  it('is not kept where a fallback gave it', async () => {
    const asked = question('chained');
    open.respond = (response) => {
      sendJson(response, 500, { error: { message: 'No.' } });
    };
    expect(await sourceOf(asked)).toBeNull();
    expect(claude.arrived).toHaveLength(1);
    open.respond = openaiHello;
    expect(await sourceOf(asked)).toBeNull();
    expect(await sourceOf(asked)).toBe('exact_cache');
    expect(claude.arrived).toHaveLength(1);
  });
});

it('a kept answer is given though the budget is spent', async () => {
  // One answer of the stub costs 4,000 millionths, of which this key has 5,000 a day.
  const asked = { ...question(), max_tokens: 200 };
  expect((await post(asked, poor)).status).toBe(200);
  await expect
    .poll(async () => (await far.rows()).find(({ keyName }) => keyName === 'poor')?.costMicros)
    .toBeGreaterThan(0);
  expect((await post({ ...question(), max_tokens: 200 }, poor)).status).toBe(402);
  const again = await post(asked, poor);
  expect(again.status).toBe(200);
  expect(again.headers.get('x-nearfar-cache')).toBe('exact_cache');
});

it('upstreams that get the client’s key answer each account by itself; without the setting nothing is kept', async () => {
  const forwarding = { ...upstreamsOf()[0], forwardClientKey: true };
  const one = await farGateway({ logLevel: 'error', upstreams: [forwarding, upstreamsOf()[1]] });
  const none = await farGateway({ logLevel: 'error', cache: { upstreams: false }, upstreams: upstreamsOf() });
  try {
    const ask = async ({ url }: FarGateway, model: string, secret: string) => {
      const body = JSON.stringify({ ...question(model), messages: [{ role: 'user', content: 'Same.' }] });
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}` };
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
      await response.text();
      return response.headers.get('x-nearfar-cache');
    };
    expect(await ask(one, 'open/big', 'sk-one')).toBeNull();
    expect(await ask(one, 'open/big', 'sk-two')).toBeNull();
    expect(await ask(one, 'open/big', 'sk-one')).toBe('exact_cache');
    // This one gets the owner's key, whoever asks.
    expect(await ask(one, 'claude/clever', 'sk-one')).toBeNull();
    expect(await ask(one, 'claude/clever', 'sk-two')).toBe('exact_cache');
    for (const model of ['open/big', 'claude/clever']) {
      await ask(none, model, 'sk-one');
      expect(await ask(none, model, 'sk-one')).toBeNull();
    }
  } finally {
    await Promise.all([one.close(), none.close()]);
  }
});

it('metrics and `nearfar costs` count them', async () => {
  const asked = question();
  for (let time = 0; time < 2; time += 1) await sourceOf(asked);
  const headers = { authorization: `Bearer ${alice}` };
  const metrics = await (await fetch(`${far.url}/metrics`, { headers })).text();
  expect(metrics).toMatch(/nearfar_answers_total\{source="exact_cache"\} [1-9]/);
  expect(metrics).toMatch(/nearfar_answers_total\{source="flight"\} [1-9]/);
  expect(metrics).toMatch(/nearfar_answer_cache_bytes [1-9]/);
});

it('OpenAI’s chunk of usage that the client did not ask for is in no replay', async () => {
  const asked = { ...question(), stream: true };
  await sourceOf(asked);
  const text = await (await post(asked)).text();
  expect(text).not.toContain('prompt_tokens');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});
