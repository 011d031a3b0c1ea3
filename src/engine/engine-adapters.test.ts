import { setImmediate as turnOver } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorities } from '../chat/request.ts';
import { defaultSettings } from '../config/schema.ts';
import { adapterOf, command, createHarness, expectedText, type Harness } from './testing/harness.ts';

const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + (index % 50));

/** Steps to the end; requests that waited for a place join in between. */
async function drain(harness: Harness, limit = 5000): Promise<void> {
  for (let count = 0; count < limit; count++) {
    if (harness.engine.step()) continue;
    await turnOver();
    if (!harness.engine.step()) return;
  }
  throw new Error('the engine does not come to rest');
}

const startOf = (harness: Harness, id: string) => harness.parts.get(id)?.[0];
const lastOf = (harness: Harness, id: string) => harness.parts.get(id)?.at(-1);

describe('adapters in the step loop', () => {
  it('answer each with their own, together with the model alone, and never in one batch', async () => {
    const harness = createHarness({ cellCount: 1000 });
    for (const content of [0, 1, 2]) {
      await harness.engine.submit(command(`a${content}`, range(1, 40), adapterOf(content)));
      await harness.engine.submit(command(`b${content}`, range(5, 30), adapterOf(content)));
    }
    await drain(harness);
    for (const content of [0, 1, 2]) {
      expect(harness.textOf(`a${content}`)).toBe(expectedText(range(1, 40), 20, false, content));
      expect(harness.textOf(`b${content}`)).toBe(expectedText(range(5, 30), 20, false, content));
    }
    expect(new Set(harness.decoder.batchAdapters)).toEqual(new Set([0, 1, 2]));
    expect(harness.engine.stats().adapterSwitchCount).toBeGreaterThan(4);
  });

  it('share nothing with each other or with the model, and say their own name', async () => {
    const harness = createHarness({ cellCount: 1000 });
    for (const [id, content] of [
      ['base', 0],
      ['one', 1],
      ['two', 2],
      ['again', 1],
    ] as const) {
      await harness.engine.submit(command(id, range(1, 40), adapterOf(content)));
      await drain(harness);
    }
    const starts = ['base', 'one', 'two', 'again'].map((id) => startOf(harness, id));
    expect(starts).toMatchObject([
      { model: 'fake', cachedTokenCount: 0 },
      { model: 'adapter 1', cachedTokenCount: 0 },
      { model: 'adapter 2', cachedTokenCount: 0 },
      { model: 'adapter 1', cachedTokenCount: 39 },
    ]);
  });

  it('leave memory for another, the one used longest ago first, and come back', async () => {
    const harness = createHarness({ adapterCount: 1, cellCount: 1000 });
    for (const content of [1, 2, 1]) {
      const id = `${content} ${harness.parts.size}`;
      await harness.engine.submit(command(id, range(1, 20), adapterOf(content)));
      await drain(harness);
      expect(harness.textOf(id)).toBe(expectedText(range(1, 20), 20, false, content));
    }
  });

  it('wait for a place behind those who came before, and can be cancelled meanwhile', async () => {
    const harness = createHarness({ adapterCount: 1, cellCount: 1000 });
    const endless = { maxTokenCount: 60, ignoreEndOfGeneration: true };
    await harness.engine.submit(command('holder', range(1, 10), { ...adapterOf(1), ...endless }));
    void harness.engine.submit(command('waiter', range(1, 10), adapterOf(2)));
    void harness.engine.submit(command('behind', range(1, 10), adapterOf(1)));
    void harness.engine.submit(command('cancelled', range(1, 10), adapterOf(2)));
    await turnOver();
    harness.engine.step();
    expect(harness.engine.stats()).toMatchObject({ runningCount: 1, queuedCount: 3 });
    harness.engine.abort('cancelled');
    await drain(harness);
    expect(lastOf(harness, 'cancelled')).toMatchObject({ error: { kind: 'aborted' } });
    expect(harness.textOf('waiter')).toBe(expectedText(range(1, 10), 20, false, 2));
    expect(harness.textOf('behind')).toBe(expectedText(range(1, 10), 20, false, 1));
  });

  it('are refused with the figures where they can never fit', async () => {
    const harness = createHarness();
    const { adapter } = adapterOf(1);
    const large = { ...adapterOf(1), adapter: adapter === null ? null : { ...adapter, byteCount: 2000 } };
    await harness.engine.submit(command('large', range(1, 10), large));
    expect(lastOf(harness, 'large')).toMatchObject({ type: 'error', error: { kind: 'unavailable' } });
  });
});

const arrival = fc.record({
  content: fc.integer({ min: 0, max: 3 }),
  family: fc.integer({ min: 1, max: 2 }),
  shared: fc.integer({ min: 0, max: 60 }),
  own: fc.integer({ min: 1, max: 30 }),
  max: fc.integer({ min: 1, max: 40 }),
  atStep: fc.integer({ min: 0, max: 40 }),
  abortAfter: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 4 }),
  priority: fc.constantFrom(...priorities),
  choiceCount: fc.integer({ min: 1, max: 2 }),
});

type Arrival = typeof arrival extends fc.Arbitrary<infer One> ? One : never;

const promptOf = (one: Arrival, index: number) => [
  ...Array.from({ length: one.shared }, (_, at) => (one.family * 7 + at * one.family) % 64),
  ...Array.from({ length: one.own }, (_, at) => (index * 13 + at * 5) % 64),
];

const hasty = {
  voice: { firstTokenMs: 10_000, interTokenMs: null },
  interactive: { firstTokenMs: 10, interTokenMs: 4 },
  default: { firstTokenMs: 30, interTokenMs: 8 },
  bulk: { firstTokenMs: 60, interTokenMs: 20 },
};

it('under random arrivals and aborts every answer is that of a lone run with its adapter', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrival, { minLength: 1, maxLength: 12 }),
      fc.record({
        cellCount: fc.integer({ min: 132, max: 500 }),
        batchTokenCount: fc.integer({ min: 8, max: 128 }),
        readersApart: fc.boolean(),
        sequenceCount: fc.integer({ min: 7, max: 20 }),
        parallelCount: fc.integer({ min: 1, max: 5 }),
        hostCacheBytes: fc.constantFrom(0, 800, 100_000),
        targetInterTokenMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant('auto' as const)),
        classes: fc.constantFrom(defaultSettings.engine.classes, hasty),
        prefixGranularity: fc.constantFrom('token' as const, 'sequence' as const),
        speculation: fc.constantFrom('off' as const, 'auto' as const, 3),
        repetitive: fc.boolean(),
        adapterCount: fc.integer({ min: 1, max: 3 }),
      }),
      async (arrivals, options) => {
        const harness = createHarness(options);
        const due = arrivals.map((one, index) => ({ ...one, index, id: `r${index}` }));
        const last = Math.max(...due.map((one) => one.atStep + (one.abortAfter ?? 0)));
        for (let step = 0; ; step++) {
          for (const one of due) {
            if (one.atStep === step) {
              const { max: maxTokenCount, priority, choiceCount } = one;
              const more = { ...adapterOf(one.content), maxTokenCount, priority, choiceCount };
              void harness.engine.submit(command(one.id, promptOf(one, one.index), more));
            }
            if (one.abortAfter !== null && one.atStep + one.abortAfter === step) harness.engine.abort(one.id);
          }
          await turnOver();
          const worked = harness.engine.step();
          if (!worked && step > last && harness.engine.stats().queuedCount === 0) break;
          if (step > 8000) throw new Error('starvation: the engine does not come to rest');
        }
        for (const one of due) {
          const parts = harness.parts.get(one.id) ?? [];
          const ends = parts.filter((part) => part.type === 'finish' || part.type === 'error');
          expect(ends).toHaveLength(1);
          if (ends[0]?.type === 'error') {
            const kinds = [
              'aborted',
              ...(one.priority === 'voice' ? ['unavailable', 'invalid_request'] : []),
            ];
            expect(kinds).toContain(ends[0].error.kind);
            continue;
          }
          for (let choice = 0; choice < one.choiceCount; choice++) {
            const text = parts
              .map((part) => (part.type === 'text-delta' && part.choice === choice ? part.text : ''))
              .join('');
            expect(text).toBe(
              expectedText(promptOf(one, one.index), one.max, options.repetitive, one.content),
            );
          }
        }
        const { runningCount, queuedCount, usedCellCount, idleCellCount } = harness.engine.stats();
        expect({ runningCount, queuedCount }).toEqual({ runningCount: 0, queuedCount: 0 });
        expect(usedCellCount).toBe(idleCellCount);
      },
    ),
    { numRuns: Number(process.env['NEARFAR_PROPERTY_RUNS'] ?? 150) },
  );
});
