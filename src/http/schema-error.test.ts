import { describe, expect, it } from 'vitest';
import { completionSchema } from './openai/completion-schema.ts';
import { chatSchema } from './openai/chat-schema.ts';
import { messagesSchema } from './anthropic/messages-schema.ts';
import { ollamaChatSchema } from './ollama/prompt-schema.ts';
import { schemaError } from './schema-error.ts';

const messages = [{ role: 'user', content: 'x' }];
const chat = { model: 'auto', messages };

function errorOf(schema: typeof chatSchema, body: unknown): ReturnType<typeof schemaError> | null {
  const parsed = schema.safeParse(body);
  return parsed.success ? null : schemaError(parsed.error);
}

describe('what a client is told', () => {
  it.each([
    [{ ...chat, tools: [{}] }, 'invalid_request', 'tools[0].type'],
    [{ ...chat, tools: [{ type: 'custom', custom: {} }] }, 'invalid_request', 'tools[0].type'],
    [{ ...chat, functions: [{ name: 'f' }] }, 'unsupported', 'functions'],
    [{ ...chat, function_call: { name: 'f' } }, 'unsupported', 'function_call'],
    [{ ...chat, foo: 1 }, 'unsupported', 'foo'],
    [{ ...chat, stream_options: { x: 1 } }, 'unsupported', 'stream_options.x'],
    [{ ...chat, response_format: { type: 'grammar' } }, 'invalid_request', 'response_format.type'],
    [
      { ...chat, response_format: { type: 'json_schema', json_schema: { name: 'a b', schema: {} } } },
      'invalid_request',
      'response_format.json_schema.name',
    ],
    [
      { ...chat, response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
      'invalid_request',
      'response_format.json_schema.schema',
    ],
    [{ ...chat, modalities: ['text', 'audio'] }, 'unsupported', 'modalities'],
    [{ ...chat, store: true }, 'unsupported', 'store'],
    [
      { ...chat, messages: [{ role: 'function', content: 'x', name: 'y' }] },
      'unsupported',
      'messages[0].role',
    ],
    [
      { ...chat, messages: [{ role: 'assistant', content: null, tool_calls: [{}] }] },
      'invalid_request',
      'messages[0].tool_calls[0].id',
    ],
    [{ ...chat, messages: [{ role: 'user', content: 'x', name: 'Ann' }] }, 'unsupported', 'messages[0].name'],
    [{ ...chat, temperature: 3 }, 'invalid_request', 'temperature'],
    [{ ...chat, n: 0 }, 'invalid_request', 'n'],
    [{ ...chat, messages: [] }, 'invalid_request', 'messages'],
    [{ ...chat, messages: [{ role: 'user', content: 5 }] }, 'invalid_request', 'messages[0].content'],
    [
      { ...chat, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'invalid_request',
      'messages[0].content[0].image_url.url',
    ],
    [{ messages }, 'invalid_request', 'model'],
    [{ ...chat, stop: [''] }, 'invalid_request', 'stop[0]'],
  ])('%j', (body, kind, field) => {
    expect(errorOf(chatSchema, body)).toMatchObject({ kind, field, status: 400 });
    expect(errorOf(chatSchema, body)?.message).toContain(field);
  });

  it('never repeats what the client sent', () => {
    for (const body of [
      { ...chat, messages: [{ role: 'SECRET', content: 'SECRET' }] },
      { ...chat, temperature: 'SECRET' },
      { ...chat, messages: [{ role: 'user', content: [{ type: 'SECRET' }] }] },
      { ...chat, logit_bias: { 5: 'SECRET' } },
      'SECRET',
    ]) {
      expect(errorOf(chatSchema, body)?.message).not.toContain('SECRET');
    }
  });

  it('takes values that turn an unsupported feature off', () => {
    const off = {
      ...chat,
      tools: [],
      tool_choice: 'none',
      functions: null,
      response_format: { type: 'text' },
      modalities: ['text'],
      audio: null,
      store: false,
      reasoning_effort: 'none',
      web_search_options: null,
      user: 'u',
      metadata: { a: 'b' },
      service_tier: 'auto',
      prompt_cache_key: 'k',
      safety_identifier: 's',
      parallel_tool_calls: true,
      temperature: null,
      stop: null,
      messages: [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
        { role: 'assistant', content: 'y', refusal: null, annotations: [], audio: null, tool_calls: [] },
        { role: 'user', content: 'z' },
      ],
    };
    expect(errorOf(chatSchema, off)).toBeNull();
    expect(completionSchema.safeParse({ model: 'auto', prompt: 'x', echo: false, best_of: 1 }).success).toBe(
      true,
    );
    expect(
      messagesSchema.safeParse({
        ...chat,
        max_tokens: 5,
        thinking: { type: 'disabled' },
        tools: [],
        tool_choice: { type: 'auto' },
      }).success,
    ).toBe(true);
    expect(
      ollamaChatSchema.safeParse({
        ...chat,
        format: '',
        think: false,
        tools: [],
        options: { mirostat: 0, num_gpu: 5 },
      }).success,
    ).toBe(true);
  });
});
