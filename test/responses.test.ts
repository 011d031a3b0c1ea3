import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { responseEventSchema, responseSchema } from '../src/http/responses/answer-schema.ts';
import { failing, fakeStart, fakeTimings, fakeUsage, hello, listeningFakeGateway } from './fake-gateway.ts';

/** OpenAI's responses API by the official client, over answers that are made up. */

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

let gateway: Gateway;
let client: OpenAI;

const finish: ChatPart = { type: 'finish', usage: fakeUsage, timings: fakeTimings };
const call = (index: number, name: string, text: string, isWhole = true): readonly ChatPart[] => [
  { type: 'tool-call-start', choice: 0, call: index, id: `call_${index}`, name },
  { type: 'tool-call-delta', choice: 0, call: index, arguments: text.slice(0, 4) },
  { type: 'tool-call-delta', choice: 0, call: index, arguments: text.slice(4) },
  ...(isWhole ? [{ type: 'tool-call-end', choice: 0, call: index } as const] : []),
];

/** What the fake answers, by the name of the first function. */
const scripts: Readonly<Record<string, readonly ChatPart[]>> = {
  everything: [
    { type: 'reasoning-delta', choice: 0, text: 'Hm' },
    { type: 'reasoning-delta', choice: 0, text: '...' },
    { type: 'text-delta', choice: 0, text: 'One ' },
    { type: 'text-delta', choice: 0, text: 'moment.' },
    ...call(0, 'weather', '{"city":"Oslo"}'),
    ...call(1, 'clock', '{}'),
    { type: 'choice-end', choice: 0, reason: 'tool_calls' },
    { type: 'finish', usage: { ...fakeUsage, reasoningTokenCount: 2 }, timings: fakeTimings },
  ],
  cut: [
    ...call(0, 'weather', '{"city":"Os', false),
    { type: 'choice-end', choice: 0, reason: 'length' },
    finish,
  ],
  filtered: [{ type: 'choice-end', choice: 0, reason: 'content_filter' }, finish],
  broken: [
    { type: 'text-delta', choice: 0, text: 'Half' },
    { type: 'error', error: new NearfarError('model_crashed', 'The engine died.') },
  ],
};

beforeAll(async () => {
  gateway = await listeningFakeGateway(async function* (request): AsyncGenerator<ChatPart> {
    const { input } = request;
    const name = input.kind === 'chat' ? input.toolUse?.tools[0]?.name : undefined;
    if (name === 'busy') {
      yield* failing(new NearfarError('queue_full', 'Too many wait.', { retryAfterSeconds: 3 }));
      return;
    }
    const script = scripts[name ?? ''];
    if (script === undefined) yield* hello(request);
    else {
      yield fakeStart;
      yield* script;
    }
  });
  client = new OpenAI({ apiKey: 'anything', baseURL: `${gateway.server.url}/v1`, maxRetries: 0 });
});

afterAll(() => gateway.server.close(100));

const toolNamed = (name: string) => ({ type: 'function' as const, name, parameters: null, strict: null });
const ask = (name: string) => ({ model: 'auto', input: 'Hi', tools: [toolNamed(name)] });

/** The events as they came, each checked against its description. */
async function eventsOf(body: object): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${gateway.server.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const blocks = (await response.text()).trim().split('\n\n');
  return blocks.map((block, index) => {
    const [, type, data] = /^event: (\S+)\ndata: (.*)$/.exec(block) ?? [];
    const event = JSON.parse(data ?? '') as Record<string, unknown>;
    expect(event).toMatchObject({ type, sequence_number: index });
    const checked = responseEventSchema.safeParse(event);
    expect(checked.error?.issues ?? [], data).toEqual([]);
    return event;
  });
}

/** Without times, without ids of requests, and without what the client adds to streams. */
function comparable(response: object): unknown {
  const text = JSON.stringify(response, (key, value: unknown) =>
    /^(parsed|parsed_arguments|output_parsed|created_at|completed_at)$/.test(key) ? undefined : value,
  );
  return JSON.parse(text.replaceAll(/[0-9a-f]{32}/g, 'ID'));
}

// Kept apart, for the client's types call it old.
const older: object = { truncation: 'auto' };

describe('a whole response', () => {
  it('names what answered, and repeats what was asked', async () => {
    const { data, response } = await client.responses
      .create({
        model: 'auto',
        instructions: 'Be kind.',
        input: 'Say hello.',
        top_p: 0.5,
        max_output_tokens: 30,
        metadata: { a: 'b' },
        ...older,
      })
      .withResponse();
    expect(responseSchema.safeParse({ ...data, output_text: undefined }).error?.issues ?? []).toMatchObject([
      // The client's own.
      { code: 'unrecognized_keys', keys: ['output_text'] },
    ]);
    expect(data).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'tiny',
      output_text: 'Hello, wörld!',
      output: [{ type: 'message', role: 'assistant', status: 'completed' }],
      instructions: 'Be kind.',
      max_output_tokens: 30,
      metadata: { a: 'b' },
      truncation: 'auto',
      top_p: 0.5,
      temperature: 1,
      error: null,
      incomplete_details: null,
      store: true,
      usage: {
        input_tokens: 12,
        input_tokens_details: { cached_tokens: 5 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 15,
      },
    });
    expect(response.headers.get('x-nearfar-model')).toBe('tiny');
    expect(gateway.seen.requests.at(-1)).toMatchObject({
      maxTokenCount: 30,
      contextOverflow: 'truncate_middle',
      input: {
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Say hello.' },
        ],
      },
    });
  });

  it('holds thoughts, text and calls in the order in which they came', async () => {
    const { output, usage } = await client.responses.create(ask('everything'));
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm...' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'One moment.' }] },
      { type: 'function_call', call_id: 'call_0', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call', call_id: 'call_1', name: 'clock', arguments: '{}' },
    ]);
    expect(usage?.output_tokens_details.reasoning_tokens).toBe(2);
  });

  it('that was cut short says why', async () => {
    expect(await client.responses.create(ask('cut'))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'function_call', status: 'incomplete', arguments: '{"city":"Os' }],
    });
    expect(await client.responses.create(ask('filtered'))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output_text: '',
    });
  });

  it('gives logprobs with its text', async () => {
    const { output } = await client.responses.create({
      model: 'auto',
      input: 'Hi',
      include: ['message.output_text.logprobs'],
      top_logprobs: 1,
    });
    const [item] = output;
    const part = item?.type === 'message' ? item.content[0] : undefined;
    const logprobs = part?.type === 'output_text' ? (part.logprobs ?? []) : [];
    expect(logprobs.map(({ token }) => token)).toEqual(['Hello', ', wörld', '!']);
    expect(logprobs[0]?.top_logprobs).toHaveLength(1);
  });
});

describe('a streamed response', () => {
  it('has every event in its documented order', async () => {
    const events = await eventsOf(ask('everything'));
    const text = ['content_part.added', 'DELTA', 'DELTA', 'DONE', 'content_part.done'];
    const item = (kind: string, inner: readonly string[]): string[] => [
      'output_item.added',
      ...inner.map((name) => name.replace('DELTA', `${kind}.delta`).replace('DONE', `${kind}.done`)),
      'output_item.done',
    ];
    expect(events.map(({ type }) => String(type).replace('response.', ''))).toEqual([
      'created',
      'in_progress',
      ...item('reasoning_text', text),
      ...item('output_text', text),
      ...item('function_call_arguments', ['DELTA', 'DELTA', 'DONE']),
      ...item('function_call_arguments', ['DELTA', 'DELTA', 'DONE']),
      'completed',
    ]);
    expect(events[0]).toMatchObject({ response: { status: 'in_progress', output: [], model: 'tiny' } });
  });

  it.each(['everything', 'cut', 'filtered', 'hello'])(
    'is put together by the official client to what is given whole: %s',
    async (name) => {
      const streamed = await client.responses.stream(ask(name)).finalResponse();
      const whole = await client.responses.create(ask(name));
      expect(comparable(streamed)).toEqual(comparable(whole));
    },
  );

  it('that fails tells of it once, at its end', async () => {
    const events = await eventsOf(ask('broken'));
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error', message: 'The engine died.' } },
    });
    expect(events.filter(({ type }) => type === 'response.failed')).toHaveLength(1);
  });

  it('that fails before it begins has its status', async () => {
    await expect(client.responses.create({ ...ask('busy'), stream: true })).rejects.toMatchObject({
      status: 429,
      type: 'rate_limit_error',
    });
    await expect(client.responses.create(ask('broken'))).rejects.toMatchObject({
      status: 500,
      code: 'model_crashed',
    });
  });
});

describe('what is asked', () => {
  it('may be a conversation of items of every kind', async () => {
    await client.responses.create({
      model: 'auto',
      input: [
        { role: 'developer', content: 'Be brief.' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [],
          content: [{ type: 'reasoning_text', text: 'Look.' }],
        },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'One moment.', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' },
        { type: 'function_call', call_id: 'c2', name: 'clock', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'cold' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'noon' }] },
        { role: 'assistant', content: 'It is cold.' },
        { role: 'assistant', content: 'And noon.' },
      ],
      tools: [toolNamed('weather'), toolNamed('clock')],
      tool_choice: {
        type: 'allowed_tools',
        mode: 'required',
        tools: [{ type: 'function', name: 'clock' }],
      },
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } },
      service_tier: 'flex',
    });
    const calls = ['weather', 'clock'].map((name, index) => ({ id: `c${index + 1}`, name, arguments: '{}' }));
    expect(gateway.seen.requests.at(-1)).toMatchObject({
      priority: 'bulk',
      outputFormat: { type: 'json_schema', field: 'text.format.schema' },
      input: {
        kind: 'chat',
        startsNewTurn: true,
        reasoning: { isWanted: true, effort: 'low', summary: 'auto', budgetTokenCount: 1024 },
        toolUse: { tools: [{ name: 'clock' }], choice: { kind: 'required' }, allowsParallel: false },
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Weather?' },
          { role: 'assistant', content: 'One moment.', reasoning: 'Look.', toolCalls: calls },
          { role: 'tool', content: 'cold', toolCallId: 'c1', name: 'weather' },
          { role: 'tool', content: 'noon', toolCallId: 'c2', name: 'clock' },
          { role: 'assistant', content: 'It is cold.' },
          { role: 'assistant', content: 'And noon.' },
        ],
      },
    });
  });

  it.each<[string, object, RegExp, string | null]>([
    ['a tool of OpenAI’s', { tools: [{ type: 'web_search' }] }, /web_search/, 'tools[0].type'],
    [
      'a tool of no known kind',
      { tools: [{ type: 'magic' }] },
      /only tools of type "function"/,
      'tools[0].type',
    ],
    [
      'an item of another kind',
      { input: [{ type: 'computer_call', id: 'x' }] },
      /function_call/,
      'input[0].type',
    ],
    ['a field that is not known', { frequency: 2 }, /frequency/, 'frequency'],
    ['a prompt of the platform', { prompt: { id: 'p' } }, /prompt/, 'prompt'],
    ['background', { background: true }, /background/, 'background'],
    [
      'a result without a call',
      { input: [{ type: 'function_call_output', call_id: 'x', output: 'y' }] },
      /call_id/,
      'input[0].call_id',
    ],
    [
      'two policies for what is too long',
      { truncation: 'auto', context_overflow: 'sinks' },
      /truncation/,
      'truncation',
    ],
    ['a choice of no tool', { tool_choice: 'required' }, /tool_choice/, 'tool_choice'],
  ])('is refused where it cannot be honoured: %s', async (_what, fields, message, param) => {
    const body = {
      model: 'auto',
      input: 'x',
      ...fields,
    } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    const call = client.responses.create(body);
    await expect(call).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(call).rejects.toMatchObject({ param });
    await expect(call).rejects.toThrow(message);
  });
});
