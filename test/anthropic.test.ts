import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { fakeStart, fakeTimings, fakeUsage, hello, listeningFakeGateway } from './fake-gateway.ts';

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

let gateway: Gateway;
let client: Anthropic;

beforeAll(async () => {
  gateway = await listeningFakeGateway(async function* (request): AsyncGenerator<ChatPart> {
    if (request.requestedModel !== 'near') {
      yield* hello(request);
      return;
    }
    yield fakeStart;
    yield { type: 'text-delta', choice: 0, text: 'Half an' };
    yield { type: 'error', error: new NearfarError('model_crashed', 'The engine died.') };
  });
  client = new Anthropic({ apiKey: 'anything', baseURL: gateway.server.url, maxRetries: 0 });
});

afterAll(() => gateway.server.close(100));

const messages = [{ role: 'user' as const, content: 'Say hello.' }];

describe('the anthropic client', () => {
  it('gets a whole message', async () => {
    const { data, response } = await client.messages
      .create({ model: 'auto', max_tokens: 50, system: [{ type: 'text', text: 'Be kind.' }], messages })
      .withResponse();
    expect(data.content).toEqual([{ type: 'text', text: 'Hello, wörld!', citations: null }]);
    expect(data).toMatchObject({
      role: 'assistant',
      type: 'message',
      model: 'tiny',
      stop_reason: 'end_turn',
    });
    expect(data.usage).toEqual({
      input_tokens: 7,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 0,
      output_tokens: 3,
    });
    expect(data.id).toBe(`msg_${response.headers.get('request-id') ?? ''}`);
    expect(response.headers.get('x-nearfar-grade')).toBe('smoke test');
    expect(gateway.seen.requests.at(-1)).toMatchObject({
      dialect: 'anthropic',
      maxTokenCount: 50,
      input: {
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Say hello.' },
        ],
      },
    });
  });

  it('sees the events in the documented order', async () => {
    const stream = await client.messages.create({ model: 'auto', max_tokens: 50, messages, stream: true });
    const types = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    // The client hides pings: they are looked for on the wire.
    const raw = await fetch(`${gateway.server.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', max_tokens: 50, messages, stream: true }),
    });
    const names = [...(await raw.text()).matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
    expect(names.slice(0, 4)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
    ]);
  });

  it('assembles a streamed message with its usage and the stop sequence that hit', async () => {
    const message = await client.messages
      .stream({ model: 'auto', max_tokens: 50, messages, stop_sequences: ['END'] })
      .finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello, wörld!' }]);
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
    expect(message.usage).toMatchObject({ input_tokens: 7, cache_read_input_tokens: 5, output_tokens: 3 });
  });

  it('counts tokens without asking the model for an answer', async () => {
    const before = gateway.seen.requests.length;
    const count = await client.messages.countTokens({ model: 'auto', system: 'Be kind.', messages });
    expect(count.input_tokens).toBe(14);
    expect(gateway.seen.requests).toHaveLength(before);
  });

  it('lists models in its own shape, page by page', async () => {
    const ids = [];
    for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
    expect(ids).toEqual(['tiny', 'auto', 'near', 'gpt-4o']);
    expect(await client.models.retrieve('auto')).toMatchObject({ type: 'model', id: 'auto' });
  });

  it('is told which field is not supported', async () => {
    const call = client.messages.create({
      model: 'auto',
      max_tokens: 5,
      messages,
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    });
    await expect(call).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    await expect(call).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      error: { error: { message: expect.stringContaining('tools') as string } },
    });
    for (const refused of [
      { thinking: { type: 'enabled' as const, budget_tokens: 1024, display: 'omitted' as const } },
      {
        messages: [
          {
            role: 'user' as const,
            content: [{ type: 'image' as const, source: { type: 'url' as const, url: 'x' } }],
          },
        ],
      },
    ]) {
      await expect(
        client.messages.create({ model: 'auto', max_tokens: 5, messages, ...refused }),
      ).rejects.toMatchObject({ status: 400 });
    }
  });

  it('takes what cannot change the answer', async () => {
    await client.messages.create({
      model: 'auto',
      max_tokens: 5,
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi.', cache_control: { type: 'ephemeral' } }] },
        { role: 'user', content: 'Again.' },
      ],
    });
    expect(gateway.seen.requests.at(-1)?.input).toMatchObject({
      messages: [{ role: 'user', content: 'Hi.\nAgain.' }],
    });
  });

  it('gets 404 for an unknown model', async () => {
    const call = client.messages.create({ model: 'unknown', max_tokens: 5, messages });
    await expect(call).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    await expect(call).rejects.toMatchObject({ type: 'not_found_error' });
    await expect(client.messages.countTokens({ model: 'unknown', messages })).rejects.toMatchObject({
      status: 404,
    });
  });

  it('hears of a failure in the middle of a stream', async () => {
    const stream = await client.messages.create({ model: 'near', max_tokens: 5, messages, stream: true });
    const read = async (): Promise<void> => {
      for await (const event of stream) expect(event.type).not.toBe('message_stop');
    };
    await expect(read()).rejects.toMatchObject({ type: 'api_error' });
  });

  it('tells a full context from a reached bound', async () => {
    const full = await listeningFakeGateway(async function* (): AsyncGenerator<ChatPart> {
      yield fakeStart;
      yield { type: 'choice-end', choice: 0, reason: 'length' };
      yield { type: 'finish', usage: fakeUsage, timings: fakeTimings };
    });
    const other = new Anthropic({ apiKey: 'x', baseURL: full.server.url, maxRetries: 0 });
    const bounded = await other.messages.create({ model: 'auto', max_tokens: 3, messages });
    expect(bounded.stop_reason).toBe('max_tokens');
    const filled = await other.messages.create({ model: 'auto', max_tokens: 4, messages });
    expect(filled.stop_reason).toBe('model_context_window_exceeded');
    await full.server.close(100);
  });
});
