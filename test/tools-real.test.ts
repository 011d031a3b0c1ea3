import Anthropic from '@anthropic-ai/sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Other tests may be computing at the same time. */
vi.setConfig({ testTimeout: 120_000 });

/** Forced calls from real weights: whatever a small model would rather say, its arguments fit the schema. */

let server: RealGateway;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  server = await realGateway();
  openai = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 });
  ollama = new Ollama({ host: server.url });
}, 300_000);
afterAll(() => server.close());

const parameters = {
  type: 'object' as const,
  properties: {
    city: { type: 'string', minLength: 1, maxLength: 20 },
    unit: { enum: ['celsius', 'fahrenheit'] },
    days: { type: 'integer', minimum: 1, maximum: 7 },
  },
  required: ['city', 'unit', 'days'],
  additionalProperties: false,
};
const noParameters = { type: 'object' as const, properties: {}, additionalProperties: false };
const fits = new Ajv2020().compile(parameters);
const question = { role: 'user' as const, content: 'What is the weather in Paris?' };

/** The call is of a tool that was offered, and its arguments are right. */
function expectCall(name: string | undefined, values: unknown): void {
  expect(['weather', 'now']).toContain(name);
  if (name === 'weather') expect(fits(values), JSON.stringify(values)).toBe(true);
  else expect(values).toEqual({});
}

describe('openai', () => {
  const tools: OpenAI.ChatCompletionFunctionTool[] = [
    { type: 'function', function: { name: 'weather', description: 'Weather of a city.', parameters } },
    { type: 'function', function: { name: 'now', description: 'The time.', parameters: noParameters } },
  ];
  const asked = {
    model: 'auto',
    messages: [question],
    tools,
    temperature: 1,
    max_completion_tokens: 150,
    tool_choice: { type: 'function' as const, function: { name: 'weather' } },
  };

  it('calls the named tool, streamed and not, and goes on with the result', async () => {
    const whole = await openai.chat.completions.create({ ...asked, parallel_tool_calls: false });
    const { message, finish_reason: reason } = whole.choices[0]!;
    expect(reason).toBe('tool_calls');
    expect(message.content).toBeNull();
    const call = message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('no call');
    expect(message.tool_calls).toHaveLength(1);
    expect(call.function.name).toBe('weather');
    expectCall(call.function.name, JSON.parse(call.function.arguments));

    const runner = openai.chat.completions.stream({ ...asked, parallel_tool_calls: false });
    const pieces: string[] = [];
    runner.on('tool_calls.function.arguments.delta', (event) => pieces.push(event.arguments_delta));
    const streamed = (await runner.finalChatCompletion()).choices[0]!.message.tool_calls?.[0];
    if (streamed?.type !== 'function') throw new Error('no call');
    expect(streamed.function.name).toBe('weather');
    expectCall(streamed.function.name, JSON.parse(streamed.function.arguments));
    // As it was written, not all at the end.
    expect(pieces.length).toBeGreaterThan(3);

    const next = await openai.chat.completions.create({
      model: 'auto',
      max_completion_tokens: 20,
      tools,
      tool_choice: 'none',
      messages: [question, message, { role: 'tool', tool_call_id: call.id, content: 'Sunny, 20 degrees.' }],
    });
    expect(next.usage!.prompt_tokens).toBeGreaterThan(30);
  });

  it('calls some tool where one is required, at any temperature', async () => {
    const answer = await openai.chat.completions.create({
      ...asked,
      n: 2,
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    for (const { message } of answer.choices) {
      const call = message.tool_calls?.[0];
      if (call?.type !== 'function') throw new Error('no call');
      expectCall(call.function.name, JSON.parse(call.function.arguments));
    }
  });

  it('says which keyword of a tool cannot be enforced', async () => {
    const call = openai.chat.completions.create({
      ...asked,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            parameters: { type: 'object', properties: { a: { type: 'string', format: 'no-such-format' } } },
          },
        },
      ],
    });
    await expect(call).rejects.toMatchObject({ status: 400 });
    await expect(call).rejects.toThrow(/tools\[0\]\.function\.parameters.*format/);
  });
});

describe('anthropic', () => {
  const asked: Anthropic.MessageCreateParamsNonStreaming = {
    model: 'auto',
    max_tokens: 150,
    messages: [question],
    tools: [
      { name: 'weather', description: 'Weather of a city.', input_schema: parameters },
      { name: 'now', input_schema: noParameters },
    ],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
  };

  it('calls where it must, streamed and not', async () => {
    for (const message of [
      await anthropic.messages.create(asked),
      await anthropic.messages.stream(asked).finalMessage(),
    ]) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content).toHaveLength(1);
      const [block] = message.content;
      if (block?.type !== 'tool_use') throw new Error('no call');
      expectCall(block.name, block.input);
    }
  });

  it('counts tools as a part of the prompt', async () => {
    const { model, messages, tools } = asked;
    const bare = await anthropic.messages.countTokens({ model, messages });
    const told = await anthropic.messages.countTokens({ model, messages, tools: tools! });
    expect(told.input_tokens).toBeGreaterThan(bare.input_tokens + 50);
  });

  it('refuses to think with a model that cannot', async () => {
    const call = anthropic.messages.create({ ...asked, thinking: { type: 'enabled', budget_tokens: 1024 } });
    await expect(call).rejects.toMatchObject({ status: 400 });
  });
});

describe('ollama', () => {
  const asked = {
    model: 'auto',
    messages: [question],
    tools: [
      { type: 'function', function: { name: 'weather', description: 'Weather of a city.', parameters } },
    ],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    // Enough for one call, which may be followed by the beginning of another.
    options: { num_predict: 90 },
  };

  it('calls where it must, streamed and not', async () => {
    const whole = await ollama.chat(asked);
    const call = whole.message.tool_calls?.[0]?.function;
    expect(call?.name).toBe('weather');
    expectCall(call?.name, call?.arguments);
    const calls = [];
    for await (const part of await ollama.chat({ ...asked, stream: true })) {
      calls.push(...(part.message.tool_calls ?? []));
    }
    expect(calls.length).toBeGreaterThan(0);
    for (const { function: called } of calls) expectCall(called.name, called.arguments);
  });
});
