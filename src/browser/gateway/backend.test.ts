import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { clear } from '../../privacy/clear.ts';
import { chatRequest } from '../chat-request.ts';
import { answerEvents, eventsOf, read, recordingNetwork, refusalOf, textOf, type Reply } from '../fakes.ts';
import type { GatewayOptions, NearInput } from '../near.ts';
import { createGatewayBackend } from './backend.ts';

const never = new AbortController().signal;

function gatewayWith(reply: Reply, options: Partial<GatewayOptions> = {}) {
  const network = recordingNetwork(reply);
  const backend = createGatewayBackend(
    { url: 'https://gateway.example/v1/', fetch: network.fetch, ...options },
    'outside',
  );
  const ask = (input: NearInput, signal = never) =>
    read(backend.chat(clear(chatRequest(input, {}, true), 'outside'), signal));
  return { network, ask };
}

describe('the gateway', () => {
  test('is asked as OpenAI is, and its events become our parts', async () => {
    const { network, ask } = gatewayWith(() => eventsOf(answerEvents('Hello there.')), {
      apiKey: () => Promise.resolve('key'),
      headers: { 'x-team': 'a' },
    });
    const parts = await ask({
      messages: [{ role: 'user', content: 'Hi' }],
      temperature: 0,
      max_tokens: 5,
      stop: 'x',
    });
    expect(textOf(parts)).toBe('Hello there.');
    expect(parts[0]).toMatchObject({ type: 'start', model: 'auto' });
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      usage: { promptTokenCount: 5, completionTokenCount: 4 },
    });
    const [sent] = network.sent;
    expect(sent?.url).toBe('https://gateway.example/v1/chat/completions');
    expect(sent?.headers).toMatchObject({
      authorization: 'Bearer key',
      'x-team': 'a',
      accept: 'text/event-stream',
    });
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hi' }],
      temperature: 0,
      stop: ['x'],
      max_completion_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('calls of tools come whole', async () => {
    const call = (delta: object) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...delta }] } }],
    });
    const { ask } = gatewayWith(() =>
      eventsOf([
        call({ id: 'c1', function: { name: 'look', arguments: '' } }),
        call({ function: { arguments: '{"a":' } }),
        call({ function: { arguments: '1}' } }),
        { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      ]),
    );
    const parts = await ask('Hi');
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-delta',
      'tool-call-end',
      'choice-end',
      'finish',
    ]);
  });

  test.each([
    [400, 'invalid_request'],
    [401, 'unauthorized'],
    [402, 'budget_exhausted'],
    [403, 'forbidden'],
    [404, 'model_not_found'],
    [429, 'rate_limited'],
    [500, 'upstream_failed'],
    [503, 'unavailable'],
    [504, 'timeout'],
  ])('a refusal of %i is %s', async (status, kind) => {
    const { ask } = gatewayWith(() => refusalOf(status, 'because of key', { 'retry-after': '7' }), {
      apiKey: 'key',
    });
    const parts = await ask('Hi');
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({ type: 'error', error: { kind, retryAfterSeconds: 7 } });
    expect(parts[0]?.type === 'error' && parts[0].error.message).toMatch(/gateway.*because of \[secret\]/);
  });

  test.each<[string, Reply, string]>([
    ['no network', () => Promise.reject(new TypeError('Failed to fetch')), 'unavailable'],
    ['an answer that is no stream', () => Response.json({}), 'upstream_failed'],
    ['a stream that ends early', () => eventsOf(answerEvents('half').slice(0, 2), ''), 'upstream_failed'],
    [
      'a stream that is no JSON',
      () => new Response('data: {\n\n', { headers: { 'content-type': 'text/event-stream' } }),
      'upstream_failed',
    ],
    ['an error in the stream', () => eventsOf([{ error: { message: 'overloaded' } }]), 'rate_limited'],
  ])('%s is an error, last', async (_, reply, kind) => {
    const parts = await gatewayWith(reply).ask('Hi');
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind } });
  });

  test('a redirect is not followed, and an address that is none is said', async () => {
    const network = vi.fn<typeof fetch>(() => Promise.resolve(eventsOf(answerEvents('x'))));
    const backend = createGatewayBackend({ url: 'https://gateway.example', fetch: network }, 'outside');
    await read(backend.chat(clear(chatRequest('Hi', {}, true), 'outside'), never));
    expect(network.mock.calls[0]?.[1]?.redirect).toBe('error');
    expect(() => createGatewayBackend({ url: 'nowhere' }, 'outside')).toThrow(/gateway\.url/);
  });

  test('what must stay inside is not sent outside, whoever asks', () => {
    const request = chatRequest('Hi', { privacy: 'local_only' }, true);
    expect(() => clear(request, 'outside')).toThrow(/local_only/);
    expect(clear(request, 'inside').request.privacy).toBe('local_only');
  });
});

describe('over a real socket', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function serve(onClose: () => void): Promise<string> {
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(
        () => response.write(`data: ${JSON.stringify(answerEvents('abcde')[1])}\n\n`),
        2,
      );
      response.on('close', () => {
        clearInterval(timer);
        onClose();
      });
    });
    const listening = once(server.listen(0, '127.0.0.1'), 'listening');
    await listening;
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  test.each(['abort', 'leave'])('to %s closes the connection', async (how) => {
    const closed = vi.fn();
    const backend = createGatewayBackend({ url: await serve(closed) }, 'outside');
    const abort = new AbortController();
    let last: string | undefined;
    let count = 0;
    for await (const part of backend.chat(clear(chatRequest('Hi', {}, true), 'outside'), abort.signal)) {
      count += 1;
      last = part.type === 'error' ? part.error.kind : part.type;
      if (count === 4 && how === 'leave') break;
      if (count === 4) abort.abort();
    }
    if (how === 'abort') expect(last).toBe('aborted');
    await vi.waitFor(() => {
      expect(closed).toHaveBeenCalledOnce();
    });
  });
});
