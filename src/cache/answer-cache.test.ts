import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodParts, requestOf, textPart, startPart, endPart, finishPart } from '../answer/fakes.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { neutralSampling } from '../chat/sampling.ts';
import { createAnswerCache } from './answer-cache.ts';

const greedy = requestOf({ sampling: { ...neutralSampling, temperature: 0 } });

/** A cache before a model that is let go part by part, or all at once. */
function setUp(changes: Partial<Parameters<typeof createAnswerCache>[0]> = {}) {
  let time = 0;
  let revision = 'first';
  const runs: { request: ChatRequest; signal: AbortSignal; push: (part: ChatPart | Error) => void }[] = [];
  const cache = createAnswerCache({
    isOn: true,
    maxTemperature: 0,
    upstreams: true,
    budgetBytes: 1_000_000,
    timeToLiveMs: 1000,
    revisionOf: () => Promise.resolve(revision),
    now: () => time,
    ...changes,
  });

  function ask(request: ChatRequest, signal = new AbortController().signal, modelId = 'tiny') {
    return cache.answer({
      request,
      modelId,
      signal,
      open: (asked, modelSignal) => {
        const parts: (ChatPart | Error)[] = [];
        let wake = (): void => undefined;
        const push = (part: ChatPart | Error): void => {
          parts.push(part);
          wake();
        };
        runs.push({ request: asked, signal: modelSignal, push });
        modelSignal.addEventListener('abort', () => {
          push({ type: 'error', error: new NearfarError('aborted', 'told to stop') });
        });
        return Promise.resolve(
          (async function* () {
            for (;;) {
              const part = parts.shift();
              if (part === undefined) await new Promise<void>((resolve) => (wake = resolve));
              else if (part instanceof Error) throw part;
              else {
                yield part;
                if (part.type === 'finish' || part.type === 'error') return;
              }
            }
          })(),
        );
      },
    });
  }
  /** An answer whose model says `goodParts` at once. */
  async function whole(request: ChatRequest, modelId = 'tiny'): Promise<ChatPart[]> {
    const runCount = runs.length;
    const parts = collect(ask(request, undefined, modelId));
    await settled();
    if (runs.length > runCount) for (const part of goodParts) runs.at(-1)?.push(part);
    return parts;
  }
  return {
    cache,
    runs,
    ask,
    whole,
    pass: (milliseconds: number) => (time += milliseconds),
    replaceModel: () => (revision = 'second'),
  };
}

async function collect(parts: AsyncIterable<ChatPart>): Promise<ChatPart[]> {
  const collected: ChatPart[] = [];
  for await (const part of parts) collected.push(part);
  return collected;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function textOf(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

describe('the same request again', () => {
  test('gets the same answer without a model, and says so', async () => {
    const { runs, whole, cache } = setUp();
    expect(await whole(greedy)).toEqual(goodParts);
    const again = await whole({ ...greedy, id: 'other', isStreamed: false, requestedModel: 'near' });
    expect(runs).toHaveLength(1);
    expect(again[0]).toEqual({ ...startPart, cachedTokenCount: 7, source: 'exact_cache' });
    expect(textOf(again)).toBe(textOf(goodParts));
    expect(again.at(-1)).toEqual({
      type: 'finish',
      usage: { promptTokenCount: 7, cachedTokenCount: 7, completionTokenCount: 2 },
      timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
    });
    expect(cache.stats).toMatchObject({ hitCount: 1, missCount: 1, answerCount: 1 });
  });

  test('is another request where anything differs that could change the answer', async () => {
    const { runs, whole, replaceModel } = setUp();
    const others: ChatRequest[] = [
      greedy,
      { ...greedy, tenant: 'other' },
      { ...greedy, privacy: 'local_only' },
      { ...greedy, maxTokenCount: 5 },
      { ...greedy, stop: ['x'] },
      { ...greedy, choiceCount: 2 },
      { ...greedy, topLogprobCount: 0 },
      { ...greedy, ignoreEndOfGeneration: true },
      { ...greedy, outputFormat: { type: 'json_object', field: 'format' } },
      { ...greedy, sampling: { ...greedy.sampling, logitBias: new Map([[5, -100]]) } },
      { ...greedy, sampling: { ...greedy.sampling, seed: 1 } },
      { ...greedy, input: { kind: 'chat', messages: [{ role: 'system', content: 'Hello' }] } },
      { ...greedy, input: { kind: 'text', text: 'Hello' } },
    ];
    for (const request of others) await whole(request);
    await whole(greedy, 'large');
    replaceModel();
    await whole(greedy);
    expect(runs).toHaveLength(others.length + 2);
  });

  test('knows a new field of requests by itself', async () => {
    const { runs, whole } = setUp();
    await whole(greedy);
    await whole({ ...greedy, somethingNew: true } as ChatRequest);
    expect(runs).toHaveLength(2);
  });

  test('is asked of the model again once the answer is old', async () => {
    const { runs, whole, pass } = setUp();
    await whole(greedy);
    pass(999);
    await whole(greedy);
    expect(runs).toHaveLength(1);
    pass(1);
    await whole(greedy);
    expect(runs).toHaveLength(2);
  });

  test('the order of members does not count, that of a schema does', async () => {
    const { runs, whole } = setUp();
    const swapped = Object.fromEntries(Object.entries(greedy).toReversed()) as unknown as ChatRequest;
    await whole(greedy);
    await whole(swapped);
    expect(runs).toHaveLength(1);
    const format = (schema: object) =>
      ({ type: 'json_schema', schema, name: null, strict: true, field: 'format' }) as const;
    const [a, b] = [{ type: 'string' }, { type: 'number' }];
    await whole({ ...greedy, outputFormat: format({ type: 'object', properties: { a, b } }) });
    await whole({ ...greedy, outputFormat: format({ type: 'object', properties: { b, a } }) });
    expect(runs).toHaveLength(3);
  });
});

describe('what is kept', () => {
  const drawn = requestOf({ sampling: { ...neutralSampling, temperature: 0.7 } });
  const calling: ChatRequest = {
    ...greedy,
    input: {
      kind: 'chat',
      messages: [],
      toolUse: { tools: [], choice: { type: 'auto' }, parallel: true, field: 'tools' },
    } as unknown as ChatRequest['input'],
  };

  test.each([
    ['a drawn answer', drawn, 2],
    ['a drawn answer with a seed', { ...drawn, sampling: { ...drawn.sampling, seed: 7 } }, 1],
    ['a drawn answer that the client wants', { ...drawn, answerCache: 'use' as const }, 1],
    ['an answer that may call tools', calling, 2],
    ['such an answer that the client wants', { ...calling, answerCache: 'use' as const }, 1],
    ['an answer that the client does not want', { ...greedy, answerCache: 'off' as const }, 2],
    ['an answer that is to be new', { ...greedy, answerCache: 'refresh' as const }, 2],
  ])('%s', async (_, request, runCount) => {
    const { runs, whole } = setUp();
    await whole(request);
    await whole(request);
    expect(runs).toHaveLength(runCount);
  });

  test('is replaced by a refreshed answer', async () => {
    const { runs, whole, ask } = setUp();
    await whole(greedy);
    const fresh = collect(ask({ ...greedy, answerCache: 'refresh' }));
    await settled();
    for (const part of [startPart, textPart('Bad day'), endPart(), finishPart]) runs.at(-1)?.push(part);
    await fresh;
    expect(textOf(await whole(greedy))).toBe('Bad day');
    expect(runs).toHaveLength(2);
  });

  test('is nothing where the owner wants none', async () => {
    const { runs, whole } = setUp({ isOn: false });
    await whole({ ...greedy, answerCache: 'use' });
    await whole({ ...greedy, answerCache: 'use' });
    expect(runs).toHaveLength(2);
  });

  test('is no failed answer', async () => {
    const { runs, ask } = setUp();
    for (const failure of [new Error('lost'), { type: 'error', error: new NearfarError('internal', 'no') }]) {
      const parts = collect(ask(greedy)).catch((thrown: unknown) => thrown);
      await settled();
      runs.at(-1)?.push(startPart);
      runs.at(-1)?.push(failure as ChatPart);
      await parts;
    }
    expect(runs).toHaveLength(2);
  });

  test('stays within its bytes, and what is used stays longest', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 600, max: 6000 }),
        fc.array(fc.record({ question: fc.nat(6), size: fc.nat(2000) }), { maxLength: 30 }),
        async (budgetBytes, asked) => {
          const { cache, runs, ask } = setUp({ budgetBytes });
          for (const { question, size } of asked) {
            const before = runs.length;
            const parts = collect(ask({ ...greedy, input: { kind: 'text', text: String(question) } }));
            await settled();
            const own = [startPart, textPart('x'.repeat(size)), endPart(), finishPart];
            if (runs.length > before) for (const part of own) runs.at(-1)?.push(part);
            const text = textOf(await parts);
            if (runs.length > before) expect(text).toBe('x'.repeat(size));
            expect(cache.stats.usedBytes).toBeLessThanOrEqual(budgetBytes);
            expect(cache.stats.usedBytes === 0).toBe(cache.stats.answerCount === 0);
          }
        },
      ),
      { numRuns: 60 },
    ));
});

test('an answer that is forgotten is made anew, and no other', async () => {
  const { cache, whole, runs } = setUp();
  const mine = { ...greedy, id: 'mine', tenant: 'one' };
  const theirs = { ...greedy, id: 'theirs', tenant: 'two' };
  for (const request of [mine, theirs]) await whole(request);
  expect(cache.forget(({ owner, madeAt }) => owner.tenant === 'one' && madeAt === 0)).toBe(1);
  expect(cache.forget(({ owner }) => owner.requestId === 'mine')).toBe(0);
  for (const request of [mine, theirs]) await whole(request);
  expect(runs).toHaveLength(3);
  expect(cache.forget(() => true)).toBe(2);
  expect(cache.stats).toMatchObject({ answerCount: 0, usedBytes: 0 });
});

describe('the same request at once', () => {
  test('runs one model, whose parts reach all readers in order', async () => {
    const { runs, ask } = setUp();
    const first = collect(ask(greedy));
    await settled();
    runs[0]?.push(startPart);
    runs[0]?.push(textPart('Good '));
    await settled();
    const second = collect(ask({ ...greedy, id: 'second' }));
    await settled();
    for (const part of [textPart('day'), endPart(), finishPart]) runs[0]?.push(part);
    expect(await first).toEqual(goodParts);
    const joined = await second;
    expect(joined[0]).toMatchObject({ source: 'flight' });
    expect(textOf(joined)).toBe('Good day');
    expect(runs).toHaveLength(1);
  });

  test('goes on for the others when one leaves, and stops when the last does', async () => {
    const { runs, ask } = setUp();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = collect(ask(greedy, one.signal));
    await settled();
    const second = collect(ask(greedy, other.signal));
    await settled();
    runs[0]?.push(startPart);
    await settled();
    one.abort();
    expect(await first).toEqual([startPart]);
    expect(runs[0]?.signal.aborted).toBe(false);
    other.abort();
    expect(runs[0]?.signal.aborted).toBe(true);
    // The last one hears how far it came.
    expect((await second).at(-1)).toMatchObject({ type: 'error' });
  });

  test('after it was given up begins anew', async () => {
    const { runs, ask, whole } = setUp();
    const one = new AbortController();
    const first = collect(ask(greedy, one.signal));
    await settled();
    one.abort();
    await first;
    expect(await whole(greedy)).toEqual(goodParts);
    expect(runs).toHaveLength(2);
  });

  test('has no deadline but that of each reader, and does not wait for one of another class', async () => {
    const { runs, ask } = setUp();
    void collect(ask({ ...greedy, deadlineAt: 5, priority: 'bulk' }));
    await settled();
    void collect(ask({ ...greedy, priority: 'interactive' }));
    await settled();
    expect(runs.map(({ request }) => request.deadlineAt)).toEqual([null, null]);
    expect(runs).toHaveLength(2);
  });

  test('fails for all where the model fails', async () => {
    const { runs, ask } = setUp();
    const asked = [collect(ask(greedy)), collect(ask(greedy))].map((one) =>
      one.catch((thrown: unknown) => thrown),
    );
    await settled();
    runs[0]?.push(new Error('lost'));
    expect(await Promise.all(asked)).toEqual([new Error('lost'), new Error('lost')]);
  });
});
