import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endPart, finishPart, goodParts, requestOf, startPart, textPart } from '../answer/fakes.ts';
import type { ChatPart } from '../chat/part.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createRedactWhole } from '../observe/redact.ts';
import { askedText } from './asked-text.ts';
import { createCapture, type CaptureOptions } from './capture.ts';
import { openCapturedStore, type CapturedStore } from './captured-store.ts';
import type { CapturedExchange } from './exchange.ts';
import { bodyOf, chooserOf, filterOf, forgetSchema } from './forget.ts';

let folder = '';
let path = '';
let store: CapturedStore;
let warnings: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearfar-captured-'));
  path = join(folder, 'captured.sqlite');
  store = await openCapturedStore(path);
  warnings = [];
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function rowOf(requestId: string, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    requestId,
    startedAt: 1_700_000_000_000,
    keyName: 'local',
    tenant: 'local',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: 'auto',
    answeringModel: 'tiny',
    privacy: 'open',
    priority: 'default',
    routeReasons: [],
    promptTokenCount: 1,
    cachedTokenCount: 0,
    completionTokenCount: 1,
    isMeasured: true,
    queueMs: null,
    prefillMs: null,
    decodeMs: null,
    firstTokenMs: null,
    totalMs: 1,
    finish: 'stop',
    status: 200,
    answerSource: 'model',
    costMicros: 0,
    currency: 'USD',
    ...changes,
  };
}

function captureWith(changes: Partial<CaptureOptions> = {}) {
  return createCapture({
    store,
    sampleRate: 1,
    redact: createRedactWhole(['known-secret']),
    warn: (message) => warnings.push(message),
    random: () => 0.5,
    ...changes,
  });
}

function say(capture: ReturnType<typeof captureWith>, id: string, text: string, parts = goodParts): boolean {
  const request = requestOf({ input: { kind: 'chat', messages: [{ role: 'user', content: text }] } });
  const recorder = capture.begin(askedText(request));
  for (const part of parts) recorder?.see(part);
  recorder?.end(rowOf(id));
  return recorder !== null;
}

async function all(filter = {}): Promise<CapturedExchange[]> {
  const found: CapturedExchange[] = [];
  for await (const exchange of store.read(filter)) found.push(exchange);
  return found;
}

describe('what is kept', () => {
  it('is the prompt and the answer, whole, without secrets', async () => {
    const capture = captureWith();
    const long = 'x'.repeat(100_000);
    say(capture, 'a', `My key is sk-abcdefgh1234 and the known-secret. ${long}`);
    await capture.close();
    const [exchange] = await all();
    expect(exchange).toMatchObject({ requestId: 'a', keyName: 'local', answeringModel: 'tiny', status: 200 });
    expect(exchange?.prompt).toEqual({
      kind: 'chat',
      messages: [{ role: 'user', content: `My key is [redacted] and the [redacted]. ${long}` }],
    });
    expect(exchange?.answer).toEqual([{ text: 'Good day' }]);
    expect(capture.stats).toEqual({ keptCount: 1, droppedCount: 0, pendingCharacterCount: 0 });
  });

  it('says which answers broke off, and has thoughts and calls', async () => {
    const capture = captureWith();
    const parts: ChatPart[] = [
      startPart,
      { type: 'reasoning-delta', choice: 0, text: 'Hm.' },
      textPart('Let me '),
      textPart('see.'),
      { type: 'tool-call-start', choice: 0, call: 0, id: 'c', name: 'login' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: '{"user":"me","pass' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: 'word":"hunter2"}' },
    ];
    say(capture, 'whole', 'Hi', [
      ...parts,
      { type: 'tool-call-end', choice: 0, call: 0 },
      endPart(),
      finishPart,
    ]);
    say(capture, 'broken', 'Hi', parts);
    say(capture, 'silent', 'Hi', []);
    await capture.close();
    const choice = {
      text: 'Let me see.',
      reasoning: 'Hm.',
      toolCalls: [{ id: 'c', name: 'login', arguments: '{"user":"me","password":"[redacted]"}' }],
    };
    const answers = new Map((await all()).map(({ requestId, answer }) => [requestId, answer]));
    expect(answers.get('whole')).toEqual([choice]);
    expect(answers.get('broken')).toMatchObject({ isWhole: false, choices: [{ text: 'Let me see.' }] });
    expect(answers.get('silent')).toBeNull();
  });

  it('is nothing of what must not leave, whenever that becomes known, and a sample where that was asked for', async () => {
    const capture = captureWith();
    const secret = requestOf({ privacy: 'local_only' });
    expect(capture.begin(askedText(secret))).toBeNull();
    const late = capture.begin(askedText(requestOf()));
    late?.end(rowOf('late', { privacy: 'local_only' }));
    await capture.close();
    expect(await all()).toEqual([]);
    let turn = 0;
    const some = captureWith({ sampleRate: 0.25, random: () => (turn++ % 100) / 100 });
    const kept = Array.from({ length: 100 }, (_, index) => say(some, `s${index}`, 'Hi')).filter(Boolean);
    expect(kept).toHaveLength(25);
    await some.close();
    expect(captureWith({ sampleRate: 0, random: () => 0 }).begin(askedText(requestOf()))).toBeNull();
  });

  it('waits for no disk, and counts what there was no room for', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow: Pick<CapturedStore, 'add' | 'comment'> = {
      comment: () => Promise.resolve(false),
      add: async (exchanges) => {
        await gate;
        await store.add(exchanges);
      },
    };
    const capture = captureWith({ store: slow });
    const text = 'y'.repeat(1024 * 1024);
    for (let index = 0; index < 40; index += 1) say(capture, `r${index}`, text);
    say(capture, 'huge', 'z'.repeat(9 * 1024 * 1024));
    // 32 MiB may wait; the answers take some of it.
    expect(capture.stats.droppedCount).toBe(10);
    expect(capture.stats.pendingCharacterCount).toBeLessThanOrEqual(32 * 1024 * 1024);
    release();
    await capture.close();
    expect((await store.totals()).exchangeCount).toBe(31);
    expect(capture.stats).toMatchObject({ keptCount: 31, droppedCount: 10, pendingCharacterCount: 0 });
  });

  it('is nothing that cannot be searched for secrets', async () => {
    const capture = captureWith();
    const recorder = capture.begin(askedText(requestOf()));
    recorder?.seeBody(Buffer.from('['.repeat(200_000) + ']'.repeat(200_000)));
    recorder?.end(rowOf('deep'));
    say(capture, 'plain', 'Hi');
    await capture.close();
    expect((await all()).map(({ requestId }) => requestId)).toEqual(['plain']);
    expect(capture.stats).toMatchObject({ keptCount: 1, droppedCount: 1 });
  });

  it('has what the caller said of an answer that is kept, without secrets, and of no other', async () => {
    const capture = captureWith();
    say(capture, 'a', 'Hi');
    expect(await capture.comment('a', 'Nice, but sk-abcdefgh1234 was no secret')).toBe(true);
    expect(await capture.comment('b', 'What?')).toBe(false);
    expect((await all()).map(({ comment }) => comment)).toEqual(['Nice, but [redacted] was no secret']);
    await capture.close();
    expect(await capture.comment('a', 'Late')).toBe(false);
  });

  it('is tried again where the disk is busy, and dropped with one warning where it stays so', async () => {
    let failures = 2;
    const flaky: Pick<CapturedStore, 'add' | 'comment'> = {
      comment: () => Promise.resolve(false),
      add: (exchanges) =>
        failures-- > 0 ? Promise.reject(new Error('database is locked')) : store.add(exchanges),
    };
    const capture = captureWith({ store: flaky });
    say(capture, 'a', 'Hi');
    await capture.flush();
    expect(capture.stats).toMatchObject({ keptCount: 1, droppedCount: 0 });
    failures = Infinity;
    say(capture, 'b', 'Hi');
    await capture.flush();
    say(capture, 'c', 'Hi');
    await capture.close();
    expect(capture.stats).toMatchObject({ keptCount: 1, droppedCount: 2 });
    expect(warnings).toEqual(['Prompts and answers cannot be kept.']);
  });
});

describe('the file', () => {
  const exchange = (requestId: string, changes: Partial<CapturedExchange> = {}): CapturedExchange => ({
    requestId,
    startedAt: 1000,
    keyName: 'a',
    tenant: 't',
    dialect: 'openai',
    operation: 'chat',
    requestedModel: 'auto',
    answeringModel: 'tiny',
    upstream: null,
    answerSource: 'model',
    status: 200,
    finish: 'stop',
    prompt: { text: 'Hello' },
    answer: [{ text: 'Hi' }],
    ...changes,
  });

  it.skipIf(process.platform === 'win32')('is its owner’s only', async () => {
    await store.add([exchange('a')]);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  });

  it('has no trace of what was removed', async () => {
    const words = 'an-unlikely-sequence-of-words';
    await store.add([exchange('a', { prompt: words.repeat(500) }), exchange('b')]);
    expect(await store.remove({ requestIds: ['a'] })).toBe(1);
    for (const name of await readdir(folder)) {
      expect((await readFile(join(folder, name))).includes(words), name).toBe(false);
    }
    expect((await all()).map(({ requestId }) => requestId)).toEqual(['b']);
  });

  it('gives back everything once, in order, whatever is chosen', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ startedAt: fc.nat(20), keyName: fc.constantFrom('a', 'b', null) }), {
          maxLength: 130,
        }),
        fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
        fc.nat(21),
        async (rows, keyName, before) => {
          await store.remove({});
          const added = rows.map((row, index) => exchange(`r${String(index).padStart(3, '0')}`, row));
          await store.add(added);
          const filter = { before, ...(keyName === undefined ? {} : { keyName }) };
          const chosen = added.filter(
            (one) => one.startedAt < before && (keyName === undefined || one.keyName === keyName),
          );
          const sorted = chosen.toSorted(
            (a, b) => a.startedAt - b.startedAt || (a.requestId < b.requestId ? -1 : 1),
          );
          expect(await all(filter)).toEqual(sorted);
          expect((await store.list(filter, 1000)).map(({ requestId }) => requestId)).toEqual(
            sorted.toReversed().map(({ requestId }) => requestId),
          );
          expect(await store.remove(filter)).toBe(chosen.length);
          expect((await all()).length).toBe(added.length - chosen.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('loses the oldest where there is too much, and what is too old', async () => {
    const rows = Array.from({ length: 200 }, (_, index) => exchange(`r${index}`, { startedAt: index }));
    await store.add(rows);
    const { byteCount } = await store.totals();
    expect(await store.trim({ oldestAt: 10, byteLimit: byteCount })).toBe(10);
    expect(await store.trim({ oldestAt: 0, byteLimit: Math.floor(byteCount / 2) })).toBe(90);
    expect((await all()).map(({ startedAt }) => startedAt)[0]).toBe(100);
    expect(await store.trim({ oldestAt: 0, byteLimit: 0 })).toBe(100);
    expect(await store.totals()).toEqual({ exchangeCount: 0, byteCount: 0 });
  });

  it('ends a trim though all was removed beside it', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => exchange(`r${index}`, { startedAt: index }));
    await store.add(rows);
    const [trimmed, removed] = await Promise.all([
      store.trim({ oldestAt: 0, byteLimit: 1 }),
      store.remove({}),
    ]);
    expect(trimmed + removed).toBeGreaterThanOrEqual(20);
    expect(await store.totals()).toEqual({ exchangeCount: 0, byteCount: 0 });
  });
});

describe('what shall be forgotten', () => {
  it('means the same to the command and to the gateway', () => {
    const filters = fc.oneof(
      fc.constant({ all: true as const }),
      fc.record(
        {
          requestIds: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 }),
          keyName: fc.string({ minLength: 1, maxLength: 20 }),
          tenant: fc.string({ minLength: 1, maxLength: 20 }),
          before: fc.nat(),
        },
        { requiredKeys: ['before'] },
      ),
    );
    fc.assert(
      fc.property(filters, (filter) => {
        expect(filterOf(forgetSchema.parse(JSON.parse(JSON.stringify(bodyOf(filter)))))).toEqual(filter);
      }),
    );
    for (const bad of [{}, { all: false }, { all: true, key: 'a' }, { request_ids: [] }, { keys: 'a' }])
      expect(forgetSchema.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
  });

  it('chooses kept answers by all that is said', () => {
    const kept = { madeAt: 10, owner: { requestId: 'r', tenant: 't' } };
    const isChosen = (filter: Parameters<typeof chooserOf>[0], tenants: readonly string[] = []) =>
      chooserOf(filter, new Set(tenants))(kept);
    expect(isChosen({ all: true })).toBe(true);
    expect(isChosen({ requestIds: ['q', 'r'] })).toBe(true);
    expect(isChosen({ requestIds: ['q'] })).toBe(false);
    expect(isChosen({ keyName: 'k' }, ['t'])).toBe(true);
    expect(isChosen({ keyName: 'k' }, ['u'])).toBe(false);
    expect(isChosen({ tenant: 't', before: 11 })).toBe(true);
    expect(isChosen({ tenant: 't', before: 10 })).toBe(false);
  });
});
