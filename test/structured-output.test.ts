import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Answers that must have a form, through the three clients, with real weights and at the clients' own temperature. */

let gateway: RealGateway;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  gateway = await realGateway();
  openai = new OpenAI({ apiKey: 'x', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'x', baseURL: gateway.url, maxRetries: 0 });
  ollama = new Ollama({ host: gateway.url });
}, 60_000);

afterAll(() => gateway.close());

const messages = [{ role: 'user' as const, content: 'Describe a cat named Tom.' }];
const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: 'integer', minimum: 1, maximum: 20 },
    moods: { type: 'array', items: { enum: ['calm', 'hungry'] }, minItems: 1, maxItems: 2 },
    friend: { anyOf: [{ $ref: '#/$defs/friend' }, { type: 'null' }] },
  },
  required: ['name', 'age', 'moods', 'friend'],
  additionalProperties: false,
  $defs: {
    friend: {
      type: 'object',
      properties: { since: { type: 'string', format: 'date' } },
      required: ['since'],
    },
  },
};

function expectCat(text: string): void {
  const cat = JSON.parse(text) as {
    name: string;
    age: number;
    moods: string[];
    friend: { since: string } | null;
  };
  expect(Object.keys(cat)).toEqual(['name', 'age', 'moods', 'friend']);
  expect(cat.name).toMatch(/^.{1,12}$/su);
  expect(cat.age).toBeGreaterThanOrEqual(1);
  expect(cat.age).toBeLessThanOrEqual(20);
  expect(cat.moods.every((mood) => mood === 'calm' || mood === 'hungry')).toBe(true);
  if (cat.friend !== null) expect(cat.friend.since).toMatch(/^\d{4}-\d\d-\d\d$/);
}

describe('the openai client', () => {
  const format = (own: Record<string, unknown>) => ({
    type: 'json_schema' as const,
    json_schema: { name: 'cat', schema: own, strict: true },
  });

  it('gets answers that fit its schema, several at once, and none goes on behind the end', async () => {
    const answer = await openai.chat.completions.create({
      model: 'auto',
      messages,
      n: 4,
      response_format: format(schema),
    });
    for (const choice of answer.choices) {
      expect(choice.finish_reason).toBe('stop');
      expectCat(choice.message.content ?? '');
    }
  });

  it('streams, and is told where the bound cut an answer', async () => {
    const stream = await openai.chat.completions.create({
      model: 'auto',
      messages,
      temperature: 0,
      stream: true,
      response_format: format(schema),
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expectCat(text);
    const cut = await openai.chat.completions.create({
      model: 'auto',
      messages,
      max_completion_tokens: 4,
      temperature: 0,
      response_format: format(schema),
    });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(text.startsWith(cut.choices[0]?.message.content ?? '-')).toBe(true);
  });

  it('goes on being served after answers were broken off in the middle', async () => {
    for (let count = 0; count < 3; count++) {
      const stream = await openai.chat.completions.create({
        model: 'auto',
        messages,
        stream: true,
        response_format: format({ type: 'string', minLength: 5_000 }),
      });
      for await (const chunk of stream) if (chunk.choices.length > 0) break;
    }
    const answer = await openai.chat.completions.create({
      model: 'auto',
      messages,
      response_format: format({ enum: ['yes', 'no'] }),
    });
    expect(['"yes"', '"no"']).toContain(answer.choices[0]?.message.content);
  });

  it('is told which keyword cannot be enforced', async () => {
    const bad = { type: 'object', properties: { a: { not: { type: 'null' } } } };
    const call = openai.chat.completions.create({ model: 'auto', messages, response_format: format(bad) });
    await expect(call).rejects.toMatchObject({ status: 400, param: 'response_format.json_schema.schema' });
    await expect(call).rejects.toThrow(/not at #\/properties\/a\/not/);
  });
});

it('the anthropic client gets an answer that fits, or an error of its own shape', async () => {
  const create = (own: Record<string, unknown>) =>
    anthropic.messages.create({
      model: 'auto',
      max_tokens: 200,
      messages,
      output_config: { format: { type: 'json_schema', schema: own } },
    });
  const [block] = (await create(schema)).content;
  expectCat(block?.type === 'text' ? block.text : '');
  await expect(create({ type: 'array', uniqueItems: true })).rejects.toMatchObject({
    status: 400,
    type: 'invalid_request_error',
    message: expect.stringContaining('output_config.format.schema: uniqueItems at #/uniqueItems') as string,
  });
});

it('the ollama client gets JSON, JSON that fits, or an error', async () => {
  const answer = await ollama.chat({ model: gateway.modelId, messages, format: schema });
  expectCat(answer.message.content);
  const any = await ollama.generate({
    model: gateway.modelId,
    prompt: 'Reply with a short JSON object.',
    format: 'json',
    options: { temperature: 0, num_predict: 200 },
  });
  if (any.done_reason === 'stop') expect(JSON.parse(any.response ?? '')).toBeTypeOf('object');
  expect(any.response).toMatch(/^\{/);
  const bad = ollama.chat({ model: gateway.modelId, messages, format: { oneOf: [{}, {}] } });
  await expect(bad).rejects.toMatchObject({ status_code: 400 });
  await expect(bad).rejects.toThrow(/format: oneOf at #\/oneOf/);
});
