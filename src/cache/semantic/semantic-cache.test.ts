import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endPart, finishPart, requestOf, startPart, textPart } from '../../answer/fakes.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { ChatRequest, Message } from '../../chat/request.ts';
import { neutralSampling } from '../../chat/sampling.ts';
import { createAnswerCache } from '../answer-cache.ts';
import type { SemanticCacheOptions } from './semantic-cache.ts';

const openings = [
  '',
  'Please tell me ',
  'Hello, ',
  'Could you explain ',
  'Show me ',
  'I want to know ',
  'Well, ',
  'Hey, ',
];
/** Eight wordings of one question. */
const wordings = openings.map((opening) => `${opening}how do I reset the password of the router?`);

const greedy = { ...neutralSampling, temperature: 0 };
function ask(text: string, changes: Partial<ChatRequest> = {}, system?: string): ChatRequest {
  const messages: Message[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: text },
  ];
  return requestOf({ sampling: greedy, input: { kind: 'chat', messages }, ...changes });
}

/** A cache for which all texts are equally near, in front of a model that `says` an answer to each text. */
function setUp(
  changes: Partial<SemanticCacheOptions> = {},
  says: (text: string) => string = () => 'Hold the button.',
) {
  let time = 0;
  let runCount = 0;
  const cache = createAnswerCache({
    isOn: true,
    maxTemperature: 0,
    upstreams: true,
    budgetBytes: 1_000_000,
    timeToLiveMs: 1000,
    revisionOf: () => Promise.resolve('one'),
    now: () => time,
    semantic: {
      maxWrongHitRate: 0.5,
      checkRate: 0.001,
      comparison: 'text',
      embed: (texts) => Promise.resolve(texts.map(() => Float32Array.from([1, 0]))),
      random: () => 0.5,
      ...changes,
    },
  });
  return {
    cache,
    get runCount() {
      return runCount;
    },
    pass: (milliseconds: number) => (time += milliseconds),
    async answer(request: ChatRequest, modelId = 'tiny') {
      const parts: ChatPart[] = [];
      const answered = cache.answer({
        request,
        modelId,
        signal: new AbortController().signal,
        open: () => {
          runCount++;
          const { input } = request;
          const last = input.kind === 'chat' ? (input.messages.at(-1)?.content ?? '') : '';
          return Promise.resolve(stream(says(last)));
        },
      });
      for await (const part of answered) parts.push(part);
      await new Promise((resolve) => setImmediate(resolve));
      const [start] = parts;
      return {
        source: start?.type === 'start' ? (start.source ?? 'model') : 'none',
        similarity: start?.type === 'start' ? start.similarity : undefined,
        text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
      };
    },
  };
}

async function* stream(text: string): AsyncGenerator<ChatPart, undefined> {
  await Promise.resolve();
  yield* [startPart, textPart(text), endPart(), finishPart];
}

/** Enough checks that hits are given. */
async function opened(changes: Partial<SemanticCacheOptions> = {}, says?: (text: string) => string) {
  const set = setUp(changes, says);
  for (const text of wordings.slice(0, 7)) await set.answer(ask(text));
  expect(set.cache.stats.semantic?.pools[0]?.isOpen).toBe(true);
  return set;
}

describe('the same question in other words', () => {
  test('gets the kept answer once checks have shown that such answers are the same', async () => {
    const set = setUp();
    const sources = [];
    for (const text of wordings) sources.push((await set.answer(ask(text))).source);
    expect(sources[0]).toBe('model');
    expect(sources.at(-1)).toBe('semantic_cache');
    expect(set.runCount).toBe(sources.filter((source) => source === 'model').length);
    const hit = await set.answer(ask('Hi, how do I reset the password of the router?'));
    expect(hit).toEqual({ source: 'semantic_cache', similarity: 1, text: 'Hold the button.' });
    expect(set.cache.stats.semantic).toMatchObject({
      differentCount: 0,
      pools: [{ tenant: '', isOpen: true }],
    });
  });

  test('is asked of the model for a check now and then', async () => {
    const set = await opened({ random: () => 0.01, checkRate: 0.05 });
    expect((await set.answer(ask('Hi, how do I reset the password of the router?'))).source).toBe('model');
  });

  test('is asked of the model where the client wants a new answer, which is a check too', async () => {
    const set = await opened();
    const before = set.cache.stats.semantic?.sameCount ?? 0;
    const fresh = ask('Hi, how do I reset the password of the router?', { answerCache: 'refresh' });
    expect((await set.answer(fresh)).source).toBe('model');
    expect(set.cache.stats.semantic?.sameCount).toBe(before + 1);
    const none = ask('Hi there, how do I reset the password of the router?', { answerCache: 'off' });
    expect((await set.answer(none)).source).toBe('model');
  });

  test('is asked of the model again once the answers are old', async () => {
    const set = await opened();
    set.pass(1000);
    expect((await set.answer(ask('Hi, how do I reset the password of the router?'))).source).toBe('model');
    expect(set.cache.stats.semantic?.questionCount).toBe(1);
  });

  test('stops being answered where checks find other answers', async () => {
    let isChanged = false;
    const set = await opened({ random: () => 0, checkRate: 0.05 }, (text) =>
      isChanged ? `New: ${text}` : 'Old.',
    );
    isChanged = true;
    const more = ['Now ', 'Just ', 'Quick question: ', 'Actually, ', 'Okay, ', 'Really, ', 'So, '];
    for (const opening of more) await set.answer(ask(`${opening}how do I reset the password of the router?`));
    expect(set.cache.stats.semantic?.pools[0]?.isOpen).toBe(false);
    expect(set.cache.stats.semantic?.pools[0]?.estimate.wrongCount).toBeGreaterThan(0);
  });

  test('is what it was without vectors: late or failing, they hold up no answer', async () => {
    const set = setUp({ embed: () => Promise.resolve(null) });
    for (const text of wordings) expect((await set.answer(ask(text))).source).toBe('model');
    expect((await set.answer(ask(wordings[0] ?? ''))).source).toBe('exact_cache');
  });

  test('keeps within the bytes of the exact cache, and forgets with it', async () => {
    const set = setUp();
    for (let index = 0; index < 400; index++) {
      await set.answer(
        ask(
          `What is the meaning of the word ${'abcdefghij'[index % 10] ?? ''}${String.fromCharCode(97 + (index % 26))}xyz${'q'.repeat(index % 40)}?`,
        ),
      );
      const { usedBytes, answerCount, semantic } = set.cache.stats;
      expect(usedBytes).toBeLessThanOrEqual(1_000_000);
      expect(semantic?.questionCount).toBeLessThanOrEqual(answerCount);
    }
  });
});

describe('never', () => {
  const others: readonly (readonly [string, ChatRequest, string?])[] = [
    ['another tenant', ask(wordings[7] ?? '', { tenant: 'other' })],
    ['another privacy label', ask(wordings[7] ?? '', { privacy: 'local_only' })],
    ['another model', ask(wordings[7] ?? ''), 'large'],
    ['another system text', ask(wordings[7] ?? '', {}, 'Answer in verse.')],
    ['another temperature', ask(wordings[7] ?? '', { sampling: { ...greedy, temperature: 0.5, seed: 1 } })],
    ['another seed', ask(wordings[7] ?? '', { sampling: { ...greedy, seed: 1 } })],
    ['another length', ask(wordings[7] ?? '', { maxTokenCount: 7 })],
    ['another stop string', ask(wordings[7] ?? '', { stop: ['x'] })],
    ['another form', ask(wordings[7] ?? '', { outputFormat: { type: 'json_object', field: 'format' } })],
    ['several answers', ask(wordings[7] ?? '', { choiceCount: 2 })],
    ['probabilities', ask(wordings[7] ?? '', { topLogprobCount: 1 })],
    ['raw text', requestOf({ sampling: greedy, input: { kind: 'text', text: wordings[7] ?? '' } })],
    [
      'a second turn',
      requestOf({
        sampling: greedy,
        input: {
          kind: 'chat',
          messages: [
            { role: 'user', content: 'Hello' },
            { role: 'assistant', content: 'Hello' },
            { role: 'user', content: wordings[7] ?? '' },
          ],
        },
      }),
    ],
    [
      'tools',
      requestOf({
        sampling: greedy,
        answerCache: 'use',
        input: {
          kind: 'chat',
          messages: [{ role: 'user', content: wordings[7] ?? '' }],
          toolUse: { tools: [], choice: { kind: 'auto' }, allowsParallel: true },
        },
      }),
    ],
    ['a long text', ask(`${wordings[7] ?? ''} ${'Please. '.repeat(80)}`)],
    ['another language', ask('Wie setze ich das Passwort des Routers zurück?')],
  ];
  test.each(others.map(([name, request, modelId = 'tiny']) => [name, request, modelId] as const))(
    'for %s',
    async (_, request, modelId) => {
      const set = await opened();
      expect((await set.answer(ask(wordings[7] ?? ''))).source).toBe('semantic_cache');
      expect((await set.answer(request, modelId)).source).toBe('model');
    },
  );

  test('across tenants or labels, whatever is asked in whatever order', async () => {
    let hitCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            tenant: fc.constantFrom('a', 'b'),
            privacy: fc.constantFrom('open' as const, 'local_only' as const),
            wording: fc.nat(7),
          }),
          { minLength: 10, maxLength: 60 },
        ),
        async (asked) => {
          let owner = '';
          const set = setUp({}, () => owner);
          for (const { tenant, privacy, wording } of asked) {
            owner = `${tenant} ${privacy}`;
            expect((await set.answer(ask(wordings[wording] ?? '', { tenant, privacy }))).text).toBe(owner);
          }
          hitCount += set.cache.stats.semantic?.hitCount ?? 0;
        },
      ),
      { numRuns: 40 },
    );
    expect(hitCount).toBeGreaterThan(0);
  });

  test('with a budget of nothing, which only learns', async () => {
    const set = setUp({ maxWrongHitRate: 0 });
    for (let index = 0; index < 300; index++) {
      const text = `${wordings[index % 8] ?? ''} ${'Thanks. '.repeat(Math.floor(index / 8))}`;
      expect((await set.answer(ask(text))).source).not.toBe('semantic_cache');
    }
    const pool = set.cache.stats.semantic?.pools[0];
    expect(pool?.isOpen).toBe(false);
    expect(pool?.estimate.checkCount).toBeGreaterThan(10);
    expect(pool?.estimate.wrongCount).toBe(0);
  });

  test('where numbers, names, negations or opposites differ', async () => {
    const set = await opened();
    for (const text of [
      'How do I reset the password of the 2nd router?',
      'How do I reset the password of the Netgear router?',
      'How do I not reset the password of the router?',
      'How do I restore the password of the router before the reset?',
      'Why do I reset the password of the router?',
      'How do I reset the password of the printer?',
    ]) {
      expect([text, (await set.answer(ask(text))).source]).toEqual([text, 'model']);
    }
  });
});
