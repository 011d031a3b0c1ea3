import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GenerateCommand } from './protocol.ts';
import {
  arrivalFields,
  arrive,
  idOf,
  lastStepOf,
  promptOf as markedPromptOf,
  type Arrival,
} from './testing/arrivals.ts';
import { createFakeDiskStore, type FakeDisk, type FakeDiskStore } from './testing/fake-disk-store.ts';
import {
  command,
  createHarness,
  expectedText,
  type Harness,
  type HarnessOptions,
} from './testing/harness.ts';
import { seededRandom } from '../random/seeded-random.ts';

const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + (index % 50));

interface Life {
  readonly harness: Harness;
  readonly store: FakeDiskStore;
}

function start(disk: FakeDisk, options: HarnessOptions & { readonly diskBytes?: number } = {}): Life {
  const store = createFakeDiskStore({ disk, budgetBytes: options.diskBytes ?? 1e6 });
  return { store, harness: createHarness({ cellCount: 2000, batchTokenCount: 64, ...options, disk: store }) };
}

/** Steps until neither the engine nor the disk has anything to do. */
async function rest({ harness, store }: Life): Promise<void> {
  for (let turns = 0; ; turns++) {
    const hasStepped = harness.engine.step();
    const hasWorked = store.work();
    await nextTurn();
    const { runningCount, queuedCount } = harness.engine.stats();
    if (!hasStepped && !hasWorked && runningCount + queuedCount === 0) return;
    if (turns > 5000) throw new Error('the engine does not come to rest');
  }
}

async function ask(life: Life, id: string, tokens: readonly number[], more: Partial<GenerateCommand> = {}) {
  await life.harness.engine.submit(command(id, tokens, more));
  await rest(life);
  const [first] = life.harness.parts.get(id) ?? [];
  return first?.type === 'start' ? first.cachedTokenCount : -1;
}

/** As a child does at its end. */
async function stop(life: Life): Promise<void> {
  const done = life.harness.engine.persist();
  const state = { isDone: false };
  void done.then(() => (state.isDone = true));
  for (let turns = 0; !state.isDone && turns < 100; turns++) {
    life.store.work();
    await nextTurn();
  }
  await done;
}

const prompt = range(1, 600);
/** Stands in sensitive requests, in front of what only they have: a token that the model never says. */
const mark = 99;

describe('after a restart', () => {
  it('finds what a clean stop wrote, says so, and writes the same text', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt);
    await stop(first);
    const second = start(disk);
    await rest(second);
    expect(await ask(second, 'warm', prompt)).toBe(599);
    expect(second.harness.textOf('warm')).toBe(expectedText(prompt, 20));
    expect(second.harness.engine.stats().diskReadTokenCount).toBeGreaterThanOrEqual(599);
  });

  it('finds all that a stop found in the pool, though host memory and the queue hold little of it', async () => {
    const disk: FakeDisk = new Map();
    const store = createFakeDiskStore({ disk, budgetBytes: 1e6, pendingLimitBytes: 2048 });
    const options = { cellCount: 2000, batchTokenCount: 64, hostCacheBytes: 2400 };
    const first = { store, harness: createHarness({ ...options, disk: store }) };
    first.store.work();
    const long = range(1, 1500);
    await first.harness.engine.submit(command('long', long));
    while (first.harness.parts.get('long')?.at(-1)?.type !== 'finish') first.harness.engine.step();
    await stop(first);
    const second = start(disk);
    await rest(second);
    expect(await ask(second, 'again', long)).toBe(1499);
  });

  it('finds after a crash what was in use, for it is written while nobody asks', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'one', [...prompt, 3, 3]);
    expect(disk.size).toBe(0);
    await ask(first, 'two', [...prompt, 4, 4]);
    expect(disk.size).toBeGreaterThan(0);
    const second = start(disk);
    await rest(second);
    expect(await ask(second, 'three', [...prompt, 5, 5])).toBe(600);
    expect(second.harness.textOf('three')).toBe(expectedText([...prompt, 5, 5], 20));
  });

  it('shares a prefix that ends in the middle of a file', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt);
    await stop(first);
    const second = start(disk);
    await rest(second);
    const other = [...prompt.slice(0, 333), 61, 62];
    expect(await ask(second, 'warm', other)).toBe(333);
    expect(second.harness.textOf('warm')).toBe(expectedText(other, 20));
  });

  it('gives nothing to another salt', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt, { salt: 'alice' });
    await stop(first);
    const second = start(disk);
    await rest(second);
    expect(await ask(second, 'warm', prompt, { salt: 'bob' })).toBe(0);
  });

  it('does not wait for the folder to be read for longer than it could gain', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt);
    await stop(first);
    const second = start(disk);
    await second.harness.engine.submit(command('early', prompt));
    expect(second.harness.engine.step()).toBe(false);
    second.harness.clock.ms += 5000;
    for (let step = 0; step < 100; step++) second.harness.engine.step();
    expect(second.harness.parts.get('early')?.at(-1)?.type).toBe('finish');
    expect(second.harness.textOf('early')).toBe(expectedText(prompt, 20));
    await rest(second);
    expect(await ask(second, 'late', prompt)).toBe(599);
  });

  it('computes what cannot be read back, and forgets it', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt);
    await stop(first);
    const store = createFakeDiskStore({ disk, budgetBytes: 1e6, isDamaged: () => true });
    const second = { store, harness: createHarness({ cellCount: 2000, batchTokenCount: 64, disk: store }) };
    await rest(second);
    expect(await ask(second, 'warm', prompt)).toBe(0);
    expect(second.harness.textOf('warm')).toBe(expectedText(prompt, 20));
    expect(second.harness.engine.stats().diskRejectedCount).toBeGreaterThan(0);
    expect(disk.size).toBe(0);
  });
});

describe('from host memory to the disk', () => {
  it('goes what the budget of host memory does not hold, and comes back', async () => {
    // A cell is 8 bytes here: host memory holds 300, the prompts have 1,800.
    const life = start(new Map(), { hostCacheBytes: 2400 });
    for (let index = 1; index <= 3; index++) await ask(life, `r${index}`, [index, ...range(9, 600)]);
    const { hostCacheBytes, diskWrittenBytes } = life.harness.engine.stats();
    expect(hostCacheBytes).toBeLessThanOrEqual(2400);
    expect(diskWrittenBytes).toBeGreaterThan(3 * 8 * 256);
    // As much of it as host memory can take at once.
    const cached = await ask(life, 'again', [1, ...range(9, 600)]);
    expect(cached).toBeGreaterThan(50);
    expect(life.harness.engine.stats().diskReadTokenCount).toBeGreaterThanOrEqual(cached);
    expect(life.harness.textOf('again')).toBe(expectedText([1, ...range(9, 600)], 20));
  });

  it('never goes what a request marked as sensitive touched', async () => {
    for (const hostCacheBytes of [2400, 100_000]) {
      const life = start(new Map(), { hostCacheBytes });
      await ask(life, 'shared', prompt);
      const givenBefore = life.store.given.length;
      const secret = [...prompt.slice(0, 500), mark, 60, 61, 62];
      await ask(life, 'secret', secret, { mayPersist: false });
      await ask(life, 'secret again', [...secret, 60], { mayPersist: false });
      // While memory has it, who asks on top of it writes nothing either.
      if (hostCacheBytes > 2400) await ask(life, 'open', [...secret, 60, 59, 58]);
      await stop(life);
      expect(life.store.given.some((blob) => blob.tokens.includes(mark))).toBe(false);
      // Of the prefix that they shared nothing was written after it was touched (before, room may be made for it).
      if (hostCacheBytes === 2400) continue;
      const late = life.store.given.slice(givenBefore);
      expect(late.some((blob) => blob.start < 500 && blob.tokens.length <= 500)).toBe(false);
    }
  });

  it('does not write for ever where more is in use than the disk may hold', async () => {
    const life = start(new Map(), { diskBytes: 3000 });
    for (let round = 0; round < 2; round++)
      for (let index = 1; index <= 3; index++)
        await ask(life, `r${round}${index}`, [index, ...range(9, 300)]);
    const written = life.store.given.length;
    for (let turn = 0; turn < 50; turn++) {
      life.harness.engine.step();
      life.store.work();
    }
    expect(life.store.given.length).toBe(written);
    expect(life.store.usedBytes).toBeLessThanOrEqual(3000);
  });

  it('holds back only who can win by it', async () => {
    const disk: FakeDisk = new Map();
    const first = start(disk);
    await ask(first, 'cold', prompt);
    await stop(first);
    const second = start(disk);
    await rest(second);
    await second.harness.engine.submit(command('waits', prompt));
    await second.harness.engine.submit(command('short', [7, 8, 9]));
    for (let step = 0; step < 30; step++) second.harness.engine.step();
    expect(second.harness.parts.get('waits')).toBeUndefined();
    expect(second.harness.parts.get('short')?.at(-1)?.type).toBe('finish');
    // The disk is stuck: after the time that computing takes, waiting ends.
    second.harness.clock.ms += 5000;
    for (let step = 0; step < 60; step++) second.harness.engine.step();
    expect(second.harness.parts.get('waits')?.[0]).toMatchObject({ type: 'start', cachedTokenCount: 0 });
    expect(second.harness.textOf('waits')).toBe(expectedText(prompt, 20));
  });
});

const arrival = fc.record({ ...arrivalFields, mayPersist: fc.boolean() });

const promptOf = (one: Arrival & { readonly mayPersist: boolean }, index: number): number[] =>
  markedPromptOf(one, index, one.mayPersist ? [] : [mark]);

describe('under random arrivals, aborts, budgets, damage, full disks and restarts', () => {
  it('writes the texts of lone runs, leaks no cell, and nothing sensitive reaches the disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(arrival, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
        fc.record({
          cellCount: fc.integer({ min: 132, max: 400 }),
          batchTokenCount: fc.integer({ min: 8, max: 64 }),
          sequenceCount: fc.integer({ min: 7, max: 20 }),
          parallelCount: fc.integer({ min: 1, max: 5 }),
          hostCacheBytes: fc.constantFrom(300, 800, 100_000),
        }),
        fc.record({
          diskBytes: fc.constantFrom(500, 3000, 1e6),
          damageShare: fc.constantFrom(0, 0.3),
          fullShare: fc.constantFrom(0, 0.3),
          workEvery: fc.integer({ min: 1, max: 9 }),
          isCleanStop: fc.boolean(),
          seed: fc.integer(),
        }),
        async (lives, options, faults) => {
          const disk: FakeDisk = new Map();
          const chance = seededRandom(faults.seed);
          for (const arrivals of lives) {
            const store = createFakeDiskStore({
              disk,
              budgetBytes: faults.diskBytes,
              isDamaged: () => chance() < faults.damageShare,
              isFull: () => chance() < faults.fullShare,
            });
            const life = { store, harness: createHarness({ ...options, disk: store }) };
            const { engine, decoder } = life.harness;
            const last = lastStepOf(arrivals);
            for (let step = 0; ; step++) {
              await arrive(life.harness, arrivals, step, (one, index) => ({
                prompt: promptOf(one, index),
                mayPersist: one.mayPersist,
              }));
              const hasStepped = engine.step();
              if (step % faults.workEvery === 0) store.work();
              await Promise.resolve();
              const { usedCellCount, runningCount, queuedCount, hostCacheBytes } = engine.stats();
              expect(usedCellCount).toBe(decoder.usedCellCount);
              expect(hostCacheBytes).toBeLessThanOrEqual(options.hostCacheBytes);
              if (!hasStepped && step > last && runningCount + queuedCount === 0) break;
              if (step > 8000) throw new Error('starvation: the engine does not come to rest');
            }
            for (const [index, one] of arrivals.entries()) {
              const end = life.harness.parts.get(idOf(index))?.at(-1);
              if (end?.type === 'error') {
                expect(end.error.kind).toBe('aborted');
                continue;
              }
              expect(end?.type).toBe('finish');
              expect(life.harness.textOf(idOf(index))).toBe(expectedText(promptOf(one, index), one.max));
            }
            await rest(life);
            if (faults.isCleanStop) await stop(life);
            expect(store.usedBytes).toBeLessThanOrEqual(faults.diskBytes);
            expect(store.given.some((blob) => blob.tokens.includes(mark))).toBe(false);
            const { usedCellCount, idleCellCount } = engine.stats();
            expect(usedCellCount).toBe(idleCellCount);
          }
        },
      ),
      { numRuns: Number(process.env['NEARFAR_PROPERTY_RUNS'] ?? 100) },
    );
  });
});
