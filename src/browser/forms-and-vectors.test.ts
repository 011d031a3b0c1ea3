import { describe, expect, test, vi } from 'vitest';
import { createNear } from './create-near.ts';
import {
  answerEvents,
  eventsOf,
  fakeBackend,
  fakeEnvironment,
  partsOf,
  ready,
  recordingNetwork,
} from './fakes.ts';
import { make, secretText } from './fixtures/near.ts';

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
