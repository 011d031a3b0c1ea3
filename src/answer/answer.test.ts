import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Caller, Scope } from '../access/access.ts';
import { localCaller } from '../access/create-access.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createLabel } from '../privacy/label.ts';
import { createRoute } from '../route/route.ts';
import { createAnswer } from './create-answer.ts';
import { createPartCheck } from './protocol.ts';
import {
  endPart,
  finishPart,
  goodParts,
  requestOf,
  scriptedModel,
  startPart,
  textPart,
  type Step,
} from './fakes.ts';

function pipeline(model: ChatModel | (() => Promise<ChatModel>), graceMs = 5) {
  const rows: LedgerRow[] = [];
  const gaps: number[] = [];
  const answer = createAnswer({
    label: createLabel({ floor: 'open' }),
    route: createRoute({
      aliases: { 'gpt-4o': 'auto' },
      near: () => null,
      listModelIds: async () => ['tiny'],
    }),
    models: { model: typeof model === 'function' ? model : async () => model },
    cache: null,
    settle: (row) => rows.push(row),
    observeGap: (_model, _priority, milliseconds) => gaps.push(milliseconds),
    graceMs,
  });
  return { answer, rows, gaps };
}

async function collect(parts: AsyncIterable<ChatPart>): Promise<ChatPart[]> {
  const collected: ChatPart[] = [];
  for await (const part of parts) collected.push(part);
  return collected;
}

function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', resolve);
  });
}

const never = new AbortController().signal;

function errorKinds(parts: readonly ChatPart[]): readonly string[] {
  return parts.flatMap((part) => (part.type === 'error' ? [part.error.kind] : []));
}

describe('a well-behaved model', () => {
  test('its parts pass unchanged and one row tells the tokens and times', async () => {
    const { answer, rows, gaps } = pipeline(scriptedModel(goodParts));
    const parts = await collect(answer(requestOf({ requestedModel: 'gpt-4o' }), localCaller, never));
    expect(parts).toEqual(goodParts);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      requestId: 'request-1',
      keyName: 'local',
      tenant: 'local',
      requestedModel: 'gpt-4o',
      answeringModel: 'tiny',
      promptTokenCount: 7,
      cachedTokenCount: 3,
      completionTokenCount: 2,
      isMeasured: true,
      queueMs: 1,
      prefillMs: 2,
      decodeMs: 3,
      finish: 'stop',
      status: 200,
      costMicros: 0,
    });
    expect(rows[0]!.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect(rows[0]!.totalMs).toBeGreaterThanOrEqual(rows[0]!.firstTokenMs!);
    expect(gaps).toHaveLength(1);
  });

  test('the row is written before the last part is read', async () => {
    const { answer, rows } = pipeline(scriptedModel(goodParts));
    for await (const part of answer(requestOf(), localCaller, never)) {
      expect(rows).toHaveLength(part.type === 'finish' ? 1 : 0);
    }
  });

  test('the model sees the tenant of the key and the label of the privacy room', async () => {
    const seen: ChatRequest[] = [];
    const caller: Caller = { keyName: 'team', tenant: 'team', scopes: new Set<Scope>(['use']) };
    const { answer, rows } = pipeline(scriptedModel(goodParts, (request) => seen.push(request)));
    await collect(answer(requestOf({ tenant: 'forged', privacy: 'local_only' }), caller, never));
    expect(seen).toMatchObject([{ tenant: 'team', privacy: 'local_only' }]);
    expect(rows).toMatchObject([{ tenant: 'team', privacy: 'local_only' }]);
  });

  test('of several choices the row names the end that matters most', async () => {
    const parts: ChatPart[] = [
      startPart,
      textPart('a', 0),
      textPart('b', 1),
      { type: 'choice-end', choice: 0, reason: 'length' },
      endPart(1),
      finishPart,
    ];
    const { answer, rows } = pipeline(scriptedModel(parts));
    expect(await collect(answer(requestOf({ choiceCount: 2 }), localCaller, never))).toEqual(parts);
    expect(rows).toMatchObject([{ finish: 'length', status: 200 }]);
  });
});

describe('rejections', () => {
  test('an unknown model: one error part, one row of 404', async () => {
    const { answer, rows } = pipeline(scriptedModel(goodParts));
    const parts = await collect(answer(requestOf({ requestedModel: 'tyni' }), localCaller, never));
    expect(errorKinds(parts)).toEqual(['model_not_found']);
    expect(parts).toHaveLength(1);
    expect(rows).toMatchObject([{ finish: 'model_not_found', status: 404, answeringModel: null }]);
  });

  test('a key without the scope to use models: 403', async () => {
    const { answer, rows } = pipeline(scriptedModel(goodParts));
    const caller: Caller = { keyName: 'ops', tenant: 'ops', scopes: new Set<Scope>(['admin']) };
    expect(errorKinds(await collect(answer(requestOf(), caller, never)))).toEqual(['forbidden']);
    expect(rows).toMatchObject([{ finish: 'forbidden', status: 403, keyName: 'ops' }]);
  });

  test('a key without the scope for voice: 403, in that class only', async () => {
    const { answer, rows } = pipeline(scriptedModel(goodParts));
    const caller: Caller = { keyName: 'team', tenant: 'team', scopes: new Set<Scope>(['use']) };
    const asked = (priority: ChatRequest['priority']) =>
      collect(answer(requestOf({ priority }), caller, never));
    expect(errorKinds(await asked('voice'))).toEqual(['forbidden']);
    expect(errorKinds(await asked('interactive'))).toEqual([]);
    expect(rows).toMatchObject([
      { status: 403, priority: 'voice' },
      { status: 200, priority: 'interactive' },
    ]);
  });

  test('a full queue keeps its Retry-After', async () => {
    const error = new NearfarError('queue_full', 'The queue is full.', { retryAfterSeconds: 3 });
    const { answer, rows } = pipeline(scriptedModel([{ type: 'error', error }]));
    expect(await collect(answer(requestOf(), localCaller, never))).toEqual([{ type: 'error', error }]);
    expect(rows).toMatchObject([
      { finish: 'queue_full', status: 429, promptTokenCount: 0, isMeasured: true },
    ]);
  });

  test('a model that cannot be loaded', async () => {
    const { answer, rows } = pipeline(() => Promise.reject(new NearfarError('unavailable', 'No memory.')));
    expect(errorKinds(await collect(answer(requestOf(), localCaller, never)))).toEqual(['unavailable']);
    expect(rows).toMatchObject([{ finish: 'unavailable', status: 503 }]);
  });
});

describe('a reader that goes away', () => {
  test('by leaving the loop: settled at once, the model told', async () => {
    let modelSignal: AbortSignal | null = null;
    const model = scriptedModel([startPart, textPart('a'), 'hang'], (_request, signal) => {
      modelSignal = signal;
    });
    const { answer, rows } = pipeline(model);
    for await (const part of answer(requestOf(), localCaller, never)) if (part.type === 'text-delta') break;
    expect(rows).toMatchObject([
      { finish: 'aborted', status: 499, completionTokenCount: 1, isMeasured: false, promptTokenCount: 7 },
    ]);
    expect(modelSignal!.aborted).toBe(true);
  });

  test('return() is not held up by a hung model', async () => {
    const { answer, rows } = pipeline(scriptedModel([startPart, 'hang']));
    const iterator = answer(requestOf(), localCaller, never)[Symbol.asyncIterator]();
    await iterator.next();
    const pending = iterator.next();
    await iterator.return!();
    expect(rows).toMatchObject([{ finish: 'aborted' }]);
    expect((await pending).value).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    expect((await iterator.next()).done).toBe(true);
    expect(rows).toHaveLength(1);
  });

  test('by its signal: the model may still say how far it came', async () => {
    const client = new AbortController();
    const model: ChatModel = {
      ...scriptedModel([]),
      async *stream(_request, signal) {
        yield startPart;
        await abortOf(signal);
        yield {
          type: 'error',
          error: new NearfarError('aborted', 'Aborted.'),
          usage: { promptTokenCount: 7, cachedTokenCount: 3, completionTokenCount: 9 },
        };
      },
    };
    const { answer, rows } = pipeline(model, 1000);
    const parts: ChatPart[] = [];
    for await (const part of answer(requestOf(), localCaller, client.signal)) {
      parts.push(part);
      client.abort();
    }
    expect(errorKinds(parts)).toEqual(['aborted']);
    expect(rows).toMatchObject([{ finish: 'aborted', completionTokenCount: 9, isMeasured: true }]);
  });

  test('by its signal with nobody reading: settled all the same', async () => {
    const client = new AbortController();
    const { answer, rows } = pipeline(scriptedModel([startPart, 'hang']));
    answer(requestOf(), localCaller, client.signal);
    client.abort();
    await expect.poll(() => rows.length).toBe(1);
    expect(rows).toMatchObject([{ finish: 'aborted', status: 499 }]);
  });

  test('before it began', async () => {
    const { answer, rows } = pipeline(scriptedModel(['hang']));
    expect(errorKinds(await collect(answer(requestOf(), localCaller, AbortSignal.abort())))).toEqual([
      'aborted',
    ]);
    expect(rows).toHaveLength(1);
  });
});

describe('a deadline', () => {
  test.each([
    ['a hung model', scriptedModel([startPart, textPart('a'), 'hang'])],
    ['a model that is never found', () => new Promise<ChatModel>(() => undefined)],
  ])('ends %s in a timeout', async (_name, model) => {
    const { answer, rows } = pipeline(model);
    const request = requestOf({ deadlineAt: Date.now() + 20 });
    const parts = await collect(answer(request, localCaller, never));
    expect(errorKinds(parts)).toEqual(['timeout']);
    expect(rows).toMatchObject([{ finish: 'timeout', status: 504 }]);
  });

  test('a model that answers the abort with `aborted` is still reported as a timeout', async () => {
    const model: ChatModel = {
      ...scriptedModel([]),
      async *stream(_request, signal) {
        yield startPart;
        await abortOf(signal);
        yield { type: 'error', error: new NearfarError('aborted', 'Aborted.') };
      },
    };
    const { answer, rows } = pipeline(model, 10_000);
    const parts = await collect(answer(requestOf({ deadlineAt: Date.now() + 10 }), localCaller, never));
    expect(errorKinds(parts)).toEqual(['timeout']);
    expect(rows).toMatchObject([{ finish: 'timeout' }]);
  });

  test('decades away is no reason to fire at once', async () => {
    const { answer, rows } = pipeline(scriptedModel(['pause', ...goodParts]));
    await collect(answer(requestOf({ deadlineAt: Date.now() + 1e12 }), localCaller, never));
    expect(rows).toMatchObject([{ finish: 'stop' }]);
  });
});

test('several next() at once are answered in order', async () => {
  const { answer } = pipeline(
    scriptedModel(['pause', startPart, 'pause', textPart('a'), endPart(), finishPart]),
  );
  const iterator = answer(requestOf(), localCaller, never)[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 6 }, () => iterator.next()));
  expect(results.map((result) => (result.done === true ? 'done' : result.value.type))).toEqual([
    'start',
    'text-delta',
    'choice-end',
    'finish',
    'done',
    'done',
  ]);
});

describe('whatever a model does', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Step>(startPart, endPart(0), endPart(1), finishPart) },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.string(), fc.integer({ min: -1, max: 2 })).map(([text, n]) => textPart(text, n)),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step>('hang', 'pause', 'pause', { throws: new Error('secret sk-1') }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ throws: null }) },
    {
      weight: 1,
      arbitrary: fc.constant<Step>({ type: 'error', error: new NearfarError('model_crashed', 'Crashed.') }),
    },
    // What the types forbid but a wire may bring.
    {
      weight: 1,
      arbitrary: fc.constantFrom({ type: 'nonsense' }, {}, { type: 7 }).map((part) => part as never),
    },
  );
  const prefixed = fc
    .tuple(fc.boolean(), fc.array(step, { maxLength: 12 }))
    .map(([isBegun, steps]) => (isBegun ? [startPart, ...steps] : steps));

  test('one end goes out, in order, and one row is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        prefixed,
        fc.record({
          choiceCount: fc.integer({ min: 1, max: 2 }),
          abortAfter: fc.option(fc.nat(6)),
          leaveAfter: fc.option(fc.nat(6)),
        }),
        async (steps, { choiceCount, abortAfter, leaveAfter }) => {
          const client = new AbortController();
          const { answer, rows } = pipeline(scriptedModel(steps), 1);
          const request = requestOf({ choiceCount, deadlineAt: Date.now() + 15 });
          const parts: ChatPart[] = [];
          for await (const part of answer(request, localCaller, client.signal)) {
            parts.push(part);
            if (parts.length === abortAfter) client.abort();
            if (parts.length === leaveAfter) break;
          }
          const check = createPartCheck(choiceCount);
          expect(parts.map((part) => check(part)).filter((fault) => fault !== null)).toEqual([]);
          const ends = parts.filter((part) => part.type === 'finish' || part.type === 'error');
          const hasLeft = leaveAfter !== null && parts.length === leaveAfter;
          if (!hasLeft) expect(ends).toHaveLength(1);
          if (ends.length > 0) expect(parts.at(-1)).toBe(ends[0]);
          expect(rows).toHaveLength(1);
          const end = ends[0];
          if (end?.type === 'finish') expect(rows[0]!.status).toBe(200);
          else if (end?.type === 'error') expect(rows[0]!.finish).toBe(end.error.kind);
          else expect(rows[0]!.finish).toBe('aborted');
          // What was thrown never reaches the client in words.
          expect(
            JSON.stringify(parts.map((part) => (part.type === 'error' ? part.error.message : ''))),
          ).not.toContain('sk-1');
        },
      ),
      { numRuns: 150 },
    );
  });
});
