import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NearfarError } from '../src/chat/error.ts';
import type { ChatPart } from '../src/chat/part.ts';
import { fakeStart, hello, listeningFakeGateway } from './fake-gateway.ts';

type Gateway = Awaited<ReturnType<typeof listeningFakeGateway>>;

let gateway: Gateway;
let client: Ollama;

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
  client = new Ollama({ host: gateway.server.url });
});

afterAll(() => gateway.server.close(100));

const messages = [{ role: 'user', content: 'Say hello.' }];

describe('the ollama client', () => {
  it('chats, whole and streaming', async () => {
    const whole = await client.chat({ model: 'tiny:latest', messages });
    expect(whole).toMatchObject({
      model: 'tiny',
      message: { role: 'assistant', content: 'Hello, wörld!' },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 12,
      eval_count: 3,
      total_duration: 51_000_000,
    });
    let text = '';
    const dones = [];
    for await (const part of await client.chat({ model: 'tiny', messages, stream: true })) {
      text += part.message.content;
      dones.push(part.done);
    }
    expect(text).toBe('Hello, wörld!');
    expect(dones).toEqual([false, false, false, true]);
  });

  it('generates through the chat template, raw, and between prompt and suffix', async () => {
    const answer = await client.generate({ model: 'tiny', prompt: 'Hi.', system: 'Be kind.' });
    expect(answer.response).toBe('Hello, wörld!');
    expect(gateway.seen.requests.at(-1)?.input).toEqual({
      kind: 'chat',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi.' },
      ],
    });
    await client.generate({ model: 'tiny', prompt: 'Hi.', raw: true });
    expect(gateway.seen.requests.at(-1)?.input).toEqual({ kind: 'text', text: 'Hi.' });
    await client.generate({ model: 'tiny', prompt: 'def f(', suffix: 'return x' });
    expect(gateway.seen.requests.at(-1)?.input).toEqual({ kind: 'text', text: 'def f(', suffix: 'return x' });
    let text = '';
    for await (const part of await client.generate({ model: 'tiny', prompt: 'Hi.', stream: true }))
      text += part.response ?? '';
    expect(text).toBe('Hello, wörld!');
  });

  it('passes options on and fills in the documented defaults', async () => {
    await client.chat({
      model: 'tiny',
      messages,
      keep_alive: '1h30m',
      options: { seed: 7, num_predict: 20, num_ctx: 4096, repeat_penalty: 1.3, mirostat: 0, stop: ['END'] },
    });
    expect(gateway.seen.requests.at(-1)).toMatchObject({
      maxTokenCount: 20,
      keepAliveSeconds: 5400,
      stop: ['END'],
      sampling: { seed: 7, repetitionPenalty: 1.3, temperature: 0.8, topK: 40, topP: 0.9, penaltyWindow: 64 },
    });
  });

  it('loads and unloads without a prompt', async () => {
    expect(await client.generate({ model: 'tiny', prompt: '', keep_alive: -1 })).toMatchObject({
      done_reason: 'load',
    });
    expect(gateway.seen.loaded.at(-1)).toEqual({ id: 'tiny', keepAliveSeconds: -1 });
    expect(await client.chat({ model: 'tiny', messages: [], keep_alive: 0 })).toMatchObject({
      done_reason: 'unload',
    });
    expect(gateway.seen.unloaded).toEqual(['tiny']);
    const loadedCount = gateway.seen.loaded.length;
    expect(await client.embed({ model: 'tiny', input: '', keep_alive: 0 })).toMatchObject({ embeddings: [] });
    expect(gateway.seen.unloaded).toEqual(['tiny', 'tiny']);
    expect(gateway.seen.loaded).toHaveLength(loadedCount);
  });

  it('lists, shows and tells what runs', async () => {
    expect((await client.list()).models).toMatchObject([
      {
        name: 'tiny',
        size: 91_000_000,
        details: { format: 'gguf', parameter_size: '134.5M', quantization_level: 'Q4_0' },
      },
    ]);
    expect(await client.show({ model: 'tiny' })).toMatchObject({
      license: 'Apache-2.0',
      capabilities: ['completion', 'tools'],
    });
    expect((await client.ps()).models).toMatchObject([{ name: 'tiny', expires_at: '2262-04-11T23:47:16Z' }]);
    expect(await client.version()).toEqual({ version: '0.1.0' });
    await expect(client.show({ model: 'unknown' })).rejects.toMatchObject({ status_code: 404 });
  });

  it('pulls with progress what the catalog or the hub has, and nothing else', async () => {
    const statuses = [];
    let completed = 0;
    for await (const progress of await client.pull({ model: 'tiny', stream: true })) {
      statuses.push(progress.status);
      if (progress.status.startsWith('pulling tiny')) {
        expect(progress.total).toBe(100);
        expect(progress.completed).toBeGreaterThanOrEqual(completed);
        completed = progress.completed;
      }
    }
    expect(statuses[0]).toMatch(/^pulling/);
    expect(statuses.at(-1)).toBe('success');
    expect(await client.pull({ model: 'owner/repo/model.gguf' })).toEqual({ status: 'success' });
    expect(gateway.seen.pulled.at(-1)).toBe('hf:owner/repo/model.gguf');
    for (const reference of [
      'https://example.com/x.gguf',
      'file:/etc/passwd',
      'pypi:thing',
      'pypi:a/b/c.gguf',
    ]) {
      await expect(client.pull({ model: reference })).rejects.toMatchObject({ status_code: 403 });
    }
    await expect(client.pull({ model: 'nobody-knows' })).rejects.toMatchObject({ status_code: 404 });
    await expect(client.pull({ model: 'hf:a/b/../../c.gguf' })).rejects.toMatchObject({ status_code: 404 });
    await expect(client.pull({ model: 'other' })).rejects.toThrow('No source answers.');
    const failing = await client.pull({ model: 'other', stream: true });
    const read = async (): Promise<void> => {
      for await (const progress of failing) expect(progress.status).not.toBe('success');
    };
    await expect(read()).rejects.toThrow('No source answers.');
  });

  it('deletes by id, after unloading, and never through an alias', async () => {
    await client.delete({ model: 'tiny' });
    expect(gateway.seen.removed).toEqual(['tiny']);
    await expect(client.delete({ model: 'auto' })).rejects.toMatchObject({ status_code: 404 });
    expect(gateway.seen.removed).toEqual(['tiny']);
  });

  it('is told which field is not supported', async () => {
    const refused = [
      { format: 'xml' },
      { think: 'loud' as 'high' },
      { options: { mirostat: 2 } },
      { tools: [{ type: 'web_search', function: { name: 'f' } }] },
      { messages: [{ role: 'user', content: 'x', images: ['aGk='] }] },
    ];
    for (const fields of refused) {
      const call = client.chat({ model: 'tiny', messages, ...fields });
      await expect(call).rejects.toMatchObject({ status_code: 400 });
      await expect(call).rejects.toThrow(/format|think|options\.mirostat|tools|messages\[0\]\.images/);
    }
    for (const fields of [{ template: 'x' }, { context: [1] }, { images: ['aGk='] }]) {
      await expect(client.generate({ model: 'tiny', prompt: 'x', ...fields })).rejects.toMatchObject({
        status_code: 400,
      });
    }
    await expect(client.embed({ model: 'unknown', input: 'x' })).rejects.toMatchObject({ status_code: 404 });
  });

  it('gets 404 for an unknown model and an error line in a broken stream', async () => {
    await expect(client.chat({ model: 'unknown', messages })).rejects.toMatchObject({ status_code: 404 });
    const stream = await client.chat({ model: 'near', messages, stream: true });
    let text = '';
    const read = async (): Promise<void> => {
      for await (const part of stream) text += part.message.content;
    };
    await expect(read()).rejects.toThrow('The engine died.');
    expect(text).toBe('Half an');
  });
});
