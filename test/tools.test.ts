// Over 400 lines: three clients go through the same cases of one subject, over one fake gateway.
import Anthropic from '@anthropic-ai/sdk';
import { Ollama, type Message as OllamaMessage } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChatPart } from '../src/chat/part.ts';
import type { ChatRequest, Message } from '../src/chat/request.ts';
import { fakeStart, fakeTimings, fakeUsage, hello, listeningFakeGateway } from './fake-gateway.ts';

/** Tools and reasoning through the three dialects, with the official clients and an answer that is made up. */

const argumentTexts = ['{"city": "Pa', 'ris", "n": 2}'];

/** Thinks, speaks, calls twice. Cut short in the second call where `max_tokens` is 7. */
async function* callTwice(request: ChatRequest): AsyncGenerator<ChatPart> {
  const isCut = request.maxTokenCount === 7;
  yield fakeStart;
  yield { type: 'reasoning-delta', choice: 0, text: 'Which ' };
  yield { type: 'reasoning-delta', choice: 0, text: 'city?' };
  yield { type: 'text-delta', choice: 0, text: 'Let me look.' };
  yield { type: 'tool-call-start', choice: 0, call: 0, id: 'call_a', name: 'weather' };
  for (const text of argumentTexts) yield { type: 'tool-call-delta', choice: 0, call: 0, arguments: text };
  yield { type: 'tool-call-end', choice: 0, call: 0 };
  yield { type: 'tool-call-start', choice: 0, call: 1, id: 'call_b', name: 'time' };
  if (!isCut) yield { type: 'tool-call-delta', choice: 0, call: 1, arguments: '{}' };
  else yield { type: 'tool-call-delta', choice: 0, call: 1, arguments: '{"zone": "Eu' };
  if (!isCut) yield { type: 'tool-call-end', choice: 0, call: 1 };
  yield { type: 'choice-end', choice: 0, reason: isCut ? 'length' : 'tool_calls' };
  yield { type: 'finish', usage: { ...fakeUsage, reasoningTokenCount: 2 }, timings: fakeTimings };
}

let gateway: Awaited<ReturnType<typeof listeningFakeGateway>>;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  gateway = await listeningFakeGateway((request) =>
    request.input.kind === 'chat' && request.input.toolUse !== undefined
      ? callTwice(request)
      : hello(request),
  );
  openai = new OpenAI({ apiKey: 'x', baseURL: `${gateway.server.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'x', baseURL: gateway.server.url, maxRetries: 0 });
  ollama = new Ollama({ host: gateway.server.url });
});
beforeEach(() => {
  gateway.seen.requests.length = 0;
});
afterAll(() => gateway.server.close(100));

const parameters = { type: 'object' as const, properties: { city: { type: 'string' as const } } };
const noParameters = { type: 'object' as const, properties: {} };

/** What the model is to be told after both results came back, whatever the dialect. */
const conversation: readonly Message[] = [
  { role: 'user', content: 'Weather?' },
  {
    role: 'assistant',
    content: 'Let me look.',
    reasoning: 'Which city?',
    toolCalls: [
      { id: 'call_a', name: 'weather', arguments: '{"city": "Paris", "n": 2}' },
      { id: 'call_b', name: 'time', arguments: '{}' },
    ],
  },
  { role: 'tool', content: 'sun', toolCallId: 'call_a', name: 'weather' },
  { role: 'tool', content: 'noon', toolCallId: 'call_b', name: 'time' },
];

/** The same with arguments as a client that read them writes them again. */
const compact = conversation.map((message) =>
  message.role === 'assistant'
    ? {
        ...message,
        toolCalls: message.toolCalls?.map((call) => ({
          ...call,
          arguments: JSON.stringify(JSON.parse(call.arguments)),
        })),
      }
    : message,
);

function seenInput() {
  const input = gateway.seen.requests.at(-1)?.input;
  if (input?.kind !== 'chat') throw new Error('no chat was asked');
  return input;
}

describe('openai', () => {
  const tools: OpenAI.ChatCompletionFunctionTool[] = [
    { type: 'function', function: { name: 'weather', description: 'Weather.', parameters, strict: true } },
    { type: 'function', function: { name: 'time' } },
  ];
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Weather?' }];
  const asked = { model: 'auto', messages, tools };

  it('gets calls, and a conversation with their results goes to the model as it was', async () => {
    const answer = await openai.chat.completions.create(asked);
    const choice = answer.choices[0]!;
    expect(choice.finish_reason).toBe('tool_calls');
    expect(choice.message).toEqual({
      role: 'assistant',
      content: 'Let me look.',
      refusal: null,
      annotations: [],
      reasoning_content: 'Which city?',
      tool_calls: [
        { id: 'call_a', type: 'function', function: { name: 'weather', arguments: argumentTexts.join('') } },
        { id: 'call_b', type: 'function', function: { name: 'time', arguments: '{}' } },
      ],
    });
    expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBe(2);
    expect(seenInput().toolUse).toEqual({
      tools: [
        { name: 'weather', description: 'Weather.', parameters, field: 'tools[0].function.parameters' },
        { name: 'time', description: '', parameters: noParameters, field: 'tools[1].function.parameters' },
      ],
      choice: { kind: 'auto' },
      allowsParallel: true,
    });
    await openai.chat.completions.create({
      ...asked,
      messages: [
        ...messages,
        choice.message,
        { role: 'tool', tool_call_id: 'call_a', content: 'sun' },
        { role: 'tool', tool_call_id: 'call_b', content: [{ type: 'text', text: 'noon' }] },
      ],
    });
    expect(seenInput().messages).toEqual(conversation);
  });

  it('assembles the same from a stream, whose pieces are counted', async () => {
    const whole = await openai.chat.completions.create(asked);
    const runner = openai.chat.completions.stream(asked);
    const indexes: number[] = [];
    runner.on('chunk', (chunk) => {
      indexes.push(...(chunk.choices[0]?.delta.tool_calls ?? []).map((call) => call.index));
    });
    const streamed = await runner.finalChatCompletion();
    expect(indexes).toEqual([0, 0, 0, 1, 1]);
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
    expect(streamed.choices[0]?.message.content).toBe('Let me look.');
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject(whole.choices[0]!.message.tool_calls!);
  });

  it('keeps what was written of a call that was cut short', async () => {
    const cut = await openai.chat.completions.create({ ...asked, max_completion_tokens: 7 });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.choices[0]?.message.tool_calls?.at(-1)).toMatchObject({
      function: { arguments: '{"zone": "Eu' },
    });
  });

  it('chooses', async () => {
    const choices: [OpenAI.ChatCompletionToolChoiceOption, object | undefined][] = [
      ['none', undefined],
      ['required', { choice: { kind: 'required' } }],
      [{ type: 'function', function: { name: 'time' } }, { choice: { kind: 'named', name: 'time' } }],
      [
        {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'time' } }] },
        },
        { choice: { kind: 'required' }, tools: [{ name: 'time' }] },
      ],
    ];
    for (const [choice, expected] of choices) {
      await openai.chat.completions.create({ ...asked, tool_choice: choice, parallel_tool_calls: false });
      if (expected === undefined) expect(seenInput().toolUse).toBeUndefined();
      else expect(seenInput().toolUse).toMatchObject({ ...expected, allowsParallel: false });
    }
  });

  it.each<[string, object, string]>([
    ['a choice without tools', { tool_choice: 'required' }, 'tool_choice'],
    [
      'a choice of a tool that is not there',
      { tools, tool_choice: { type: 'function', function: { name: 'f' } } },
      'tool_choice.function.name',
    ],
    ['a name twice', { tools: [tools[0], tools[0]] }, 'tools[1].function.parameters'],
    ['a bad name', { tools: [{ type: 'function', function: { name: 'a b' } }] }, 'tools[0].function.name'],
    [
      'arguments that are no object',
      { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
      'tools[0].function.parameters.type',
    ],
    ['the older functions', { functions: [{ name: 'f' }] }, 'functions'],
    [
      'a result without a call',
      { messages: [...messages, { role: 'tool', tool_call_id: 'x', content: '' }] },
      'messages[1].tool_call_id',
    ],
    ['an answer without anything', { messages: [{ role: 'assistant' }] }, 'messages[0].content'],
  ])('is told of %s', async (_what, fields, param) => {
    const call = openai.chat.completions.create({ model: 'auto', messages, ...fields });
    await expect(call).rejects.toMatchObject({ status: 400, param });
    expect(gateway.seen.requests).toHaveLength(0);
  });
});

describe('anthropic', () => {
  const tools: Anthropic.ToolUnion[] = [
    {
      name: 'weather',
      description: 'Weather.',
      input_schema: parameters,
      cache_control: { type: 'ephemeral' },
    },
    { type: 'custom', name: 'time', input_schema: noParameters },
  ];
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Weather?' }];
  const asked = { model: 'auto', max_tokens: 50, messages, tools };

  it('gets blocks in order, and a conversation with their results goes to the model as it was', async () => {
    const message = await anthropic.messages.create(asked);
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toEqual([
      { type: 'thinking', thinking: 'Which city?', signature: '' },
      { type: 'text', text: 'Let me look.', citations: null },
      { type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Paris', n: 2 } },
      { type: 'tool_use', id: 'call_b', name: 'time', input: {} },
    ]);
    expect(seenInput().reasoning).toEqual({ isWanted: false, field: 'thinking' });
    await anthropic.messages.create({
      ...asked,
      thinking: { type: 'enabled', budget_tokens: 1024 },
      messages: [
        ...messages,
        { role: 'assistant', content: message.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_a', content: 'sun' },
            { type: 'tool_result', tool_use_id: 'call_b', content: [{ type: 'text', text: 'noon' }] },
          ],
        },
      ],
    });
    expect(seenInput().messages).toEqual(compact);
    expect(seenInput().reasoning).toEqual({ isWanted: true, field: 'thinking', budgetTokenCount: 1024 });
  });

  it('assembles the same from a stream', async () => {
    const whole = await anthropic.messages.create(asked);
    const stream = anthropic.messages.stream(asked);
    const kinds: string[] = [];
    stream.on('streamEvent', (event) => {
      kinds.push(event.type === 'content_block_delta' ? event.delta.type : event.type);
    });
    const streamed = await stream.finalMessage();
    expect(streamed.content).toMatchObject(whole.content);
    expect(streamed.stop_reason).toBe('tool_use');
    const block = (...deltas: string[]) => ['content_block_start', ...deltas, 'content_block_stop'];
    expect(kinds).toEqual([
      'message_start',
      ...block('thinking_delta', 'thinking_delta'),
      ...block('text_delta'),
      ...block('input_json_delta', 'input_json_delta'),
      ...block('input_json_delta'),
      'message_delta',
      'message_stop',
    ]);
  });

  it('leaves out a call that was cut short, and says why', async () => {
    const cut = await anthropic.messages.create({ ...asked, max_tokens: 7 });
    expect(cut.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use']);
    expect(cut.stop_reason).toBe('model_context_window_exceeded');
  });

  it('chooses', async () => {
    const choices: [Anthropic.ToolChoice, object | undefined][] = [
      [{ type: 'none' }, undefined],
      [{ type: 'auto' }, { choice: { kind: 'auto' }, allowsParallel: true }],
      [
        { type: 'any', disable_parallel_tool_use: true },
        { choice: { kind: 'required' }, allowsParallel: false },
      ],
      [{ type: 'tool', name: 'time' }, { choice: { kind: 'named', name: 'time' } }],
    ];
    for (const [choice, expected] of choices) {
      await anthropic.messages.create({ ...asked, tool_choice: choice });
      if (expected === undefined) expect(seenInput().toolUse).toBeUndefined();
      else expect(seenInput().toolUse).toMatchObject(expected);
    }
  });

  it('tells the model of a failure and keeps what the user adds', async () => {
    await anthropic.messages.create({
      ...asked,
      messages: [
        ...messages,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'time', input: {} }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', is_error: true, content: 'no clock' },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    });
    expect(seenInput().messages.slice(2)).toEqual([
      { role: 'tool', content: 'Error: no clock', toolCallId: 'a', name: 'time' },
      { role: 'user', content: 'And now?' },
    ]);
  });

  it.each<[string, object, string]>([
    ['server tools', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    ['a choice without tools', { tools: [], tool_choice: { type: 'any' } }, 'tool_choice'],
    ['a tool that is not there', { tool_choice: { type: 'tool', name: 'f' } }, 'tool_choice.name'],
    [
      'a result without a call',
      { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x' }] }] },
      'messages[0].content[0].tool_use_id',
    ],
    [
      'a call in a turn of the user',
      { messages: [{ role: 'user', content: [{ type: 'tool_use', id: 'x', name: 'f', input: {} }] }] },
      'messages[0].content[0].type',
    ],
  ])('is told of %s', async (_what, fields, field) => {
    const call = anthropic.messages.create({ ...asked, ...fields });
    await expect(call).rejects.toMatchObject({
      status: 400,
      error: { error: { message: expect.stringContaining(field) as string } },
    });
    expect(gateway.seen.requests).toHaveLength(0);
  });
});

describe('ollama', () => {
  const tools = [
    { type: 'function', function: { name: 'weather', description: 'Weather.', parameters } },
    { type: 'function', function: { name: 'time' } },
  ];
  const messages: OllamaMessage[] = [{ role: 'user', content: 'Weather?' }];
  const asked = { model: 'auto', messages, tools };
  const message = {
    role: 'assistant',
    content: 'Let me look.',
    thinking: 'Which city?',
    tool_calls: [
      { id: 'call_a', function: { index: 0, name: 'weather', arguments: { city: 'Paris', n: 2 } } },
      { id: 'call_b', function: { index: 1, name: 'time', arguments: {} } },
    ],
  };

  it('gets calls, and a conversation with their results goes to the model as it was', async () => {
    const answer = await ollama.chat({ ...asked, think: true });
    expect(answer.message).toEqual(message);
    expect(answer.done_reason).toBe('stop');
    expect(seenInput().reasoning).toEqual({ isWanted: true, field: 'think' });
    expect(seenInput().toolUse?.tools.map((tool) => tool.name)).toEqual(['weather', 'time']);
    await ollama.chat({
      ...asked,
      messages: [
        ...messages,
        answer.message,
        { role: 'tool', content: 'sun', tool_name: 'weather' },
        { role: 'tool', content: 'noon', tool_name: 'time' },
      ],
    });
    expect(seenInput().messages).toEqual(compact);
    expect(seenInput().reasoning).toBeUndefined();
  });

  it('gets whole calls in a stream', async () => {
    const calls = [];
    let thinking = '';
    let content = '';
    for await (const part of await ollama.chat({ ...asked, stream: true })) {
      thinking += part.message.thinking ?? '';
      content += part.message.content;
      calls.push(...(part.message.tool_calls ?? []));
    }
    expect({ role: 'assistant', content, thinking, tool_calls: calls }).toEqual(message);
  });

  it('leaves out a call that was cut short, streamed or not, and says why', async () => {
    const cut = { ...asked, options: { num_predict: 7 } };
    const whole = await ollama.chat(cut);
    expect(whole.message.tool_calls).toHaveLength(1);
    expect(whole.done_reason).toBe('length');
    let count = 0;
    for await (const part of await ollama.chat({ ...cut, stream: true })) {
      count += part.message.tool_calls?.length ?? 0;
    }
    expect(count).toBe(1);
  });

  it.each<[string, object, RegExp]>([
    ['a level of thinking that is none', { think: 'loud' }, /think/],
    ['tools of other types', { tools: [{ type: 'web', function: { name: 'f' } }] }, /tools\[0\]\.type/],
    [
      'a result without a call',
      { messages: [{ role: 'tool', content: 'x', tool_name: 'f' }] },
      /messages\[0\]/,
    ],
    ['a message without content', { messages: [{ role: 'user' }] }, /messages\[0\]\.content/],
  ])('is told of %s', async (_what, fields, expected) => {
    const call = ollama.chat({ ...asked, ...fields });
    await expect(call).rejects.toMatchObject({ status_code: 400 });
    await expect(call).rejects.toThrow(expected);
  });
});
