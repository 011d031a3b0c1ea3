import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../config/schema.ts';
import { priorities } from '../chat/request.ts';
import type { ClassTargets } from './priority.ts';
import { arrivalFields, arrive, idOf, lastStepOf, promptOf } from './testing/arrivals.ts';
import { command, createHarness, expectedText, type Harness } from './testing/harness.ts';

const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + (index % 50));

function drain(harness: Harness, limit = 5000): number {
  let steps = 0;
  while (harness.engine.step()) {
    if (++steps > limit) throw new Error('the engine does not come to rest');
  }
  return steps;
}

const lastPart = (harness: Harness, id: string) => harness.parts.get(id)?.at(-1);

describe('the step loop', () => {
  it('answers one request with start, text, choice-end and finish', async () => {
    const harness = createHarness();
    await harness.engine.submit(command('one', range(1, 40)));
    drain(harness);
    expect(harness.textOf('one')).toBe(expectedText(range(1, 40), 20));
    const types = harness.parts.get('one')?.map((part) => part.type) ?? [];
    expect(types[0]).toBe('start');
    expect(types.slice(-2)).toEqual(['choice-end', 'finish']);
  });

  it('serves a repeated prompt from the prefix cache and says so', async () => {
    const harness = createHarness();
    await harness.engine.submit(command('first', range(1, 40)));
    drain(harness);
    await harness.engine.submit(command('second', range(1, 40)));
    drain(harness);
    expect(harness.textOf('second')).toBe(harness.textOf('first'));
    expect(harness.parts.get('first')?.[0]).toMatchObject({ cachedTokenCount: 0 });
    expect(harness.parts.get('second')?.[0]).toMatchObject({ cachedTokenCount: 39 });
  });

  it('never shares a prefix between salts', async () => {
    const harness = createHarness();
    await harness.engine.submit(command('first', range(1, 40), { salt: 'alice' }));
    drain(harness);
    await harness.engine.submit(command('second', range(1, 40), { salt: 'bob' }));
    drain(harness);
    expect(harness.parts.get('second')?.[0]).toMatchObject({ cachedTokenCount: 0 });
  });

  it('computes a prefix once when many arrive together', async () => {
    const harness = createHarness();
    for (let index = 0; index < 4; index++) {
      await harness.engine.submit(command(`r${index}`, [...range(1, 60), index + 1, 7]));
    }
    drain(harness);
    const cached = [0, 1, 2, 3].map((index) => {
      const start = harness.parts.get(`r${index}`)?.[0];
      return start?.type === 'start' ? start.cachedTokenCount : -1;
    });
    expect(cached).toEqual([0, 60, 60, 60]);
  });

  it('gives n choices one prompt computation', async () => {
    const harness = createHarness();
    await harness.engine.submit(command('n', range(1, 60), { choiceCount: 3 }));
    drain(harness);
    expect(harness.parts.get('n')?.filter((part) => part.type === 'choice-end')).toHaveLength(3);
    expect(lastPart(harness, 'n')).toMatchObject({ type: 'finish', usage: { promptTokenCount: 60 } });
    expect(harness.parts.get('n')?.filter((part) => part.type === 'start')).toHaveLength(1);
  });

  it('bounds prefill chunks while someone is reading, and not otherwise', async () => {
    const harness = createHarness({ cellCount: 1000, batchTokenCount: 200, targetInterTokenMs: 20 });
    await harness.engine.submit(
      command('reader', range(1, 10), { maxTokenCount: 200, ignoreEndOfGeneration: true }),
    );
    harness.engine.step();
    await harness.engine.submit(command('long', range(3, 400)));
    let widest = 0;
    for (let step = 0; step < 15; step++) {
      harness.engine.step();
      widest = Math.max(widest, harness.engine.stats().lastBatchTokenCount);
    }
    expect(widest).toBeGreaterThan(1);
    expect(widest).toBeLessThanOrEqual(20);
    drain(harness);
    const alone = createHarness({ cellCount: 1000, batchTokenCount: 200, targetInterTokenMs: 20 });
    await alone.engine.submit(command('long', range(3, 400)));
    alone.engine.step();
    expect(alone.engine.stats().lastBatchTokenCount).toBe(200);
  });

  it('bounds prefill chunks for who reads in another loop', async () => {
    for (const [othersLimitMs, widest] of [
      [Infinity, 32],
      [20, 20],
    ] as const) {
      const { engine, decoder } = createHarness({ othersLimitMs });
      await engine.submit(
        command(
          'long',
          Array.from({ length: 100 }, (_, index) => index % 60),
        ),
      );
      for (let step = 0; step < 6; step++) engine.step();
      expect(decoder.widestBatch).toBeGreaterThan(widest / 2);
      expect(decoder.widestBatch).toBeLessThanOrEqual(widest);
    }
  });

  it('decodes readers before a wide piece of a prompt where that is quicker, and sends their token at once', async () => {
    const harness = createHarness({
      cellCount: 1000,
      batchTokenCount: 200,
      targetInterTokenMs: 100,
      readersApart: true,
    });
    const reader = command('reader', range(1, 10), { maxTokenCount: 30, ignoreEndOfGeneration: true });
    await harness.engine.submit(reader);
    harness.engine.step();
    await harness.engine.submit(command('long', range(3, 400)));
    const before = harness.textOf('reader').length;
    harness.engine.step();
    expect(harness.decoder.batches.slice(-2)).toEqual([1, 96]);
    expect(harness.textOf('reader')).toHaveLength(before + 1);
    drain(harness);
    const alone = createHarness({ cellCount: 1000 });
    await alone.engine.submit(reader);
    await alone.engine.submit(command('long', range(3, 400)));
    drain(alone);
    for (const id of ['reader', 'long']) expect(harness.textOf(id)).toBe(alone.textOf(id));
  });

  it('makes room for a prompt before it is computed, not while', async () => {
    const harness = createHarness({ cellCount: 2000, batchTokenCount: 200, targetInterTokenMs: 100 });
    await harness.engine.submit(
      command('reader', range(1, 10), { maxTokenCount: 60, ignoreEndOfGeneration: true }),
    );
    harness.engine.step();
    await harness.engine.submit(command('first', range(3, 700), { maxTokenCount: 1 }));
    while (!harness.parts.get('first')?.some((part) => part.type === 'finish')) harness.engine.step();
    expect(harness.engine.stats().idleCellCount).toBeGreaterThan(600);
    await harness.engine.submit(command('second', range(9, 900), { maxTokenCount: 1 }));
    harness.engine.step();
    expect(harness.engine.stats().idleCellCount).toBeLessThanOrEqual(256);
  });

  it('rejects a prompt over the context naming both counts, and an empty one', async () => {
    const harness = createHarness({ cellCount: 100 });
    await harness.engine.submit(command('big', range(1, 100)));
    await harness.engine.submit(command('empty', []));
    expect(lastPart(harness, 'big')).toMatchObject({ type: 'error', error: { kind: 'context_overflow' } });
    expect(JSON.stringify(lastPart(harness, 'big'))).toMatch(/100 tokens.*holds 100/);
    expect(lastPart(harness, 'empty')).toMatchObject({ type: 'error', error: { kind: 'invalid_request' } });
  });

  it('says queue_full with a time to retry', async () => {
    const harness = createHarness({ parallelCount: 1, queueLimit: 2 });
    for (let index = 0; index < 6; index++) await harness.engine.submit(command(`r${index}`, range(1, 10)));
    const full = [...harness.parts.values()].filter((parts) => parts[0]?.type === 'error');
    expect(full).toHaveLength(3);
    expect(full[0]?.[0]).toMatchObject({
      error: { kind: 'queue_full', retryAfterSeconds: expect.any(Number) as number },
    });
    drain(harness);
    expect(
      [...harness.parts.values()].every((parts) => ['finish', 'error'].includes(parts.at(-1)?.type ?? '')),
    ).toBe(true);
  });

  it('frees the cells of an aborted request at once', async () => {
    const harness = createHarness();
    await harness.engine.submit(
      command('gone', range(1, 40), { ignoreEndOfGeneration: true, maxTokenCount: 100 }),
    );
    for (let step = 0; step < 10; step++) harness.engine.step();
    expect(harness.engine.stats().runningCount).toBe(1);
    harness.engine.abort('gone');
    const { runningCount, usedCellCount, idleCellCount } = harness.engine.stats();
    expect(runningCount).toBe(0);
    expect(usedCellCount - idleCellCount).toBe(0);
    expect(lastPart(harness, 'gone')).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
  });

  it('keeps deadlines for waiting and running requests', async () => {
    const harness = createHarness({ parallelCount: 1 });
    const long = { ignoreEndOfGeneration: true, maxTokenCount: 150, deadlineAt: 30 };
    await harness.engine.submit(command('running', range(1, 10), long));
    await harness.engine.submit(command('waiting', range(1, 10), long));
    drain(harness);
    expect(lastPart(harness, 'running')).toMatchObject({ error: { kind: 'timeout' } });
    expect(lastPart(harness, 'waiting')).toMatchObject({ error: { kind: 'timeout' } });
  });

  it('reuses only whole states where the memory has no ranges', async () => {
    const harness = createHarness({ prefixGranularity: 'sequence' });
    await harness.engine.submit(
      command('first', range(1, 40), { maxTokenCount: 5, ignoreEndOfGeneration: true }),
    );
    drain(harness);
    const generated = Array.from(harness.textOf('first'), (letter) => letter.charCodeAt(0) - 32);
    const conversation = [...range(1, 40), ...generated.slice(0, 4)];
    await harness.engine.submit(command('branch', [...range(1, 30), 63, 62]));
    await harness.engine.submit(command('next', [...conversation, 9, 8, 7]));
    drain(harness);
    expect(harness.parts.get('branch')?.[0]).toMatchObject({ cachedTokenCount: 0 });
    expect(harness.parts.get('next')?.[0]).toMatchObject({ cachedTokenCount: 44 });
    expect(harness.textOf('next')).toBe(expectedText([...conversation, 9, 8, 7], 20));
  });

  it('moves idle prefixes to host memory and brings them back', async () => {
    const harness = createHarness({ cellCount: 2000, batchTokenCount: 64 });
    for (let index = 0; index < 3; index++) {
      await harness.engine.submit(command(`r${index}`, [index + 1, ...range(1, 400)]));
    }
    drain(harness);
    const { idleCellCount, offloadedTokenCount } = harness.engine.stats();
    expect(idleCellCount).toBe(0);
    expect(offloadedTokenCount).toBeGreaterThan(1100);
    await harness.engine.submit(command('again', [1, ...range(1, 400)]));
    drain(harness);
    expect(harness.parts.get('again')?.[0]).toMatchObject({ cachedTokenCount: 400 });
    expect(harness.engine.stats().restoredTokenCount).toBeGreaterThan(0);
    expect(harness.textOf('again')).toBe(expectedText([1, ...range(1, 400)], 20));
  });
});

const arrival = fc.record({
  ...arrivalFields,
  priority: fc.constantFrom(...priorities),
  choiceCount: fc.integer({ min: 1, max: 2 }),
});

/** So short that classes are passed, due and promoted all the time. */
const hastyClasses: ClassTargets = {
  voice: { firstTokenMs: 10_000, interTokenMs: 4 },
  interactive: { firstTokenMs: 10, interTokenMs: 4 },
  default: { firstTokenMs: 30, interTokenMs: 8 },
  bulk: { firstTokenMs: 60, interTokenMs: 20 },
};

/** Found by chance: prompts of refused voices and a bulk request that needs nearly all cells. */
const tightBulk = {
  ...{ cellCount: 132, batchTokenCount: 25, readersApart: false, sequenceCount: 7, parallelCount: 2 },
  ...{
    hostCacheBytes: 0 as const,
    targetInterTokenMs: 'auto' as const,
    holdPartsMs: 0 as const,
    repetitive: false,
    flatCost: false,
  },
  ...{
    classes: defaultSettings.engine.classes,
    prefixGranularity: 'sequence' as const,
    speculation: 'off' as const,
  },
};
const voice = {
  ...{
    family: 1,
    shared: 0,
    own: 1,
    max: 1,
    abortAfter: null,
    salt: 'a' as const,
    priority: 'voice' as const,
    choiceCount: 1,
  },
};
const starved = [
  { ...voice, atStep: 41 },
  { ...voice, max: 2, atStep: 40 },
  { ...voice, atStep: 0 },
  { ...voice, shared: 47, max: 21, atStep: 38, priority: 'bulk' as const, choiceCount: 2 },
];

describe('under random arrivals, lengths, aborts and cache sizes', () => {
  it('ends every request exactly once, with the text of a lone run, and leaks no cell', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { minLength: 1, maxLength: 14 }),
        fc.record({
          cellCount: fc.integer({ min: 132, max: 500 }),
          batchTokenCount: fc.integer({ min: 8, max: 128 }),
          readersApart: fc.boolean(),
          sequenceCount: fc.integer({ min: 7, max: 20 }),
          parallelCount: fc.integer({ min: 1, max: 5 }),
          hostCacheBytes: fc.constantFrom(0, 800, 100_000),
          targetInterTokenMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant('auto' as const)),
          holdPartsMs: fc.constantFrom(0, 10),
          classes: fc.constantFrom(defaultSettings.engine.classes, hastyClasses),
          prefixGranularity: fc.constantFrom('token' as const, 'sequence' as const),
          speculation: fc.constantFrom('off' as const, 'auto' as const, 3),
          repetitive: fc.boolean(),
          flatCost: fc.boolean(),
        }),
        async (arrivals, options) => {
          const harness = createHarness(options);
          let step = 0;
          const last = lastStepOf(arrivals);
          for (;;) {
            await arrive(harness, arrivals, step, (one, index) => ({
              prompt: promptOf(one, index),
              tenant: one.salt,
              priority: one.priority,
              enteredAt: harness.clock.ms,
              choiceCount: one.choiceCount,
            }));
            const worked = harness.engine.step();
            const { usedCellCount, cellCount } = harness.engine.stats();
            // States are not merged, so without ranges the count is a lower bound.
            if (options.prefixGranularity === 'token')
              expect(usedCellCount).toBe(harness.decoder.usedCellCount);
            expect(usedCellCount).toBeLessThanOrEqual(cellCount);
            if (!worked && step > last) break;
            if (++step > 8000) throw new Error('starvation: the engine does not come to rest');
          }
          expect(harness.decoder.widestBatch).toBeLessThanOrEqual(options.batchTokenCount);
          for (const [index, one] of arrivals.entries()) {
            const parts = harness.parts.get(idOf(index)) ?? [];
            const ends = parts.filter((part) => part.type === 'finish' || part.type === 'error');
            expect(ends).toHaveLength(1);
            expect(parts.at(-1)).toBe(ends[0]);
            if (ends[0]?.type === 'error') {
              const isRefused = one.priority === 'voice' && parts.length === 1;
              if (isRefused && ends[0].error.kind !== 'aborted') {
                expect(['unavailable', 'invalid_request']).toContain(ends[0].error.kind);
                continue;
              }
              expect(ends[0].error.kind).toBe('aborted');
              expect(one.abortAfter).not.toBeNull();
              continue;
            }
            for (let choice = 0; choice < one.choiceCount; choice++) {
              const text = parts
                .map((part) => (part.type === 'text-delta' && part.choice === choice ? part.text : ''))
                .join('');
              expect(text).toBe(expectedText(promptOf(one, index), one.max, options.repetitive));
            }
          }
          const { runningCount, queuedCount, usedCellCount, idleCellCount } = harness.engine.stats();
          expect({ runningCount, queuedCount }).toEqual({ runningCount: 0, queuedCount: 0 });
          expect(usedCellCount).toBe(idleCellCount);
        },
      ),
      { numRuns: Number(process.env['NEARFAR_PROPERTY_RUNS'] ?? 300), examples: [[starved, tightBulk]] },
    );
  });
});
