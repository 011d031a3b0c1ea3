import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { fakeStart, hello, listeningFakeGateway } from './fake-gateway.ts';

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await listeningFakeGateway(async function* (request): AsyncGenerator<ChatPart> {
    if (request.requestedModel === 'near') {
      yield fakeStart;
      yield { type: 'text-delta', choice: 0, text: 'Half an' };
      yield { type: 'error', error: new NearfarError('model_crashed', 'The engine died.') };
      return;
    }
    if (request.stop[0] === 'full') {
      yield {
        type: 'error',
        error: new NearfarError('queue_full', 'Too many wait.', { retryAfterSeconds: 3 }),
      };
      return;
    }
    yield* hello(request);
  });
  client = new OpenAI({ apiKey: 'anything', baseURL: `${gateway.server.url}/v1`, maxRetries: 0 });
});

afterAll(() => gateway.server.close(100));

const messages = [
  { role: 'system' as const, content: 'Be kind.' },
  { role: 'user' as const, content: [{ type: 'text' as const, text: 'Say hello.' }] },
];

describe('the openai client', () => {
  it('gets a whole chat completion that names what answered', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'auto', messages, top_p: 0.5 })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello, wörld!');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.model).toBe('tiny');
    expect(data.usage).toEqual({
      prompt_tokens: 12,
      completion_tokens: 3,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 5 },
    });
    expect(response.headers.get('x-nearfar-model')).toBe('tiny');
    expect(response.headers.get('x-nearfar-grade')).toBe('smoke test');
    expect(response.headers.get('x-request-id')).toBe(gateway.seen.requests.at(-1)?.id);
    expect(gateway.seen.requests.at(-1)).toMatchObject({
      requestedModel: 'auto',
      privacy: 'open',
      input: {
        kind: 'chat',
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Say hello.' },
        ],
      },
      sampling: { topP: 0.5, minP: 0, temperature: 1 },
    });
  });

  it('streams, with usage only where it was asked for', async () => {
    const withUsage = await client.chat.completions.create({
      model: 'auto',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    const usages = [];
    for await (const chunk of withUsage) {
      text += chunk.choices[0]?.delta.content ?? '';
      usages.push(chunk.usage);
    }
    expect(text).toBe('Hello, wörld!');
    expect(usages.at(-1)).toMatchObject({ total_tokens: 15, prompt_tokens_details: { cached_tokens: 5 } });
    expect(usages.slice(0, -1).every((usage) => usage === null)).toBe(true);

    const without = await client.chat.completions.create({ model: 'auto', messages, stream: true });
    for await (const chunk of without) expect(chunk.usage).toBeUndefined();
  });

  it('assembles a streamed answer with n and logprobs', async () => {
    const completion = await client.chat.completions
      .stream({ model: 'auto', messages, n: 2, logprobs: true, top_logprobs: 1 })
      .finalChatCompletion();
    expect(completion.choices.map((choice) => choice.message.content)).toEqual([
      'Hello, wörld!',
      'Hello, wörld!',
    ]);
    expect(completion.choices[1]?.logprobs?.content?.map((entry) => entry.token)).toEqual([
      'Hello',
      ', wörld',
      '!',
    ]);
    expect(completion.choices[1]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(1);
  });

  it('completes text, lists of prompts and token ids, with the older logprobs', async () => {
    const one = await client.completions.create({
      model: 'auto',
      prompt: 'Once',
      logprobs: 1,
      suffix: 'end',
    });
    expect(one.choices[0]?.text).toBe('Hello, wörld!');
    expect(one.choices[0]?.logprobs).toEqual({
      tokens: ['Hello', ', wörld', '!'],
      token_logprobs: [-0.5, -0.5, -0.5],
      top_logprobs: [{ Hello: -0.5 }, { ', wörld': -0.5 }, { '!': -0.5 }],
      text_offset: [0, 5, 12],
    });
    expect(gateway.seen.requests.at(-1)?.input).toEqual({ kind: 'text', text: 'Once', suffix: 'end' });
    expect(gateway.seen.requests.at(-1)?.maxTokenCount).toBe(16);

    const many = await client.completions.create({ model: 'auto', prompt: ['a', 'b', 'c'], n: 2 });
    expect(many.choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(many.usage?.prompt_tokens).toBe(36);

    await client.completions.create({ model: 'auto', prompt: [1, 2, 3] });
    expect(gateway.seen.requests.at(-1)?.input).toEqual({ kind: 'tokens', tokens: [1, 2, 3] });

    let text = '';
    for await (const chunk of await client.completions.create({ model: 'auto', prompt: 'x', stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe('Hello, wörld!');
  });

  it('lists models and finds one by any of its names', async () => {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    expect(names).toEqual(['tiny', 'auto', 'near', 'gpt-4o']);
    expect(await client.models.retrieve('gpt-4o')).toMatchObject({ id: 'gpt-4o', grade: 'smoke test' });
  });

  it('is told which field is not supported', async () => {
    const older = { functions: [{ name: 'f' }] };
    const rejected = client.chat.completions.create({ model: 'auto', messages, ...older });
    await expect(rejected).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(rejected).rejects.toMatchObject({
      status: 400,
      param: 'functions',
      code: 'unsupported_parameter',
    });
  });

  it('says what form the answer must have', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    await client.chat.completions.create({
      model: 'auto',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'numbers', schema, strict: true } },
    });
    expect(gateway.seen.requests.at(-1)?.outputFormat).toEqual({
      type: 'json_schema',
      schema,
      name: 'numbers',
      strict: true,
      field: 'response_format.json_schema.schema',
    });
    await client.chat.completions.create({
      model: 'auto',
      messages,
      response_format: { type: 'json_object' },
    });
    expect(gateway.seen.requests.at(-1)?.outputFormat).toMatchObject({ type: 'json_object' });
    await client.chat.completions.create({ model: 'auto', messages, response_format: { type: 'text' } });
    expect(gateway.seen.requests.at(-1)?.outputFormat).toEqual({ type: 'text' });
  });

  it('gets 404 for an unknown model, before and in streams alike', async () => {
    for (const stream of [true, false]) {
      const call = client.chat.completions.create({ model: 'unknown', messages, stream });
      await expect(call).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      await expect(call).rejects.toMatchObject({ code: 'model_not_found', param: 'model' });
    }
  });

  it('gets 429 with Retry-After from a full queue', async () => {
    const call = client.chat.completions.create({ model: 'auto', messages, stream: true, stop: 'full' });
    await expect(call).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const error: unknown = await call.catch((thrown: unknown) => thrown);
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('3');
  });

  it('hears of a failure in the middle of a stream, once', async () => {
    const stream = await client.chat.completions.create({ model: 'near', messages, stream: true });
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toMatchObject({ message: 'The engine died.', code: 'model_crashed' });
    expect(text).toBe('Half an');
    await expect(client.chat.completions.create({ model: 'near', messages })).rejects.toMatchObject({
      status: 500,
    });
  });

  it('keeps a prompt local where the header says so', async () => {
    await client.chat.completions.create(
      { model: 'auto', messages },
      { headers: { 'x-nearfar-privacy': 'local_only' } },
    );
    expect(gateway.seen.requests.at(-1)?.privacy).toBe('local_only');
    const misspelt = client.chat.completions.create(
      { model: 'auto', messages },
      { headers: { 'x-nearfar-privacy': 'local-only' } },
    );
    await expect(misspelt).rejects.toMatchObject({ status: 400, param: 'x-nearfar-privacy' });
  });
});
