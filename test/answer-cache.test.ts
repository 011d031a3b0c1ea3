import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realGateway, type RealGateway } from './real-gateway.ts';

let real: RealGateway;
beforeAll(async () => {
  real = await realGateway({ 'cache.exact': 'true' });
});
afterAll(() => real.close());

const question = {
  model: 'near',
  temperature: 0,
  max_tokens: 12,
  messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
};

function client(): OpenAI {
  return new OpenAI({ baseURL: `${real.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

async function ask(headers: Readonly<Record<string, string>> = {}) {
  const { data, response } = await client().chat.completions.create(question, { headers }).withResponse();
  const id = response.headers.get('x-request-id');
  const row = (await real.gateway.ledger.recent(10)).find(({ requestId }) => requestId === id);
  return {
    text: data.choices[0]?.message.content,
    usage: data.usage,
    source: response.headers.get('x-nearfar-cache'),
    row,
  };
}

describe('the same question twice, with the official client', () => {
  it('is answered once by the model, then from memory, streamed or whole', async () => {
    const first = await ask();
    expect(first).toMatchObject({ source: null, row: { answerSource: 'model' } });
    const second = await ask();
    expect(second.text).toBe(first.text);
    expect(second.source).toBe('exact_cache');
    expect(second.usage).toMatchObject({
      completion_tokens: 12,
      prompt_tokens_details: { cached_tokens: first.usage?.prompt_tokens },
    });
    expect(second.row).toMatchObject({ answerSource: 'exact_cache', decodeMs: 0, status: 200 });

    const stream = await client().chat.completions.create({ ...question, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(first.text);
    const metrics = await (await fetch(`${real.url}/metrics`)).text();
    expect(metrics).toContain('nearfar_answers_total{source="exact_cache"} 2');
  });

  it('is answered by the model where the client does not want a kept answer', async () => {
    await ask();
    expect(await ask({ 'x-nearfar-cache': 'off' })).toMatchObject({
      source: null,
      row: { answerSource: 'model' },
    });
    expect(await ask({ 'x-nearfar-cache': 'refresh' })).toMatchObject({ source: null });
    await expect(ask({ 'x-nearfar-cache': 'perhaps' })).rejects.toMatchObject({
      status: 400,
      param: 'x-nearfar-cache',
    });
  });

  it('is answered by the model once the owner had it forgotten, by its key too', async () => {
    const forget = async (body: object): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${real.url}/forget`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return response.json();
    };
    await ask();
    expect(await forget({ key: 'somebody' })).toEqual({ answers: 0 });
    expect(await ask()).toMatchObject({ source: 'exact_cache' });
    expect(await forget({ key: 'local', before: Date.now() + 1000 })).toEqual({ answers: 1 });
    expect(await ask()).toMatchObject({ source: null });
    expect(await forget({ all: true })).toEqual({ answers: 1 });
    expect(await ask()).toMatchObject({ source: null });
  });

  it('at the same moment runs one model', async () => {
    const fresh = { ...question, messages: [{ role: 'user' as const, content: 'Name a river in Spain.' }] };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => client().chat.completions.create(fresh).withResponse()),
    );
    const sources = answers.map(({ response }) => response.headers.get('x-nearfar-cache'));
    expect(sources.filter((source) => source === null)).toHaveLength(1);
    expect(new Set(answers.map(({ data }) => data.choices[0]?.message.content)).size).toBe(1);
  });
});
