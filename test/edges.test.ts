import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Requests at the edges of what is allowed, over the real server with real weights. */

let gateway: RealGateway;
beforeAll(async () => {
  gateway = await realGateway();
}, 120_000);
afterAll(async () => {
  await gateway.close();
});

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: object, url = gateway.url): Promise<Reply> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const user = { role: 'user', content: 'Name a river.' };

describe('contents that are null', () => {
  const calling = {
    role: 'assistant',
    content: null,
    tool_calls: [{ function: { name: 'river', arguments: { country: 'France' } } }],
  };

  it('are none beside calls, in Ollama’s dialect too', async () => {
    const messages = [user, calling, { role: 'tool', tool_name: 'river', content: 'Loire' }];
    const { status, body } = await post('/api/chat', {
      model: 'near',
      stream: false,
      messages,
      options: { num_predict: 5 },
    });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ done: true, message: { role: 'assistant' } });
  });

  it.each([
    ['user', 'messages[0].content'],
    ['system', 'messages[0].content'],
    ['assistant', 'messages[0].content'],
  ])('are refused of a %s who does not call, naming the field', async (role, field) => {
    const { status, body } = await post('/api/chat', {
      model: 'near',
      messages: [{ role, content: null }, user],
    });
    expect(status).toBe(400);
    expect(body['error']).toContain(field);
  });
});

describe('texts without anything in them', () => {
  it.each([[''], [['a', '']], [[]]])('cannot be embedded in OpenAI’s dialect: %j', async (input) => {
    const { status, body } = await post('/v1/embeddings', { model: 'near', input });
    expect(status).toBe(400);
    expect(body['error']).toMatchObject({
      type: 'invalid_request_error',
      param: expect.stringMatching(/^input/) as string,
    });
  });

  it('load the model where Ollama does so, and are refused within a list', async () => {
    expect(await post('/api/embed', { model: 'near', input: '' })).toMatchObject({
      status: 200,
      body: { embeddings: [] },
    });
    expect(await post('/api/embed', { model: 'near', input: [] })).toMatchObject({
      status: 200,
      body: { embeddings: [] },
    });
    const { status, body } = await post('/api/embed', { model: 'near', input: ['a', ''] });
    expect(status).toBe(400);
    expect(body['error']).toContain('input[1]');
  });

  it.each([
    [{ query: 'a', documents: [] }, 'documents'],
    [{ query: 'a', documents: ['b', ''] }, 'documents'],
    [{ query: '', documents: ['b'] }, 'query'],
  ])('cannot be ranked: %j', async (more, field) => {
    const { status, body } = await post('/v1/rerank', { model: 'near', ...more });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(field);
  });
});

describe('answers of no tokens', () => {
  it.each([
    ['/v1/chat/completions', { messages: [user], max_tokens: 0 }, 'max_tokens'],
    ['/v1/chat/completions', { messages: [user], max_completion_tokens: 0 }, 'max_completion_tokens'],
    ['/v1/completions', { prompt: 'A', max_tokens: 0 }, 'max_tokens'],
    ['/v1/responses', { input: 'A', max_output_tokens: 0 }, 'max_output_tokens'],
    ['/v1/messages', { messages: [user], max_tokens: 0 }, 'max_tokens'],
  ])('are refused by %s: %j', async (path, body, field) => {
    const reply = await post(path, { model: 'near', ...body });
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.body)).toContain(field);
  });
});

describe('several choices with tools', () => {
  const tools = [
    {
      type: 'function',
      function: {
        name: 'river',
        parameters: {
          type: 'object',
          properties: { country: { type: 'string', maxLength: 12 } },
          required: ['country'],
          additionalProperties: false,
        },
      },
    },
  ];
  const asked = {
    model: 'near',
    messages: [user],
    tools,
    tool_choice: 'required',
    parallel_tool_calls: false,
    n: 3,
    temperature: 1,
    seed: 5,
    max_tokens: 80,
  };

  interface Call {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }

  it('call each for itself', async () => {
    const { status, body } = await post('/v1/chat/completions', asked);
    expect(status, JSON.stringify(body)).toBe(200);
    const choices = body['choices'] as {
      index: number;
      finish_reason: string;
      message: { tool_calls: Call[] };
    }[];
    expect(choices.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
      [0, 'tool_calls'],
      [1, 'tool_calls'],
      [2, 'tool_calls'],
    ]);
    const calls = choices.flatMap(({ message }) => message.tool_calls);
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
    for (const call of calls) expect(JSON.parse(call.function.arguments)).toHaveProperty('country');
  });

  it('and in a stream, by their indexes', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...asked, stream: true }),
    });
    const argumentsOf = ['', '', ''];
    const finishes: string[] = [];
    for (const line of (await response.text()).split('\n')) {
      if (!line.startsWith('data: {')) continue;
      const { choices } = JSON.parse(line.slice(6)) as {
        choices: {
          index: number;
          finish_reason: string | null;
          delta: { tool_calls?: { function?: { arguments?: string } }[] };
        }[];
      };
      for (const { index, delta, finish_reason } of choices) {
        for (const call of delta.tool_calls ?? [])
          argumentsOf[index] = (argumentsOf[index] ?? '') + (call.function?.arguments ?? '');
        if (finish_reason !== null) finishes.push(finish_reason);
      }
    }
    expect(finishes).toEqual(['tool_calls', 'tool_calls', 'tool_calls']);
    for (const text of argumentsOf) expect(JSON.parse(text)).toHaveProperty('country');
  });
});

describe('a model that shall leave', () => {
  const loaded = async (url: string): Promise<string[]> => {
    const { models } = (await (await fetch(`${url}/api/ps`)).json()) as { models: { name: string }[] };
    return models.map(({ name }) => name);
  };

  it('answers to the end first', async () => {
    const answer = post('/api/generate', {
      model: 'near',
      prompt: 'Tell a long story.',
      stream: false,
      options: { num_predict: 120, temperature: 0 },
    });
    await sleep(300);
    const unload = await post('/api/generate', { model: 'near', prompt: '', keep_alive: 0, stream: false });
    expect(unload).toMatchObject({ status: 200, body: { done_reason: 'unload' } });
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body).toMatchObject({ done: true });
    expect(['length', 'stop']).toContain(body['done_reason']);
    if (body['done_reason'] === 'length') expect(body['eval_count']).toBe(120);
    await expect.poll(() => loaded(gateway.url), { timeout: 10_000 }).toEqual([]);
    // And is back for the next one.
    expect(
      (await post('/v1/chat/completions', { model: 'near', messages: [user], max_tokens: 3 })).status,
    ).toBe(200);
  });
});
