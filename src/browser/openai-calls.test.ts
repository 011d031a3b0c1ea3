import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { createNear } from './create-near.ts';
import {
  fakeBackend,
  fakeEnvironment,
  noTimings,
  partsOf,
  ready,
  recordingNetwork,
  refusalOf,
  type FakeSetup,
} from './fakes.ts';

/** As code for the `openai` package is written. */

const messages = [{ role: 'user', content: 'Hello' }] as const;

function client(setup: FakeSetup = {}, reply?: Parameters<typeof recordingNetwork>[0]) {
  const page = fakeBackend({ name: 'page', ...setup });
  const network = recordingNetwork(reply);
  const near = createNear({
    backends: [page],
    environment: fakeEnvironment(),
    gateway: { url: 'https://gateway.example/v1', fetch: network.fetch },
  });
  return { openai: near.openai, page, network };
}

const calls: readonly ChatPart[] = [
  { type: 'start', model: 'page', grade: 'assistant', promptTokenCount: 1, cachedTokenCount: 0 },
  { type: 'tool-call-start', choice: 0, call: 0, id: 'c1', name: 'look' },
  { type: 'tool-call-delta', choice: 0, call: 0, arguments: '{"a":1}' },
  { type: 'tool-call-end', choice: 0, call: 0 },
  { type: 'choice-end', choice: 0, reason: 'tool_calls' },
  {
    type: 'finish',
    usage: { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 2 },
    timings: noTimings,
  },
];

describe('the facade', () => {
  test('a completion', async () => {
    const completion = await client().openai.chat.completions.create({ model: 'auto', messages });
    expect(completion.choices[0]?.message.content).toBe('from page');
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'page',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
      usage: { prompt_tokens: 3, completion_tokens: 9, total_tokens: 12 },
    });
  });

  test('a stream, with usage where it is asked for', async () => {
    const stream = await client().openai.chat.completions.create({
      model: 'auto',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('from page');
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 12 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test('calls of tools, whole and as a stream', async () => {
    const { openai } = client({ answer: () => calls });
    const body = {
      model: 'auto',
      messages,
      tools: [{ type: 'function', function: { name: 'look' } }],
    } as const;
    const whole = await openai.chat.completions.create(body);
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } };
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [call] },
    });
    const deltas = [];
    for await (const chunk of await openai.chat.completions.create({ ...body, stream: true })) {
      deltas.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    }
    expect(deltas).toEqual([
      { index: 0, id: 'c1', type: 'function', function: { name: 'look', arguments: '' } },
      { index: 0, function: { arguments: '{"a":1}' } },
    ]);
  });

  test('errors have OpenAI’s shape, before a stream begins and in its middle', async () => {
    const { openai } = client({}, () => refusalOf(401, 'bad key'));
    const refused = {
      status: 401,
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      param: null,
      name: 'APIError',
    };
    const asked = { model: 'gpt-5', messages } as const;
    await expect(openai.chat.completions.create(asked)).rejects.toMatchObject(refused);
    await expect(openai.chat.completions.create({ ...asked, stream: true })).rejects.toMatchObject(refused);
    await expect(openai.chat.completions.create({ messages, temperature: 9 })).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
      error: { message: expect.stringContaining('0 to 2') as string },
    });
    const lost: ChatPart = { type: 'error', error: new NearfarError('model_crashed', 'lost') };
    const broken = client({ answer: () => [...partsOf('ab').slice(0, 2), lost] });
    const stream = await broken.openai.chat.completions.create({ messages, stream: true });
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ status: 500, type: 'server_error', code: 'model_crashed' });
  });

  test('controller.abort ends the loop without an error; a signal of the caller’s rejects', async () => {
    const { openai } = client({
      async *answer(_, signal) {
        yield* partsOf('abc').slice(0, 2);
        await once(signal, 'abort');
        yield { type: 'error', error: new NearfarError('aborted', 'told to stop') };
      },
    });
    const stream = await openai.chat.completions.create({ messages, stream: true });
    let count = 0;
    for await (const _ of stream) if (++count === 2) stream.controller.abort();
    expect(count).toBe(2);
    const aborted = openai.chat.completions.create({ messages }, { signal: AbortSignal.timeout(5) });
    await expect(aborted).rejects.toMatchObject({ name: 'APIUserAbortError' });
  });

  test('embeddings and models', async () => {
    const { openai } = client({ vectors: (texts) => texts.map(() => Float32Array.from([0.6, 0.8])) });
    const list = await openai.embeddings.create({ input: ['a', 'b'] });
    expect(list.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(list.data[0]?.embedding[0]).toBeCloseTo(0.6);
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual([
      'auto',
      'near',
      'page',
      'gateway',
    ]);
    const none = client({ availability: { state: 'unavailable', reason: 'x' } });
    expect((await none.openai.models.list()).data.map(({ id }) => id)).toEqual(['auto', 'gateway']);
    const small = client({ availability: ready({ embeddings: false }) }, () => Response.json({ data: [] }));
    await expect(small.openai.embeddings.create({ input: 'a' })).rejects.toMatchObject({ status: 502 });
  });
});
