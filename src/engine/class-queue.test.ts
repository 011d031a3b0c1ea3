import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightOf } from './fair-share.ts';
import { command, createHarness, expectedText, type Harness } from './testing/harness.ts';

const prompt = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => 1 + ((from + index * 7) % 60));
const endless = { ignoreEndOfGeneration: true };

const hasEnded = (harness: Harness, id: string) =>
  harness.parts.get(id)?.some((part) => part.type === 'finish') ?? false;

/** Steps until it is so. @throws if that does not come about */
function stepUntil(harness: Harness, isSo: () => boolean, limit = 5000): void {
  for (let step = 0; !isSo(); step++) {
    if (step > limit) throw new Error('it never came about');
    harness.engine.step();
  }
}

describe('classes in the step loop', () => {
  it('serves a person at once where bulk holds all slots, and resumes bulk from what it had computed', async () => {
    const harness = createHarness({ parallelCount: 2, cellCount: 1000, batchTokenCount: 200 });
    for (const id of ['b0', 'b1']) {
      const tokens = prompt(id === 'b0' ? 3 : 31, 150);
      await harness.engine.submit(command(id, tokens, { ...endless, priority: 'bulk', maxTokenCount: 60 }));
    }
    for (let step = 0; step < 12; step++) harness.engine.step();
    const computedBefore = harness.decoder.batches.reduce((sum, count) => sum + count, 0);
    await harness.engine.submit(
      command('person', prompt(11, 20), { ...endless, priority: 'interactive', maxTokenCount: 5 }),
    );
    harness.engine.step();
    expect(harness.textOf('person')).toHaveLength(1);
    expect(harness.engine.stats().preemptionCount).toBe(1);
    stepUntil(harness, () => ['b0', 'b1', 'person'].every((id) => hasEnded(harness, id)));
    const computed = harness.decoder.batches.reduce((sum, count) => sum + count, 0) - computedBefore;
    // The person's 25, what was left of the two answers, and a handful for taking up again: no prompt once more.
    expect(computed).toBeLessThan(25 + 2 * 60);
    const calm = createHarness({ parallelCount: 2, cellCount: 1000, batchTokenCount: 200 });
    await calm.engine.submit(
      command('b1', prompt(31, 150), { ...endless, priority: 'bulk', maxTokenCount: 60 }),
    );
    stepUntil(calm, () => hasEnded(calm, 'b1'));
    expect(harness.textOf('b1')).toBe(calm.textOf('b1'));
  });

  it('never lets bulk or default starve behind people without end', async () => {
    const classes = {
      voice: { firstTokenMs: 5, interTokenMs: 5 },
      interactive: { firstTokenMs: 10, interTokenMs: 5 },
      default: { firstTokenMs: 200, interTokenMs: 5 },
      bulk: { firstTokenMs: 400, interTokenMs: 50 },
    };
    const harness = createHarness({ parallelCount: 1, cellCount: 500, classes });
    const lower = ['bulk', 'default'] as const;
    for (const priority of lower) {
      await harness.engine.submit(
        command(priority, prompt(5, 30), { ...endless, priority, maxTokenCount: 20 }),
      );
    }
    let personCount = 0;
    for (let step = 0; !lower.every((id) => hasEnded(harness, id)); step++) {
      expect(step).toBeLessThan(3000);
      // Somebody always waits.
      while (harness.engine.stats().queuedCount < 4) {
        const id = `person-${personCount++}`;
        await harness.engine.submit(command(id, prompt(personCount, 10), { priority: 'interactive' }));
      }
      harness.engine.step();
    }
    expect(personCount).toBeGreaterThan(10);
    expect(hasEnded(harness, 'person-0')).toBe(true);
  });

  it('leaves half of the queue to others when bulk floods it', async () => {
    const harness = createHarness({ parallelCount: 1, queueLimit: 4 });
    for (let index = 0; index < 8; index++) {
      await harness.engine.submit(command(`b${index}`, prompt(index, 10), { priority: 'bulk' }));
    }
    await harness.engine.submit(command('person', prompt(50, 10), { priority: 'interactive' }));
    const refused = [...harness.parts].filter(([, parts]) => parts[0]?.type === 'error').map(([id]) => id);
    expect(refused).toEqual(['b3', 'b4', 'b5', 'b6', 'b7']);
  });
});

describe('fair share', () => {
  it('keeps what two backlogged tenants get near each other', async () => {
    const tenant = fc.record({
      promptTokenCount: fc.integer({ min: 2, max: 60 }),
      maxTokenCount: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(tenant, tenant, fc.integer({ min: 1, max: 4 }), async (a, b, parallelCount) => {
        const cellCount = 500;
        const harness = createHarness({ parallelCount, cellCount, queueLimit: 10_000, hostCacheBytes: 0 });
        const tenants = { a, b };
        let count = 0;
        const submit = async (name: 'a' | 'b') => {
          const { promptTokenCount, maxTokenCount } = tenants[name];
          const tokens = [
            1 + (count % 60),
            1 + (Math.floor(count / 60) % 60),
            ...prompt(count * 11, promptTokenCount - 2),
          ];
          await harness.engine.submit(
            command(`${name}-${count++}`, tokens, {
              ...endless,
              tenant: name,
              salt: `${count}`,
              maxTokenCount,
            }),
          );
        };
        // A flood of one tenant, then the other comes: both wait from here on.
        for (let index = 0; index < 60; index++) await submit('a');
        for (let index = 0; index < 10; index++) harness.engine.step();
        for (let index = 0; index < 60; index++) await submit('b');
        const served = (name: string) => {
          let service = 0;
          for (const [id, parts] of harness.parts) {
            if (!id.startsWith(`${name}-`)) continue;
            for (const part of parts) {
              if (part.type === 'start')
                service += weightOf({ inputTokenCount: part.promptTokenCount, outputTokenCount: 0 });
              if (part.type === 'text-delta')
                service += weightOf({ inputTokenCount: 0, outputTokenCount: 1 });
            }
          }
          return service;
        };
        const before = { a: served('a'), b: served('b') };
        const isWaiting = (name: string) =>
          [...Array(count).keys()].some(
            (index) =>
              harness.parts.get(`${name}-${index}`) === undefined &&
              (name === 'a' ? index < 60 : index >= 60),
          );
        const longest = Math.max(a.promptTokenCount, b.promptTokenCount);
        const answers = parallelCount * Math.max(a.maxTokenCount, b.maxTokenCount);
        const bound =
          2 *
          Math.max(
            weightOf({ inputTokenCount: longest, outputTokenCount: 0 }),
            weightOf({ inputTokenCount: 0, outputTokenCount: answers }),
          );
        // What was under way of the flood when the other came is service of its own.
        const slack = weightOf({ inputTokenCount: parallelCount * longest, outputTokenCount: answers });
        for (let step = 0; step < 400 && isWaiting('a') && isWaiting('b'); step++) {
          harness.engine.step();
          const difference = served('a') - before.a - (served('b') - before.b);
          expect(Math.abs(difference)).toBeLessThanOrEqual(bound + slack);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('gives a tenant that comes late its share at once, and no credit for having been away', async () => {
    const harness = createHarness({ parallelCount: 1, cellCount: 500 });
    for (let index = 0; index < 10; index++) {
      await harness.engine.submit(command(`a${index}`, prompt(index, 20), { tenant: 'a' }));
    }
    stepUntil(harness, () => hasEnded(harness, 'a4'));
    for (let index = 0; index < 5; index++) {
      await harness.engine.submit(command(`b${index}`, prompt(40 + index, 20), { tenant: 'b' }));
    }
    stepUntil(harness, () => hasEnded(harness, 'b1'));
    expect(hasEnded(harness, 'a9')).toBe(false);
    expect(hasEnded(harness, 'a6')).toBe(true);
    expect(harness.textOf('b0')).toBe(expectedText(prompt(40, 20), 20));
  });
});
