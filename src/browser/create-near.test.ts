import { describe, expect, test, vi } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { createNear } from './create-near.ts';
import {
  eventsOf,
  answerEvents,
  fakeBackend,
  fakeEnvironment,
  partsOf,
  read,
  ready,
  recordingNetwork,
  refusalOf,
  textOf,
  type FakeBackend,
  type RecordingNetwork,
} from './fakes.ts';
import type { Near, NearOptions } from './near.ts';

const secretText = 'My IBAN is DE89 3704 0044 0532 0130 00, please write it down.';
const hardText = `A farmer, who had leased his land to a neighbour under a contract that could be ended only if either of them gave
notice before March, died in February, after he had written to his son, whom he trusted, that the land, unless it was sold, should
be given to whichever of his three children would live on it; the letter arrived, however, when the son had already moved in, and
his sisters, who were told about it by the neighbour, had agreed to sell. If the court holds that the letter (which was not signed)
counts as a will, and that the agreement does not bind anyone who had not seen it, who owns the land, and what would change?`;

interface Made {
  readonly near: Near;
  readonly page: FakeBackend;
  readonly network: RecordingNetwork;
  readonly environment: ReturnType<typeof fakeEnvironment>;
}

function make(
  options: Partial<NearOptions> = {},
  given: { page?: FakeBackend; network?: RecordingNetwork } = {},
): Made {
  const { page = fakeBackend({ name: 'page' }), network = recordingNetwork() } = given;
  const environment = fakeEnvironment();
  const near = createNear({
    gateway: { url: 'https://gateway.example/v1', fetch: network.fetch },
    backends: [page],
    environment,
    ...options,
  });
  return { near, page, network, environment };
}

describe('who answers', () => {
  test('a simple request is answered in the page, with the reason', async () => {
    const { near, network } = make();
    const answer = await near.chat('What is the capital of France?');
    expect(answer.text).toBe('from page');
    expect(answer.route.backend).toBe('page');
    expect(answer.route.reasons.join()).toMatch(/page: difficulty 0\.\d\d .* is below 0\.70/);
    expect(network.sent).toEqual([]);
  });

  test('a hard one goes to the gateway, with the reason', async () => {
    const { near, page, network } = make();
    const answer = await near.chat(hardText);
    expect(answer.text).toBe('from the gateway');
    expect(answer.route.reasons.join()).toMatch(/gateway: difficulty .* is not below 0\.70/);
    expect(network.sent.map(({ url }) => url)).toEqual(['https://gateway.example/v1/chat/completions']);
    expect(page.asked).toEqual([]);
  });

  test('a private one stays, however hard it is', async () => {
    const { near, network } = make();
    const answer = await near.chat(`${hardText} ${secretText}`);
    expect(answer.route).toMatchObject({ backend: 'page', label: 'local_only' });
    expect(answer.route.detectors).toContain('iban');
    expect(network.sent).toEqual([]);
  });

  test('a private one that the page cannot answer is an error, never the gateway', async () => {
    const unable = fakeBackend({
      name: 'page',
      availability: { state: 'unavailable', reason: 'No WebGPU.' },
    });
    const { near, network } = make({}, { page: unable });
    const refused = near.chat(secretText);
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(refused).rejects.toThrow(/must stay inside.*No WebGPU.*iban/s);
    expect(network.sent).toEqual([]);
  });

  test('a private one whose page model fails is an error, never the gateway', async () => {
    const broken = fakeBackend({
      name: 'page',
      answer: () => {
        throw new Error('the GPU was lost');
      },
    });
    const { near, network } = make({}, { page: broken });
    await expect(near.chat(secretText)).rejects.toBeInstanceOf(NearfarError);
    expect(network.sent).toEqual([]);
  });

  test('pictures that nobody reads stay, unless the page allows it', async () => {
    const picture = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        ],
      },
    ] as const;
    const closed = make({ policy: { prefer: 'far' } });
    expect((await closed.near.chat(picture)).route).toMatchObject({
      backend: 'page',
      detectors: ['unread.image'],
    });
    const open = make({ policy: { prefer: 'far' }, privacy: { allowsMedia: true } });
    expect((await open.near.chat(picture)).route.backend).toBe('gateway');
  });

  test('a conversation that was private stays so, by its name and by its beginning', async () => {
    const { near, network } = make({ policy: { prefer: 'far' } });
    await near.chat(secretText, { session: 'one' });
    expect((await near.chat('And now?', { session: 'one' })).route).toMatchObject({
      backend: 'page',
      label: 'local_only',
    });
    expect((await near.chat('And now?', { session: 'two' })).route.backend).toBe('gateway');
    const first = await near.chat([{ role: 'user', content: secretText }]);
    const later = await near.chat([
      { role: 'user', content: secretText },
      { role: 'assistant', content: first.text },
      { role: 'user', content: 'And now?' },
    ]);
    expect(later.route.backend).toBe('page');
    expect(network.sent).toHaveLength(1);
  });

  test('what was asked to stay stays; a page may keep everything, or look at nothing', async () => {
    const far = { policy: { prefer: 'far' } } as const;
    expect((await make(far).near.chat('Hello', { privacy: 'local_only' })).route.backend).toBe('page');
    expect((await make({ ...far, privacy: { mode: 'page' } }).near.chat('Hello')).route.backend).toBe('page');
    const off = make({ ...far, privacy: { mode: 'off' } });
    expect((await off.near.chat(secretText)).route.backend).toBe('gateway');
    expect((await off.near.chat('Hello', { privacy: 'local_only' })).route.backend).toBe('page');
  });

  test('own terms of the page stay', async () => {
    const { near } = make({ policy: { prefer: 'far' }, privacy: { terms: ['Initech', /PRJ-\d{4}/] } });
    expect((await near.chat('What does Initech sell?')).route.detectors).toEqual(['own_term.page']);
    expect((await near.chat('Open PRJ-1234')).route.backend).toBe('page');
    expect((await near.chat('Open the window')).route.backend).toBe('gateway');
  });

  test.each([
    ['a tab in the background', { isHidden: true }, /the tab is in the background/],
    ['a low battery', { battery: { level: 0.1, isCharging: false } }, /the battery is at 10%/],
  ])('%s moves what may leave to the gateway, and only that', async (_, facts, reason) => {
    const { near, environment } = make();
    environment.facts = { ...environment.facts, ...facts };
    const answer = await near.chat('What is the capital of France?');
    expect(answer.route.backend).toBe('gateway');
    expect(answer.route.reasons.join()).toMatch(reason);
    expect((await near.chat(secretText)).route.backend).toBe('page');
    environment.facts = { ...environment.facts, isOnline: false };
    expect((await near.chat('What is the capital of France?')).route.backend).toBe('page');
  });

  test('a charging device is not low', async () => {
    const { near, environment } = make();
    environment.facts = { ...environment.facts, battery: { level: 0.1, isCharging: true } };
    expect((await near.chat('What is the capital of France?')).route.backend).toBe('page');
  });

  test('a device that was measured to be slow is passed over for the gateway', async () => {
    const slow = fakeBackend({
      name: 'page',
      async *answer() {
        for (const part of partsOf('slow')) {
          if (part.type === 'text-delta') await new Promise((resolve) => setTimeout(resolve, 20));
          yield part;
        }
      },
    });
    const { near } = make({ policy: { minTokensPerSecond: 10_000 } }, { page: slow });
    expect((await near.chat('Hello')).route.backend).toBe('page');
    const second = await near.chat('Hello');
    expect(second.route.backend).toBe('gateway');
    expect(second.route.reasons.join()).toMatch(/tokens a second on this device, measured over 1 answers/);
  });

  test('offline: what is there answers, and where nothing is, the error says so', async () => {
    const { near, environment, network } = make({ policy: { prefer: 'far' } });
    environment.facts = { ...environment.facts, isOnline: false };
    const answer = await near.chat(hardText);
    expect(answer.route.backend).toBe('page');
    expect(answer.route.reasons.join()).toMatch(/the browser is offline/);
    const alone = make({ backends: [] });
    alone.environment.facts = { ...alone.environment.facts, isOnline: false };
    await expect(alone.near.chat('Hello')).rejects.toThrow(/gateway: the browser is offline/);
    expect([...network.sent, ...alone.network.sent]).toEqual([]);
  });

  test('of several backends the one that is ready goes first; a download is not begun unasked', async () => {
    const heavy = fakeBackend({
      name: 'heavy',
      availability: { ...ready(), state: 'downloadable', downloadBytes: 5e8 } as never,
    });
    const light = fakeBackend({ name: 'light' });
    const { near } = make({ backends: [heavy, light] });
    expect((await near.chat('Hello')).route.backend).toBe('light');
    const alone = make({ backends: [heavy], policy: { prefer: 'near' } });
    const answer = await alone.near.chat('Hello');
    expect(answer.route.backend).toBe('gateway');
    expect(answer.route.reasons.join()).toMatch(/500 MB\): call prepare\(\)/);
    const allowed = make({ backends: [heavy], policy: { download: { maxBytes: 1e9 } } });
    expect((await allowed.near.chat('Hello')).route.backend).toBe('heavy');
    expect(heavy.loadCount).toBe(1);
  });

  test('names: near, a backend, and a model of the gateway’s', async () => {
    const { near, network } = make();
    const messages = [{ role: 'user', content: 'Hello' }] as const;
    expect((await near.chat({ model: 'near', messages })).route.backend).toBe('page');
    expect((await near.chat({ model: 'page', messages })).route.backend).toBe('page');
    const named = await near.chat({ model: 'gpt-5', messages });
    expect(named.route.backend).toBe('gateway');
    expect(JSON.parse(network.sent[0]?.body ?? '')).toMatchObject({ model: 'gpt-5', stream: true });
    const privately = await near.chat({ model: 'gpt-5', messages: [{ role: 'user', content: secretText }] });
    expect(privately.route.backend).toBe('page');
    await expect(near.chat('Hello', { backend: 'nobody' })).rejects.toMatchObject({
      kind: 'model_not_found',
    });
    await expect(near.chat(secretText, { backend: 'gateway' })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(network.sent).toHaveLength(1);
  });

  test('a gateway inside gets what is private, marked', async () => {
    const network = recordingNetwork();
    const { near } = make({
      backends: [],
      gateway: { url: 'http://localhost:4242/v1', fetch: network.fetch, boundary: 'inside' },
    });
    expect((await near.chat(secretText)).route).toMatchObject({ backend: 'gateway', label: 'local_only' });
    expect(network.sent[0]?.headers['x-nearfar-privacy']).toBe('local_only');
  });

  test('without anything that could answer, the error says so', async () => {
    await expect(createNear({ backends: [], environment: fakeEnvironment() }).chat('Hello')).rejects.toThrow(
      /there is none/,
    );
  });

  test('explain says the same and asks nobody', async () => {
    const { near, page, network } = make();
    expect(await near.explain('Hello')).toMatchObject({ backend: 'page', label: 'open' });
    expect([...page.asked, ...network.sent]).toEqual([]);
  });
});

describe('failures', () => {
  const failing = (error: NearfarError, before: readonly ChatPart[] = []) =>
    fakeBackend({ name: 'page', answer: () => [...before, { type: 'error', error }] });

  test('what fails before anything was shown is asked of another, and the reasons say so', async () => {
    const { near } = make({}, { page: failing(new NearfarError('model_crashed', 'lost')) });
    const answer = await near.chat('Hello');
    expect(answer.text).toBe('from the gateway');
    expect(answer.route.reasons.at(-1)).toBe('page failed (model_crashed) and said nothing');
  });

  test('what failed a moment ago is left alone for a while', async () => {
    const page = failing(new NearfarError('model_crashed', 'lost'));
    const { near } = make({}, { page });
    await near.chat('Hello');
    await near.chat('Hello again');
    expect(page.asked).toHaveLength(1);
  });

  test('what fails after something was shown is over', async () => {
    const begun = partsOf('so far').slice(0, 4);
    const { near, network } = make({}, { page: failing(new NearfarError('model_crashed', 'lost'), begun) });
    const parts = await read(near.stream('Hello'));
    expect(textOf(parts)).toBe('so ');
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'model_crashed' } });
    expect(network.sent).toEqual([]);
  });

  test('the gateway down: the page answers what it can', async () => {
    const network = recordingNetwork(() => Promise.reject(new TypeError('Failed to fetch')));
    const { near } = make({}, { network });
    const answer = await near.chat(hardText);
    expect(answer.text).toBe('from page');
    expect(answer.route.reasons.at(-1)).toBe('gateway failed (unavailable) and said nothing');
  });

  test('a bad request is nobody else’s to answer', async () => {
    const network = recordingNetwork(() => refusalOf(400, 'temperature: expected a number'));
    const { near, page } = make({}, { network });
    await expect(near.chat(hardText)).rejects.toMatchObject({ kind: 'invalid_request' });
    expect(page.asked).toEqual([]);
  });

  test('an abort ends the stream with aborted, before and after its beginning', async () => {
    const endless = fakeBackend({
      name: 'page',
      async *answer(_, signal) {
        yield partsOf('x')[0]!;
        while (!signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield { type: 'text-delta', choice: 0, text: 'x' };
        }
        yield { type: 'error', error: new NearfarError('aborted', 'told to stop') };
      },
    });
    const { near, network } = make({}, { page: endless });
    const stream = near.stream('Hello');
    const parts: ChatPart[] = [];
    for await (const part of stream) {
      parts.push(part);
      if (parts.length === 3) stream.abort();
    }
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    const before = near.stream('Hello', { signal: AbortSignal.abort() });
    expect((await read(before)).at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    await expect(before.route).rejects.toMatchObject({ kind: 'aborted' });
    expect(network.sent).toEqual([]);
  });

  test('a reader that leaves stops the model', async () => {
    const stopped = vi.fn();
    const page = fakeBackend({
      name: 'page',
      async *answer() {
        try {
          for (const part of partsOf('a long answer')) yield part;
        } finally {
          stopped();
        }
      },
    });
    for await (const part of make({}, { page }).near.stream('Hello')) if (part.type === 'text-delta') break;
    await vi.waitFor(() => {
      expect(stopped).toHaveBeenCalledOnce();
    });
  });

  test('bad input is named', async () => {
    const { near } = make();
    const bad = (body: object) => near.chat(body as never);
    await expect(bad({ messages: [] })).rejects.toMatchObject({ kind: 'invalid_request', field: 'messages' });
    await expect(bad({ messages: [{ role: 'robot', content: 'x' }] })).rejects.toMatchObject({
      field: 'messages[0].role',
    });
    await expect(bad({ messages: [{ role: 'user', content: 'x' }], temperature: 3 })).rejects.toMatchObject({
      field: 'temperature',
    });
    await expect(bad({ messages: [{ role: 'user', content: 'x' }], logit_bias: {} })).rejects.toMatchObject({
      kind: 'unsupported',
      field: 'logit_bias',
    });
    await expect(bad({ messages: [null] })).rejects.toMatchObject({ kind: 'invalid_request' });
    expect(() => createNear({ policy: { nearBelow: 2 } })).toThrow(/policy\.nearBelow/);
    expect(() => createNear({ backends: [fakeBackend(), fakeBackend()] })).toThrow(/two of them/);
  });

  test('what needs tools or a longer context goes where they are', async () => {
    const small = fakeBackend({ name: 'page', availability: ready({ tools: false, contextTokenCount: 20 }) });
    const { near } = make({}, { page: small });
    const tools = [{ type: 'function', function: { name: 'look' } }] as const;
    const asked = await near.chat({ messages: [{ role: 'user', content: 'Hello' }], tools });
    expect(asked.route).toMatchObject({ backend: 'gateway' });
    expect(asked.route.reasons.join()).toContain('it takes no tools');
    expect((await near.chat('Hello '.repeat(50))).route.reasons.join()).toContain(
      'do not fit its context of 20',
    );
  });
});

describe('answers in a form', () => {
  const body = {
    messages: [{ role: 'user', content: 'How is it?' }],
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'rating',
        schema: {
          type: 'object',
          properties: { rating: { type: 'integer', maximum: 5 } },
          required: ['rating'],
        },
      },
    },
  } as const;

  test('a backend that keeps to schemas is given the schema', async () => {
    const page = fakeBackend({ name: 'page', answer: () => partsOf('{"rating": 4}') });
    const answer = await make({}, { page }).near.chat(body);
    expect(answer.value).toEqual({ rating: 4 });
    expect(page.asked[0]?.outputFormat).toMatchObject({ type: 'json_schema', name: 'rating' });
  });

  test('one that does not is told in words, checked, and asked once more', async () => {
    const said = ['It is a {"rating": 9}', '```json\n{"rating": 5}\n```'];
    const page = fakeBackend({
      name: 'page',
      availability: ready({ schema: false }),
      answer: () => partsOf(said.shift() ?? ''),
    });
    const answer = await make({}, { page }).near.chat(body);
    expect(answer).toMatchObject({ value: { rating: 5 }, text: '{"rating": 5}' });
    const [first, second] = page.asked.map(({ input }) => JSON.stringify(input));
    expect(first).toContain('JSON Schema');
    expect(second).toContain('That does not fit: it is no JSON');
    expect(page.asked.every(({ outputFormat }) => outputFormat.type === 'text')).toBe(true);
  });

  test('one that fails twice leaves it to the gateway; where nothing may leave that is the error', async () => {
    const page = () =>
      fakeBackend({
        name: 'page',
        availability: ready({ schema: false }),
        answer: () => partsOf('{"rating": 9}'),
      });
    const network = recordingNetwork(() => eventsOf(answerEvents('{"rating":3}')));
    expect((await make({}, { page: page(), network }).near.chat(body)).value).toEqual({ rating: 3 });
    const { near, network: unused } = make({}, { page: page() });
    await expect(near.chat(body, { privacy: 'local_only' })).rejects.toThrow(
      /twice: \/rating is out of range/,
    );
    expect(unused.sent).toEqual([]);
  });

  test('a schema that cannot be checked is refused before a model works for it', async () => {
    const page = fakeBackend({ name: 'page', availability: ready({ schema: false }) });
    const format = {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { unevaluatedProperties: false } },
    } as const;
    const { near } = make({ backends: [page] });
    const asked = near.chat({ ...body, response_format: format }, { privacy: 'local_only' });
    await expect(asked).rejects.toMatchObject({ kind: 'unsupported' });
    expect(page.asked).toEqual([]);
  });

  test('an answer that was cut is no value', async () => {
    const cut = partsOf('{"rating"').map((part) =>
      part.type === 'choice-end' ? ({ ...part, reason: 'length' } as const) : part,
    );
    const { near } = make({}, { page: fakeBackend({ name: 'page', answer: () => cut }) });
    await expect(near.chat(body)).rejects.toThrow(/cut at its bound/);
  });
});

describe('vectors, tokens and status', () => {
  const vectorOf = (text: string) =>
    Float32Array.from(text.includes('cat') ? [1, 0] : text.includes('kitten') ? [0.8, 0.6] : [0, 1]);

  test('search finds what means the same, in the page', async () => {
    const page = fakeBackend({ name: 'page', vectors: (texts) => texts.map(vectorOf) });
    const { near, network } = make({}, { page });
    const hits = await near.search('cat', ['a car', 'a kitten', 'a cat'], { limit: 2 });
    expect(hits.map(({ index }) => index)).toEqual([2, 1]);
    expect(hits[1]?.score).toBeCloseTo(0.8);
    expect(await near.search('cat', [])).toEqual([]);
    expect(network.sent).toEqual([]);
  });

  test('without a model of the page vectors are the gateway’s, but not of what is private', async () => {
    const reply = () =>
      Response.json({
        model: 'e',
        data: [
          { index: 1, embedding: [0, 2] },
          { index: 0, embedding: [3, 4] },
        ],
        usage: { prompt_tokens: 2 },
      });
    const page = fakeBackend({ name: 'page', availability: ready({ embeddings: false }) });
    const { near, network } = make({}, { page, network: recordingNetwork(reply) });
    const { vectors, backend, promptTokenCount } = await near.embed(['one', 'two']);
    expect(backend).toBe('gateway');
    expect(promptTokenCount).toBe(2);
    expect(vectors.map((vector) => [...vector].map((value) => Number(value.toFixed(3))))).toEqual([
      [0.6, 0.8],
      [0, 1],
    ]);
    await expect(near.embed([secretText, 'two'])).rejects.toThrow(/it makes no vectors.*iban/s);
    expect(network.sent).toHaveLength(1);
  });

  test('tokens are counted by a model that is ready, else estimated, and the count says which', async () => {
    expect(await make().near.countTokens('Hello')).toMatchObject({ isExact: true, backend: 'page' });
    const none = fakeBackend({ name: 'page', availability: { state: 'unavailable', reason: 'x' } });
    const { near, network } = make({}, { page: none });
    expect(await near.countTokens('Hello there')).toEqual({ count: 7, isExact: false, backend: null });
    expect(network.sent).toEqual([]);
  });

  test('status says what is there, what a download costs and why something is not', async () => {
    const near = createNear({
      environment: fakeEnvironment({ storage: { usedBytes: 90, quotaBytes: 100 } }),
      backends: [
        fakeBackend({
          name: 'large',
          availability: { ...ready(), state: 'downloadable', downloadBytes: 50 } as never,
        }),
        fakeBackend({ name: 'none', availability: { state: 'unavailable', reason: 'No WebGPU.' } }),
        fakeBackend({
          name: 'broken',
          availability: () => {
            throw new Error('no such chunk');
          },
        }),
      ],
    });
    const { backends } = await near.status();
    expect(backends.map(({ name, fits }) => [name, fits])).toEqual([
      ['large', false],
      ['none', null],
      ['broken', null],
    ]);
    expect(backends[1]?.availability).toEqual({ state: 'unavailable', reason: 'No WebGPU.' });
    expect(backends[2]?.availability).toMatchObject({ reason: 'It cannot be looked at: no such chunk' });
    await expect(near.prepare()).rejects.toMatchObject({ kind: 'too_large' });
    await expect(near.prepare({ backend: 'none' })).rejects.toThrow(/none: No WebGPU/);
    await expect(near.prepare({ backend: 'nobody' })).rejects.toMatchObject({ kind: 'model_not_found' });
  });

  test('prepare loads, and tells how far it is', async () => {
    const page = fakeBackend({
      name: 'page',
      availability: { ...ready(), state: 'downloadable', downloadBytes: 50 } as never,
    });
    const seen: number[] = [];
    const changed = vi.fn();
    const { near } = make({ onProgress: ({ fraction }) => seen.push(fraction) }, { page });
    const end = near.watch(changed);
    await near.prepare({ onProgress: ({ fraction }) => seen.push(fraction) });
    end();
    expect(page.loadCount).toBe(1);
    expect(seen).toEqual([1, 1]);
    expect(changed).toHaveBeenCalled();
  });
});
