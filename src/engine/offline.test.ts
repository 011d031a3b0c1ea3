import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { command, createHarness, expectedText, type Harness } from './testing/harness.ts';

const promptOf = (index: number, length: number): number[] =>
  Array.from({ length }, (_, at) => 1 + ((index * 7 + at * 3) % 60));

/** Steps until nothing waits and nothing runs; the clock goes on while the engine waits for more to come. */
function runToRest({ engine, clock }: Harness, onStep: () => void = () => undefined): void {
  for (let step = 0; step < 8000; step++) {
    if (!engine.step()) clock.ms += 10;
    onStep();
    const { runningCount, queuedCount } = engine.stats();
    if (runningCount + queuedCount === 0) return;
  }
  throw new Error('the engine does not come to rest');
}

describe('static batching', () => {
  it('reads all prompts of a group, then decodes in lockstep; nobody joins before the last has ended', async () => {
    const harness = createHarness({ batching: 'static', parallelCount: 3, cellCount: 400 });
    const lengths = [12, 3, 6, 4, 4];
    for (const [index, max] of lengths.entries()) {
      await harness.engine.submit(
        command(`r${index}`, promptOf(index, 20), { maxTokenCount: max, ignoreEndOfGeneration: true }),
      );
    }
    const widths: number[] = [];
    let seen = 0;
    runToRest(harness, () => {
      const { stepCount, lastBatchTokenCount } = harness.engine.stats();
      if (stepCount > seen) widths.push(lastBatchTokenCount);
      seen = stepCount;
    });
    // Three prompts of 20 in batches of 32; each prompt's last row draws its first token, so 11, 2 and 5 are left.
    const first = [32, 28, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1];
    const second = [32, 8, 2, 2, 2];
    expect(widths).toEqual([...first, ...second]);
  });

  it('waits for the group to be full, but not for ever', async () => {
    const harness = createHarness({ batching: 'static', parallelCount: 4 });
    await harness.engine.submit(command('a', promptOf(1, 5)));
    expect(harness.engine.step()).toBe(false);
    harness.clock.ms += 100;
    expect(harness.engine.step()).toBe(true);
    await harness.engine.submit(command('b', promptOf(2, 5)));
    runToRest(harness);
    expect(harness.textOf('b')).toBe(expectedText(promptOf(2, 5), 20));
  });
});

describe('offline, under random lengths, arrivals, aborts and cells', () => {
  it('ends every request once, with the text of a lone run, and frees every cell', async () => {
    const arrival = fc.record({
      atStep: fc.nat(30),
      length: fc.integer({ min: 1, max: 60 }),
      max: fc.integer({ min: 1, max: 30 }),
      abortAfter: fc.option(fc.nat(20), { freq: 5 }),
    });
    const setting = fc.record({
      batching: fc.constantFrom('static' as const, 'continuous' as const),
      prefixGranularity: fc.constantFrom('none' as const, 'token' as const, 'sequence' as const),
      parallelCount: fc.integer({ min: 1, max: 5 }),
      cellCount: fc.integer({ min: 100, max: 400 }),
      batchTokenCount: fc.integer({ min: 8, max: 100 }),
      speculation: fc.constantFrom('off' as const, 3),
      hostCacheBytes: fc.constantFrom(0, 100_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 12 }), setting, async (all, options) => {
        const harness = createHarness({ ...options, sequenceCount: 12 });
        const { engine, decoder, parts } = harness;
        let step = 0;
        const act = async (): Promise<void> => {
          for (const [index, one] of all.entries()) {
            if (one.atStep === step) {
              await engine.submit(
                command(`r${index}`, promptOf(index, one.length), {
                  maxTokenCount: one.max,
                  priority: 'bulk',
                }),
              );
            }
            if (one.abortAfter !== null && one.atStep + one.abortAfter === step) engine.abort(`r${index}`);
          }
        };
        for (; step <= 50; step++) {
          await act();
          if (!engine.step()) harness.clock.ms += 10;
        }
        runToRest(harness);
        all.forEach((one, index) => {
          const own = parts.get(`r${index}`) ?? [];
          const ends = own.filter(({ type }) => type === 'finish' || type === 'error');
          expect(ends).toHaveLength(1);
          expect(own.at(-1)).toBe(ends[0]);
          if (ends[0]?.type === 'error') expect(ends[0].error.kind).toBe('aborted');
          else expect(harness.textOf(`r${index}`)).toBe(expectedText(promptOf(index, one.length), one.max));
        });
        const { usedCellCount, idleCellCount } = engine.stats();
        expect(usedCellCount).toBe(idleCellCount);
        if (options.prefixGranularity === 'none') expect(decoder.usedCellCount).toBe(0);
      }),
      { numRuns: Number(process.env['NEARFAR_PROPERTY_RUNS'] ?? 200) },
    );
  });
});
