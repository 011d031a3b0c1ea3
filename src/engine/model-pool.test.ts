import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  chatRequest,
  collect,
  errorKindOf,
  modelFacts,
  needOf,
} from '../../test/fixtures/engine-requests.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { MemoryNeed } from '../plan/model-memory.ts';
import { answer, createPool, never, settle } from '../../test/fixtures/model-pool.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('loading', () => {
  it('waits for the first request, shares one engine, and tells the context that is really there', async () => {
    const pool = createPool();
    const model = await pool.model('m1');
    expect(pool.engines).toHaveLength(0);
    expect(model.facts.contextTokenCount).toBeNull();
    const both = Promise.all([pool.ask('m1'), pool.ask('m1'), pool.load('m1')]);
    await settle();
    expect(pool.living()).toEqual(['m1']);
    const [running] = pool.running();
    expect(running).toMatchObject({ id: 'm1', state: 'ready', restartCount: 0 });
    // It is not kept for ever because it answers now.
    expect((running?.expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(299_000);
    pool.engine('m1').finishOne();
    pool.engine('m1').finishOne();
    await both;
    expect(pool.engines).toHaveLength(1);
    expect(model.facts.contextTokenCount).toBe(777);
    expect(await model.countTokens({ kind: 'text', text: '' })).toBe(2);
  });

  it('loads nothing for somebody who went while the memory was predicted', async () => {
    const prediction = Promise.withResolvers<MemoryNeed>();
    const pool = createPool({ predictMemory: () => prediction.promise });
    const stop = new AbortController();
    const parts = pool.ask('m1', null, stop.signal);
    await settle();
    stop.abort();
    prediction.resolve(needOf(1));
    expect(errorKindOf(await parts)).toBe('aborted');
    expect(pool.engines).toHaveLength(0);
  });

  it('says that a model is not there', async () => {
    const pool = createPool();
    await expect(pool.model('other')).rejects.toMatchObject({ kind: 'model_not_found' });
    await expect(pool.load('other')).rejects.toMatchObject({ kind: 'model_not_found' });
  });

  it('answers with the reason of a failed load, and tries again after a while', async () => {
    vi.useFakeTimers();
    const pool = createPool();
    const parts = pool.ask('m1');
    await settle();
    pool.engine('m1').failForGood(new NearfarError('unavailable', 'not a GGUF file'));
    expect(errorKindOf(await parts)).toBe('unavailable');
    await settle();
    expect(errorKindOf(await pool.ask('m1'))).toBe('unavailable');
    expect(pool.engines).toHaveLength(1);
    expect(pool.running()).toEqual([]);
    vi.advanceTimersByTime(10_000);
    await answer(pool, 'm1');
    expect(pool.engines).toHaveLength(2);
  });

  it('turns whatever the composer throws into an error part', async () => {
    const pool = createPool({
      loadOptionsFor: () => Promise.reject(new Error('no memory measured')),
    });
    expect(errorKindOf(await pool.ask('m1'))).toBe('internal');
  });
});

describe('making room', () => {
  it('unloads what was used longest ago', async () => {
    const pool = createPool({ maxLoadedCount: 2 });
    await answer(pool, 'm1');
    await answer(pool, 'm2');
    await answer(pool, 'm1');
    await answer(pool, 'm3');
    expect(pool.living().sort()).toEqual(['m1', 'm3']);
  });

  it('never cuts an answer: a newcomer waits, and the busy model takes nothing new', async () => {
    const pool = createPool();
    const first = pool.ask('m1');
    await settle();
    const newcomer = pool.ask('m2');
    await settle();
    const second = pool.ask('m1');
    await settle();
    expect(pool.engine('m1').answeringCount).toBe(1);
    expect(pool.living()).toEqual(['m1']);
    pool.engine('m1').finishOne();
    await first;
    await settle();
    expect(pool.living()).toEqual(['m2']);
    pool.engine('m2').finishOne();
    await newcomer;
    await settle();
    expect(pool.living()).toEqual(['m1']);
    pool.engine('m1').finishOne();
    expect(errorKindOf(await second)).toBeNull();
    expect(pool.engines.some((engine) => engine.wasInterrupted)).toBe(false);
  });

  it('lets a client go that does not want to wait, and keeps its deadline', async () => {
    const pool = createPool();
    const first = pool.ask('m1');
    await settle();
    const client = new AbortController();
    const waiting = pool.ask('m2', null, client.signal);
    const model = await pool.model('m2');
    const late = collect(model.stream(chatRequest('hello', { deadlineAt: Date.now() + 20 }), never));
    await settle();
    client.abort();
    expect(errorKindOf(await waiting)).toBe('aborted');
    expect(errorKindOf(await late)).toBe('timeout');
    pool.engine('m1').finishOne();
    expect(errorKindOf(await first)).toBeNull();
  });
});

describe('the budget', () => {
  const needs: Readonly<Record<string, MemoryNeed>> = {
    m1: needOf(4),
    m2: needOf(5, 3),
    m3: needOf(6),
    m9: needOf(11),
  };
  const budget = {
    maxLoadedCount: 5,
    memoryBudgetBytes: 10,
    predictMemory: async ({ facts }: { facts: { id: string } }) => needs[facts.id]!,
  };

  it('holds what fits, and unloads no more than it takes', async () => {
    const pool = createPool(budget);
    await answer(pool, 'm1');
    await answer(pool, 'm2');
    expect(pool.living()).toEqual(['m1', 'm2']);
    await answer(pool, 'm1');
    await answer(pool, 'm3');
    expect(pool.living().sort()).toEqual(['m1', 'm3']);
  });

  it('refuses with need, budget and what is loaded where unloading could not help', async () => {
    const pool = createPool({
      ...budget,
      memoryBudgetBytes: 10 * 1024 ** 3,
      predictMemory: async ({ facts }) => needOf(facts.id === 'm9' ? 11 * 1024 ** 3 : 1024 ** 3),
    });
    await answer(pool, 'm1');
    const parts = await pool.ask('m9');
    const [last] = parts;
    expect(last?.type === 'error' && [last.error.status, last.error.message]).toEqual([
      503,
      expect.stringMatching(/m9 needs 11\.00 GiB.*budget is 10\.00 GiB.*m1 \(1\.00 GiB\)/),
    ]);
    expect(pool.living()).toEqual(['m1']);
  });

  it('sets the embedding context aside at the first request for it', async () => {
    const pool = createPool(budget);
    await answer(pool, 'm1');
    await answer(pool, 'm2');
    const embedding = pool.embed('m2');
    await settle();
    // 4 + 5 + 3 is too much: the idle one went.
    expect(pool.living()).toEqual(['m2']);
    pool.engine('m2').finishOne();
    expect(await embedding).toBe('done');
    await answer(pool, 'm1');
    expect(pool.living()).toEqual(['m1']);
    expect(await createPool({ ...budget, memoryBudgetBytes: 7 }).embed('m2')).toBe('unavailable');
  });

  it('keeps the order of arrival: small ones do not pass a large one for ever', async () => {
    const pool = createPool(budget);
    const first = pool.ask('m3');
    await settle();
    const large = pool.ask('m2');
    await settle();
    const small = pool.ask('m1');
    await settle();
    // 6 + 4 would fit, but the room is waited for.
    expect(pool.living()).toEqual(['m3']);
    pool.engine('m3').finishOne();
    await first;
    await settle();
    expect(pool.living()).toEqual(['m2', 'm1']);
    pool.engine('m2').finishOne();
    pool.engine('m1').finishOne();
    await Promise.all([large, small]);
  });
});

describe('keep-alive', () => {
  it('unloads an idle model after its time, and never the default one', async () => {
    vi.useFakeTimers();
    const pool = createPool({ maxLoadedCount: 2 });
    await answer(pool, 'main');
    await answer(pool, 'm1');
    expect(pool.running().map((model) => [model.id, model.expiresAt !== null])).toEqual([
      ['main', false],
      ['m1', true],
    ]);
    vi.advanceTimersByTime(299_000);
    await answer(pool, 'm1');
    vi.advanceTimersByTime(299_000);
    await settle();
    expect(pool.living()).toEqual(['main', 'm1']);
    vi.advanceTimersByTime(2_000);
    await settle();
    expect(pool.living()).toEqual(['main']);
  });

  it('follows the request: 0 unloads after the answer, -1 keeps for ever', async () => {
    vi.useFakeTimers();
    const pool = createPool({ maxLoadedCount: 2 });
    await answer(pool, 'm1', 0);
    expect(pool.living()).toEqual([]);
    await answer(pool, 'm1', -1);
    vi.advanceTimersByTime(3_600_000_000);
    await settle();
    expect(pool.living()).toEqual(['m1']);
    await pool.load('m1', { keepAliveSeconds: 0 });
    await settle();
    expect(pool.living()).toEqual([]);
  });

  it('unloads on request, after the answers under way', async () => {
    const pool = createPool();
    const first = pool.ask('m1');
    await settle();
    const unloading = pool.unload('m1');
    await settle();
    expect(pool.living()).toEqual(['m1']);
    pool.engine('m1').finishOne();
    await unloading;
    await first;
    expect(pool.running()).toEqual([]);
    await pool.unload('m1');
  });
});

it('loads a better file of the same model as soon as nobody uses the old one', async () => {
  let path = '/models/slow.gguf';
  const pool = createPool({ findModel: (id) => Promise.resolve({ facts: modelFacts(id), path }) });
  const first = pool.ask('m1');
  await settle();
  path = '/models/fast.gguf';
  const second = pool.ask('m1');
  await settle();
  expect(pool.engine('m1').answeringCount).toBe(2);
  pool.engine('m1').finishOne();
  pool.engine('m1').finishOne();
  await Promise.all([first, second]);
  await answer(pool, 'm1');
  expect(pool.engine('m1').load.modelPath).toBe('/models/fast.gguf');
  expect(pool.living()).toEqual(['m1']);
});

it('closes everything, and refuses who waits and who comes', async () => {
  const pool = createPool();
  const first = pool.ask('m1');
  await settle();
  const waiting = pool.ask('m2');
  await settle();
  await pool.close();
  expect(errorKindOf(await waiting)).toBe('unavailable');
  expect(errorKindOf(await pool.ask('m1'))).toBe('unavailable');
  expect(pool.living()).toEqual([]);
  pool.engine('m1').finishOne();
  await first;
});

it('ends every request, within its room, and never in the middle of an answer', async () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.constant('ask' as const) },
    { weight: 3, arbitrary: fc.constant('embed' as const) },
    { weight: 5, arbitrary: fc.constant('finish' as const) },
    { weight: 1, arbitrary: fc.constant('abort' as const) },
    { weight: 1, arbitrary: fc.constant('unload' as const) },
    { weight: 1, arbitrary: fc.constant('load' as const) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(action, fc.nat(3), fc.constantFrom(null, 0, -1, 60)), { maxLength: 50 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 6, max: 12 }),
      async (actions, maxLoadedCount, memoryBudgetBytes) => {
        const bytesOf = (id: string): number => 1 + Number(id.slice(1));
        const pool = createPool({
          maxLoadedCount,
          memoryBudgetBytes,
          predictMemory: async ({ facts }) => needOf(bytesOf(facts.id), 2),
        });
        const embedded: Promise<string>[] = [];
        const asked: { readonly parts: Promise<ChatPart[]>; readonly client: AbortController }[] = [];
        const others: Promise<unknown>[] = [];
        for (const [kind, which, keepAlive] of actions) {
          const id = `m${which}`;
          if (kind === 'ask') {
            const client = new AbortController();
            asked.push({ parts: pool.ask(id, keepAlive, client.signal), client });
          } else if (kind === 'embed') embedded.push(pool.embed(id));
          else if (kind === 'finish') pool.engines.at(-1 - which)?.finishOne();
          else if (kind === 'abort') asked.at(-1 - which)?.client.abort();
          else if (kind === 'unload') others.push(pool.unload(id));
          else others.push(pool.load(id));
          await settle();
          expect(pool.living().length).toBeLessThanOrEqual(maxLoadedCount);
          const bytes = pool.living().reduce((sum, living) => sum + bytesOf(living), 0);
          expect(bytes).toBeLessThanOrEqual(memoryBudgetBytes);
          expect(new Set(pool.living()).size).toBe(pool.living().length);
        }
        const all = Promise.all([...asked.map((one) => one.parts), ...embedded, ...others]);
        for (let round = 0; round < 200; round += 1) {
          for (const engine of pool.engines) engine.finishOne();
          await settle();
        }
        const outcome = await Promise.race([all.then(() => 'done'), sleep(5_000, 'stuck', { ref: false })]);
        expect(outcome).toBe('done');
        for (const { parts, client } of asked) {
          const ends = (await parts).filter((part) => part.type === 'finish' || part.type === 'error');
          expect(ends).toHaveLength(1);
          if (errorKindOf(await parts) !== null) expect(client.signal.aborted).toBe(true);
        }
        for (const one of embedded) expect(await one).toBe('done');
        expect(pool.engines.some((engine) => engine.wasInterrupted)).toBe(false);
        await pool.close();
        await sleep(0);
        expect(pool.living()).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});
