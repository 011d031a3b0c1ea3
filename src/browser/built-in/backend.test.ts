import { describe, expect, test } from 'vitest';
import { clear } from '../../privacy/clear.ts';
import { chatRequest } from '../chat-request.ts';
import { read, textOf } from '../fakes.ts';
import type { NearInput } from '../near.ts';
import { createBuiltInBackend } from './backend.ts';
import { fakeModel, type FakeModelSetup } from './fakes.ts';
import type { ModelGlobals } from './language-model.ts';

const never = new AbortController().signal;
const asked = (input: NearInput) => clear(chatRequest(input, {}, true), 'machine');

function backendWith(setup: FakeModelSetup = {}) {
  const fake = fakeModel(setup);
  const backend = createBuiltInBackend({ globals: fake.globals });
  return {
    fake,
    backend,
    ask: (input: NearInput, signal = never) => read(backend.chat(asked(input), signal)),
  };
}

describe('whether it is there', () => {
  test('a browser without the API says so', async () => {
    const backend = createBuiltInBackend({ globals: {} });
    expect(await backend.detect()).toEqual({
      state: 'unavailable',
      reason: 'This browser has no model of its own (no Prompt API).',
    });
    await expect(backend.load(() => undefined, never)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('states, and what it takes', async () => {
    const { backend, fake } = backendWith({ media: ['image'] });
    expect(await backend.detect()).toMatchObject({
      state: 'downloaded',
      downloadBytes: 0,
      can: { images: true, audio: false, schema: true, tools: false },
    });
    fake.state = 'downloadable';
    expect(await backend.detect()).toMatchObject({
      state: 'downloadable',
      downloadBytes: null,
      note: expect.stringContaining('click') as string,
    });
    fake.state = 'downloading';
    expect(await backend.detect()).toMatchObject({ state: 'downloading' });
    fake.state = 'unavailable';
    expect(await backend.detect()).toMatchObject({ state: 'unavailable' });
  });

  test('loading tells how far it is, from 0 to 1, once', async () => {
    const { backend, fake } = backendWith({ state: 'downloadable', contextWindow: 9_216 });
    const seen: number[] = [];
    await backend.load(({ fraction }) => seen.push(fraction), never);
    expect(seen).toEqual([0, 0.5, 0.99, 1]);
    expect(await backend.detect()).toMatchObject({ state: 'ready', can: { contextTokenCount: 9_216 } });
    await backend.load(() => undefined, never);
    expect(fake.sessions).toHaveLength(1);
    await backend.dispose();
    expect(fake.sessions[0]?.isDestroyed).toBe(true);
  });

  test.each([
    [new DOMException('no', 'NotAllowedError'), 'unavailable'],
    [new DOMException('no', 'NetworkError'), 'unavailable'],
    [new DOMException('no', 'NotSupportedError'), 'unsupported'],
    [new Error('no'), 'model_crashed'],
  ])('a load that fails with %s', async (createFails, kind) => {
    const { backend } = backendWith({ createFails });
    await expect(backend.load(() => undefined, never)).rejects.toMatchObject({ kind });
  });
});

describe('answers', () => {
  test('the system’s words and earlier turns make the session, the last turn is asked', async () => {
    const { ask, fake } = backendWith();
    const parts = await ask([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Two' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Three' },
    ]);
    expect(textOf(parts)).toBe('Hello');
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'choice-end',
      'finish',
    ]);
    const [session] = fake.sessions;
    expect(session?.options.initialPrompts).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Two' },
    ]);
    expect(session?.prompts).toEqual([[{ role: 'user', content: 'Three' }]]);
    expect(session?.isDestroyed).toBe(true);
    const finish = parts.at(-1);
    // By the double's way of counting: 20 of what was before, 7 of what is asked, 5 of the answer.
    expect(finish).toMatchObject({
      type: 'finish',
      usage: { promptTokenCount: 27, completionTokenCount: 5 },
    });
  });

  test('a schema constrains it', async () => {
    const { ask, fake } = backendWith({ pieces: ['{"a":1}'] });
    const schema = { type: 'object' };
    await ask({
      messages: [{ role: 'user', content: 'x' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    await ask({ messages: [{ role: 'user', content: 'x' }], response_format: { type: 'json_object' } });
    expect(fake.sessions.map(({ constraints }) => constraints[0])).toEqual([schema, { type: 'object' }]);
  });

  test('a temperature is a mode in a page and a number in an extension; other options are refused', async () => {
    const body = { messages: [{ role: 'user', content: 'x' }], temperature: 0.1 } as const;
    const page = backendWith();
    await page.ask(body);
    expect(page.fake.sessions[0]?.options).toMatchObject({ samplingMode: 'most-predictable' });
    const extension = backendWith({ isExtension: true });
    await extension.ask(body);
    expect(extension.fake.sessions[0]?.options).toMatchObject({ temperature: 0.1, topK: 3 });
    expect(await page.ask({ ...body, seed: 7 })).toMatchObject([
      { type: 'error', error: { kind: 'unsupported', field: 'seed' } },
    ]);
    expect((await page.ask({ ...body, top_p: 1, presence_penalty: 0 })).at(-1)?.type).toBe('finish');
  });

  test('pictures go as bytes; addresses, tools and documents are refused', async () => {
    const { ask, fake } = backendWith({ media: ['image'] });
    const picture = (url: string) =>
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] as const;
    await ask(picture('data:image/png;base64,iVBORw0KGgo='));
    const content = (
      fake.sessions[0]?.prompts[0] as readonly {
        readonly content: readonly { readonly type: string; readonly value: Blob }[];
      }[]
    )[0]?.content[0];
    expect([content?.type, content?.value.type, content?.value.size]).toEqual(['image', 'image/png', 8]);
    expect(fake.sessions[0]?.options.expectedInputs).toContainEqual({ type: 'image' });
    expect(await ask(picture('https://example.org/a.png'))).toMatchObject([
      { type: 'error', error: { kind: 'unsupported' } },
    ]);
    const tools = [{ type: 'function', function: { name: 'look' } }] as const;
    expect(await ask({ messages: [{ role: 'user', content: 'x' }], tools })).toMatchObject([
      { type: 'error', error: { field: 'tools' } },
    ]);
  });

  test('stop strings and the bound of tokens end it', async () => {
    const { ask } = backendWith({ pieces: ['one, t', 'wo, three, four, five, six'] });
    const stopped = await ask({ messages: [{ role: 'user', content: 'x' }], stop: ', two' });
    expect(textOf(stopped)).toBe('one');
    expect(stopped.at(-2)).toMatchObject({ reason: 'stop_sequence', stopSequence: ', two' });
    const bounded = await ask({ messages: [{ role: 'user', content: 'x' }], max_tokens: 1 });
    expect(bounded.at(-2)).toMatchObject({ reason: 'length' });
    expect(bounded.at(-1)).toMatchObject({ usage: { isMeasured: false } });
  });

  test('a prompt that is too long tells both counts', async () => {
    const { ask } = backendWith({ contextWindow: 10 });
    const parts = await ask([
      { role: 'user', content: 'x'.repeat(50) },
      { role: 'assistant', content: 'y' },
      { role: 'user', content: 'z' },
    ]);
    expect(parts).toMatchObject([
      {
        type: 'error',
        error: {
          kind: 'context_overflow',
          message: expect.stringMatching(/55 tokens, and 10 are left/) as string,
        },
      },
    ]);
  });

  test.each([
    ['SyntaxError', 'upstream_failed'],
    ['UnknownError', 'model_crashed'],
  ])('%s in the middle is %s, last', async (name, kind) => {
    const { ask, fake } = backendWith({ promptFails: new DOMException('no', name) });
    const parts = await ask('Hi');
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind } });
    expect(fake.sessions[0]?.isDestroyed).toBe(true);
  });

  test('an abort ends it, and frees the session', async () => {
    const { backend, fake } = backendWith({ hangs: true });
    const abort = new AbortController();
    const parts = [];
    for await (const part of backend.chat(asked('Hi'), abort.signal)) {
      parts.push(part);
      if (parts.length === 3) abort.abort();
    }
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    expect(fake.sessions[0]?.isDestroyed).toBe(true);
  });

  test('tokens are counted by a session that is not asked', async () => {
    const { backend, fake } = backendWith();
    expect(await backend.countTokens?.(chatRequest('Hello', {}, true).input, never)).toBe(7);
    expect(fake.sessions[0]).toMatchObject({ prompts: [], isDestroyed: true });
  });
});

describe('before Chrome renamed it', () => {
  const old = (pieces: readonly string[]): { readonly globals: ModelGlobals; readonly created: object[] } => {
    const created: object[] = [];
    const factory = {
      capabilities: () => Promise.resolve({ available: 'readily' }),
      create: (options: object = {}) => {
        created.push(options);
        return Promise.resolve({
          tokensSoFar: 3,
          maxTokens: 4096,
          async *promptStreaming() {
            yield* pieces;
          },
          destroy: () => undefined,
        });
      },
    };
    return { globals: { ai: { languageModel: factory } }, created };
  };

  test('streams that repeat what they said are read as such, and the system prompt has its own place', async () => {
    const { globals, created } = old(['Hel', 'Hello', 'Hello you']);
    const backend = createBuiltInBackend({ globals });
    expect(await backend.detect()).toMatchObject({ state: 'downloaded', can: { schema: false } });
    const parts = await read(
      backend.chat(
        asked([
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Hi' },
        ]),
        never,
      ),
    );
    expect(textOf(parts)).toBe('Hello you');
    expect(created[0]).toMatchObject({ systemPrompt: 'Be kind.', initialPrompts: [] });
  });

  test('and those that do not as well', async () => {
    const { globals } = old(['Hel', 'lo', ' you']);
    const parts = await read(createBuiltInBackend({ globals }).chat(asked('Hi'), never));
    expect(textOf(parts)).toBe('Hello you');
  });
});
