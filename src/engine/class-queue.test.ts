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

/** Of each tenant, as a client sees it: prompts when they are admitted, tokens as they come. */
function serviceOf(harness: Harness, tenant: string): number {
  let service = 0;
  for (const [id, parts] of harness.parts) {
    if (!id.startsWith(`${tenant}-`)) continue;
    for (const part of parts) {
      if (part.type === 'start')
        service += weightOf({ inputTokenCount: part.promptTokenCount, outputTokenCount: 0 });
      if (part.type === 'text-delta') service += weightOf({ inputTokenCount: 0, outputTokenCount: 1 });
    }
  }
  return service;
}

describe('fair share', () => {
  // The bound of fair-share.ts: any number of tenants, arrivals at any time, over every interval that both were backlogged.
  it('gives backlogged tenants service that differs by at most 2U, over any interval', async () => {
    const tenantNames = ['a', 'b', 'c'] as const;
    const sizes = fc.record({
      promptTokenCount: fc.integer({ min: 4, max: 60 }),
      maxTokenCount: fc.integer({ min: 1, max: 30 }),
    });
    const burst = fc.record({
      tenant: fc.constantFrom(...tenantNames),
      atStep: fc.integer({ min: 0, max: 250 }),
      count: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(sizes, sizes, sizes),
        fc.array(burst, { minLength: 2, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (ofTenants, bursts, parallelCount) => {
          const harness = createHarness({
            ...{ parallelCount, cellCount: 600, queueLimit: 10_000, hostCacheBytes: 0 },
          });
          let count = 0;
          const pending = new Map<string, string[]>(tenantNames.map((name) => [name, []]));
          const submit = async (tenant: (typeof tenantNames)[number]) => {
            const { promptTokenCount, maxTokenCount } =
              ofTenants[tenantNames.indexOf(tenant)] ?? ofTenants[0];
            const id = `${tenant}-${count++}`;
            const tokens = prompt(count * 11, promptTokenCount);
            // A salt each: what a cache serves is charged less, and the bound is for what is computed.
            const more = { ...endless, tenant, salt: id, maxTokenCount };
            await harness.engine.submit(command(id, tokens, more));
            pending.get(tenant)?.push(id);
          };
          const longest = Math.max(...ofTenants.map((one) => one.promptTokenCount));
          const most = Math.max(...ofTenants.map((one) => one.maxTokenCount));
          const bound = 2 * weightOf({ inputTokenCount: longest, outputTokenCount: parallelCount * most });
          const isBacklogged = (tenant: string) =>
            pending.get(tenant)?.some((id) => harness.parts.get(id) === undefined) === true;
          const pairs = [['a', 'b'], ['a', 'c'], ['b', 'c']] as const; // prettier-ignore
          /** Of each pair, the least and most by which one was ahead since both are backlogged. */
          const spans = pairs.map(() => ({ low: Infinity, high: -Infinity }));
          for (let step = 0; step < 400; step++) {
            for (const one of bursts) {
              for (let index = 0; one.atStep === step && index < one.count; index++) await submit(one.tenant);
            }
            harness.engine.step();
            const served = { a: 0, b: 0, c: 0 };
            for (const name of tenantNames) served[name] = serviceOf(harness, name);
            for (const [index, [left, right]] of pairs.entries()) {
              const span = spans[index];
              if (span === undefined) continue;
              if (!isBacklogged(left) || !isBacklogged(right)) {
                Object.assign(span, { low: Infinity, high: -Infinity });
                continue;
              }
              const difference = served[left] - served[right];
              span.low = Math.min(span.low, difference);
              span.high = Math.max(span.high, difference);
              expect(span.high - span.low).toBeLessThanOrEqual(bound);
            }
          }
        },
      ),
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
