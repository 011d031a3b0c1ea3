import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anthropicHello, fakeUpstream, openaiHello, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

const secret = 'sk-owner-0123456789abcdef';
let openaiLike: FakeUpstream;
let anthropicLike: FakeUpstream;
let inside: FakeUpstream;
let far: FarGateway;

beforeAll(async () => {
  process.env['FAR_TEST_KEY'] = secret;
  openaiLike = await fakeUpstream(openaiHello);
  anthropicLike = await fakeUpstream(anthropicHello);
  inside = await fakeUpstream(openaiHello);
  far = await farGateway({
    far: 'open/big',
    upstreams: [
      {
        name: 'open',
        baseUrl: `${openaiLike.url}/v1`,
        env: 'FAR_TEST_KEY',
        models: [{ name: 'big', price: { input: 2, output: 10, cacheRead: 0.5 } }],
        retries: 0,
      },
      {
        name: 'claude',
        protocol: 'anthropic',
        baseUrl: anthropicLike.url,
        env: 'FAR_TEST_KEY',
        models: ['clever'],
        retries: 0,
      },
      {
        name: 'cluster',
        baseUrl: `${inside.url}/v1`,
        boundary: 'inside',
        forwardClientKey: true,
        models: ['own'],
        retries: 0,
      },
    ],
  });
});

afterAll(async () => {
  delete process.env['FAR_TEST_KEY'];
  await far.close();
  await Promise.all([openaiLike.close(), anthropicLike.close(), inside.close()]);
});

beforeEach(() => {
  for (const upstream of [openaiLike, anthropicLike, inside]) upstream.arrived.length = 0;
  openaiLike.respond = openaiHello;
});

const hello = [{ role: 'user' as const, content: 'Say hello.' }];
const openai = (key = 'client-key-abcdef') =>
  new OpenAI({ apiKey: key, baseURL: `${far.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: 'client-key', baseURL: far.url, maxRetries: 0 });
const ollama = () => new Ollama({ host: far.url });

describe('a far model', () => {
  it('answers the openai client from an Anthropic upstream, whole and streamed', async () => {
    const { data, response } = await openai()
      .chat.completions.create({ model: 'claude/clever', messages: hello, temperature: 0.5, stop: 'END' })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello there');
    expect(data.model).toBe('claude/clever');
    expect(response.headers.get('x-nearfar-model')).toBe('claude/clever');
    expect(data.usage).toMatchObject({
      prompt_tokens: 1000,
      completion_tokens: 200,
      prompt_tokens_details: { cached_tokens: 400 },
    });
    expect(anthropicLike.arrived[0]?.path).toBe('/v1/messages');
    expect(anthropicLike.arrived[0]?.headers).toMatchObject({
      'x-api-key': secret,
      'anthropic-version': '2023-06-01',
    });
    expect(anthropicLike.arrived[0]?.body).toEqual({
      model: 'clever',
      max_tokens: 4096,
      messages: hello,
      temperature: 0.5,
      stop_sequences: ['END'],
      stream: true,
    });
    const stream = await openai().chat.completions.create({ model: 'clever', messages: hello, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello there');
  });

  it('answers the anthropic client from an OpenAI upstream', async () => {
    const stream = anthropic().messages.stream({
      model: 'far',
      max_tokens: 50,
      system: 'Be kind.',
      messages: hello,
    });
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello there' }]);
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage).toMatchObject({
      input_tokens: 600,
      cache_read_input_tokens: 400,
      output_tokens: 200,
    });
    expect(openaiLike.arrived[0]?.headers.authorization).toBe(`Bearer ${secret}`);
    expect(openaiLike.arrived[0]?.body).toEqual({
      model: 'big',
      messages: [{ role: 'system', content: 'Be kind.' }, ...hello],
      max_tokens: 50,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('answers the ollama client, without the defaults of its dialect', async () => {
    const answer = await ollama().chat({ model: 'far', messages: hello, options: { num_predict: 9 } });
    expect(answer.message.content).toBe('Hello there');
    expect(openaiLike.arrived[0]?.body).toEqual({
      model: 'big',
      messages: hello,
      max_tokens: 9,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('leaves a ledger row with its upstream, its tokens and its cost; an unknown price is unknown', async () => {
    await ollama().chat({ model: 'far', messages: hello });
    await openai().chat.completions.create({ model: 'clever', messages: hello });
    const [second, first] = await far.rows();
    expect(first).toMatchObject({
      answeringModel: 'open/big',
      upstream: 'open',
      promptTokenCount: 1000,
      cachedTokenCount: 400,
      completionTokenCount: 200,
      isMeasured: true,
      status: 200,
      // 600 at $2, 400 at $0.50 and 200 at $10 a million.
      costMicros: 600 * 2 + 400 * 0.5 + 200 * 10,
    });
    expect(second).toMatchObject({ answeringModel: 'claude/clever', upstream: 'claude', costMicros: null });
    const summaries = await far.gateway.ledger.summarise({ from: 0, to: Date.now() + 1000 });
    expect(summaries.find(({ model }) => model === 'claude/clever')).toMatchObject({ costMicros: 0 });
    expect(summaries.find(({ model }) => model === 'claude/clever')?.unknownCostCount).toBeGreaterThanOrEqual(
      1,
    );
  });

  it('refuses what cannot be carried over, by its name in the client’s dialect', async () => {
    await expect(
      openai().chat.completions.create({ model: 'clever', messages: hello, n: 2 }),
    ).rejects.toMatchObject({ status: 400, param: 'n' });
    await expect(
      ollama().chat({ model: 'far', messages: hello, options: { top_k: 5 } }),
    ).rejects.toMatchObject({ message: expect.stringContaining('options.top_k') as string });
    // A field of nearfar's own, which the client does not know.
    const truncated = { model: 'clever', messages: hello, truncation: 'auto' } as const;
    await expect(openai().chat.completions.create(truncated)).rejects.toMatchObject({
      status: 400,
      param: 'context_overflow',
    });
    expect(anthropicLike.arrived).toEqual([]);
    expect(openaiLike.arrived).toEqual([]);
  });

  it('is listed beside the models that are here', async () => {
    const { data } = await openai().models.list();
    expect(data.map((model) => model.id)).toEqual(['open/big', 'claude/clever', 'cluster/own', 'far']);
    expect(data[0]?.owned_by).toBe('open');
  });
});

describe('privacy', () => {
  const localOnly = { headers: { 'x-nearfar-privacy': 'local_only' } };

  it.each(['far', 'open/big', 'open/unknown', 'claude/clever', 'big'])(
    'no byte of a local_only request reaches %s outside',
    async (model) => {
      const before = openaiLike.connectionCount() + anthropicLike.connectionCount();
      await expect(
        openai().chat.completions.create({ model, messages: hello }, localOnly),
      ).rejects.toMatchObject({ status: 403 });
      expect(openaiLike.arrived).toEqual([]);
      expect(anthropicLike.arrived).toEqual([]);
      expect(openaiLike.connectionCount() + anthropicLike.connectionCount()).toBe(before);
      expect((await far.rows())[0]).toMatchObject({
        privacy: 'local_only',
        finish: 'forbidden',
        costMicros: 0,
      });
    },
  );

  it('an upstream inside takes it', async () => {
    const answer = await openai().chat.completions.create({ model: 'own', messages: hello }, localOnly);
    expect(answer.choices[0]?.message.content).toBe('Hello there');
  });

  it('a client’s own key goes only where the owner lets it', async () => {
    await openai('client-key-0123').chat.completions.create({ model: 'far', messages: hello });
    expect(JSON.stringify(openaiLike.arrived)).not.toContain('client-key-0123');
    await openai('client-key-0123').chat.completions.create({ model: 'own', messages: hello });
    expect(inside.arrived[0]?.headers.authorization).toBe('Bearer client-key-0123');
  });

  it('no key stands in an error, though the upstream repeats it', async () => {
    openaiLike.respond = (response) => {
      sendJson(response, 401, {
        error: { message: `Incorrect API key provided: ${secret}.`, type: 'invalid_request_error' },
      });
    };
    const error: unknown = await anthropic()
      .messages.create({ model: 'far', max_tokens: 5, messages: hello })
      .catch((thrown: unknown) => thrown);
    // The client's key is not at fault, so it is not told 401.
    expect(error).toMatchObject({ status: 502 });
    expect(String(error)).toContain('refuses the key');
    expect(String(error)).not.toContain(secret);
    expect(JSON.stringify(await far.rows())).not.toContain(secret);
  });
});

describe('an upstream that says no', () => {
  it.each([
    [429, { 'retry-after': '7' }, 429, '7'],
    [503, {}, 503, null],
    [500, {}, 502, null],
    [404, {}, 404, null],
    [422, {}, 400, null],
  ])('%i becomes what its client can act on', async (status, headers, told, retryAfter) => {
    openaiLike.respond = (response) => {
      sendJson(response, status, { error: { message: 'No, thank you.' } }, headers);
    };
    const response = await fetch(`${far.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'far', max_tokens: 5, messages: hello }),
    });
    expect(response.status).toBe(told);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('No, thank you.') as string },
    });
  });

  it('hears of it when the client goes away', async () => {
    let hasBegun = false;
    openaiLike.respond = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"Hm"}}]}\n\n');
      hasBegun = true;
    };
    const stream = anthropic().messages.stream({ model: 'far', max_tokens: 5, messages: hello });
    stream.on('error', () => undefined);
    stream.on('abort', () => undefined);
    await expect.poll(() => hasBegun).toBe(true);
    stream.abort();
    await expect.poll(() => openaiLike.arrived[0]?.isCut).toBe(true);
    await expect.poll(async () => (await far.rows())[0]?.finish).toBe('aborted');
  });
});
