import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFakeDecoder } from '../testing/fake-decoder.ts';
import { command, createHarness, type Harness } from '../testing/harness.ts';
import { streamedText } from '../testing/window-model.ts';
import type { WirePart } from '../protocol.ts';
import { createSinksEngine } from './sinks-engine.ts';
import { createSlidingDecoder } from './sliding-decoder.ts';
import { discardedBefore } from './window-layout.ts';

const endsOf = (parts: readonly WirePart[] | undefined): readonly WirePart[] =>
  (parts ?? []).filter(({ type }) => type === 'finish' || type === 'error');

const read = (tokens: readonly number[], keepTokenCount = 4) => ({ tokens, omitted: null, keepTokenCount });

describe('the step loop over windows that slide', () => {
  it('writes past the window, and reads prompts that are longer than it', async () => {
    const harness = createHarness({ windowTokenCount: 32, cellCount: 64, parallelCount: 2 });
    const shape = { windowTokenCount: 32, keepTokenCount: 4 };
    const prompt = Array.from({ length: 150 }, (_, index) => (index * 7) % 63);
    await harness.engine.submit(command('long', prompt, { maxTokenCount: 300 }), read(prompt));
    await harness.engine.submit(command('short', [1, 2, 3], { maxTokenCount: 300 }), read([1, 2, 3]));
    while (harness.engine.step());
    expect(harness.textOf('long')).toBe(streamedText(prompt, 300, shape));
    expect(harness.textOf('short')).toBe(streamedText([1, 2, 3], 300, shape));
    const finish = harness.parts.get('long')?.at(-1);
    const start = harness.parts.get('long')?.[0];
    expect(start).toMatchObject({
      overflow: { policy: 'sinks', omittedTokenCount: discardedBefore(shape, 149) },
    });
    expect(finish).toMatchObject({ type: 'finish', usage: { promptTokenCount: 150, cachedTokenCount: 0 } });
    expect(harness.decoder.usedCellCount).toBe(0);
  });

  it('keeps nothing that a second prompt could share, even the same one', async () => {
    const harness = createHarness({ windowTokenCount: 64, cellCount: 64, parallelCount: 1 });
    for (const id of ['a', 'b']) {
      await harness.engine.submit(command(id, [5, 6, 7, 8, 9], { maxTokenCount: 90 }), read([5, 6, 7, 8, 9]));
      while (harness.engine.step());
    }
    expect(harness.textOf('a')).toBe(harness.textOf('b'));
    expect(harness.parts.get('b')?.[0]).toMatchObject({ type: 'start', cachedTokenCount: 0 });
    expect(harness.engine.stats()).toMatchObject({ usedCellCount: 0, sharedCellCount: 0, idleCellCount: 0 });
  });

  it('lets a person take the place of bulk, which goes on where it was', async () => {
    const shape = { windowTokenCount: 32, keepTokenCount: 4 };
    const bulk = Array.from({ length: 90 }, (_, index) => 1 + ((index * 7) % 60));
    for (const parkingBytes of [10_000, 100]) {
      const harness = createHarness({ windowTokenCount: 32, cellCount: 32, parallelCount: 1, parkingBytes });
      await harness.engine.submit(
        command('bulk', bulk, { priority: 'bulk', maxTokenCount: 200, ignoreEndOfGeneration: true }),
        read(bulk),
      );
      for (let step = 0; step < 60; step++) harness.engine.step();
      // Its text waits for more of it.
      const before = harness.engine.stats().completionTokenCount;
      expect(before).toBeGreaterThan(20);
      await harness.engine.submit(
        command('person', [1, 2, 3], { priority: 'interactive', maxTokenCount: 9 }),
        read([1, 2, 3]),
      );
      const from = harness.clock.ms;
      while (harness.textOf('person') === '' && harness.engine.step());
      const waited = harness.clock.ms - from;
      while (harness.engine.step());
      const { bulk: figures } = harness.engine.stats().classes;
      // Where no window fits host memory, bulk would have to read its stream anew, and stays.
      const fits = parkingBytes === 10_000;
      expect(figures.swapOutCount).toBe(fits ? 1 : 0);
      expect(figures.recomputedTokenCount).toBe(0);
      if (fits) expect(figures.resumedTokenCount).toBeGreaterThan(bulk.length + before - 2);
      if (fits) expect(waited).toBeLessThan(10);
      else expect(waited).toBeGreaterThan(100);
      expect(harness.textOf('person')).toBe(streamedText([1, 2, 3], 9, shape));
      expect(harness.textOf('bulk')).toHaveLength(200);
      expect(harness.decoder.usedCellCount).toBe(0);
      expect(harness.parkedBytes()).toBe(0);
    }
  });

  it('ends every request exactly once, with the right text, whatever comes, goes or is late', async () => {
    const request = fc.record({
      at: fc.nat(60),
      promptLength: fc.integer({ min: 1, max: 120 }),
      maxTokenCount: fc.integer({ min: 1, max: 150 }),
      choiceCount: fc.integer({ min: 1, max: 2 }),
      keepTokenCount: fc.integer({ min: 0, max: 12 }),
      abortAt: fc.option(fc.nat(120), { nil: null }),
      deadlineAt: fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: null }),
      priority: fc.constantFrom('interactive' as const, 'default' as const, 'bulk' as const),
      tokenLimit: fc.integer({ min: 3, max: 32 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 250, 2_000),
        async (requests, parkingBytes) => {
          const windowTokenCount = 26;
          const harness = createHarness({ windowTokenCount, cellCount: 78, parallelCount: 3, parkingBytes });
          const prompts = requests.map(({ promptLength }, index) =>
            Array.from({ length: promptLength }, (_, at) => 1 + ((at * (index + 3)) % 60)),
          );
          for (let step = 0; step <= 60 || harness.engine.step(); step++) {
            if (step <= 60) harness.engine.step();
            for (const [index, one] of requests.entries()) {
              harness.window?.limitBatch(one.tokenLimit);
              const id = String(index);
              const prompt = prompts[index]!;
              if (one.at === step) {
                const { maxTokenCount, choiceCount, deadlineAt, priority, keepTokenCount } = one;
                const asked = command(id, prompt, { maxTokenCount, choiceCount, deadlineAt, priority });
                await harness.engine.submit(asked, read(prompt, keepTokenCount));
              }
              if (one.abortAt === step) harness.engine.abort(id);
            }
            expect(step).toBeLessThan(5_000);
          }
          for (const [index, one] of requests.entries()) checkAnswer(harness, index, one, prompts[index]!);
          expect(harness.decoder.usedCellCount).toBe(0);
          expect(harness.parkedBytes()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  function checkAnswer(
    harness: Harness,
    index: number,
    asked: {
      readonly maxTokenCount: number;
      readonly choiceCount: number;
      readonly keepTokenCount: number;
      readonly at: number;
      readonly abortAt: number | null;
    },
    prompt: readonly number[],
  ): void {
    const parts = harness.parts.get(String(index));
    expect(endsOf(parts)).toHaveLength(1);
    const last = parts?.at(-1);
    expect(last?.type === 'finish' || last?.type === 'error').toBe(true);
    if (last?.type !== 'finish') return;
    const shape = { windowTokenCount: 26, keepTokenCount: asked.keepTokenCount };
    const expected = streamedText(prompt, asked.maxTokenCount, shape);
    for (let choice = 0; choice < asked.choiceCount; choice++) {
      const text = (parts ?? [])
        .map((part) => (part.type === 'text-delta' && part.choice === choice ? part.text : ''))
        .join('');
      expect(text).toBe(expected);
    }
    expect(last.usage.promptTokenCount).toBe(prompt.length);
    expect(last.usage.overflow?.policy).toBe('sinks');
  }
});

describe('the context of windows', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  function createSinks(fails = false) {
    vi.useFakeTimers();
    const parts: { readonly id: string; readonly part: WirePart }[] = [];
    const opened = { count: 0, closed: 0 };
    const sinks = createSinksEngine({
      open: () => {
        if (fails) throw new RangeError('no memory');
        opened.count++;
        const decoder = createFakeDecoder({ cellCount: 32, batchTokenCount: 32, sequenceCount: 1 });
        return {
          decoder: createSlidingDecoder({ decoder, windowTokenCount: 32, sequenceCount: 1 }),
          close: () => {
            opened.closed++;
          },
        };
      },
      createLoop: (decoder, emit) => createHarness({ over: decoder, emit, parallelCount: 1 }).engine,
      idleMs: 1_000,
      emit: (emitted) => {
        parts.push(...emitted);
      },
      wake: () => undefined,
    });
    return { sinks, parts, opened };
  }

  it('opens at the first request, closes after a while without one, and keeps its counts', async () => {
    const { sinks, parts, opened } = createSinks();
    expect(sinks.step(32)).toBe(false);
    expect(sinks.stats).toMatchObject({ sinksCellCount: 0 });
    for (const id of ['a', 'b']) {
      await sinks.submit(command(id, [1, 2, 3], { maxTokenCount: 80 }), read([1, 2, 3]));
      expect(sinks.stats.sinksCellCount).toBe(32);
      vi.advanceTimersByTime(5_000);
      expect(sinks.hasWork).toBe(true);
      while (sinks.step(32));
      expect(sinks.hasWork).toBe(false);
      vi.advanceTimersByTime(999);
      expect(opened.closed).toBe(opened.count - 1);
      vi.advanceTimersByTime(1);
      expect(opened.closed).toBe(opened.count);
      expect(sinks.stats.sinksCellCount).toBe(0);
    }
    expect(opened).toEqual({ count: 2, closed: 2 });
    expect(parts.filter(({ part }) => part.type === 'finish')).toHaveLength(2);
    expect(sinks.loopStats?.promptTokenCount).toBe(6);
    expect(sinks.stats.sinksDiscardedTokenCount).toBeGreaterThan(0);
  });

  it('answers with the reason where it cannot be opened', async () => {
    const { sinks, parts } = createSinks(true);
    await sinks.submit(command('a', [1]), read([1]));
    expect(parts).toMatchObject([{ id: 'a', part: { type: 'error', error: { kind: 'internal' } } }]);
    expect(sinks.hasWork).toBe(false);
  });
});
