import { describe, expect, it } from 'vitest';
import type { GenerateCommand } from './protocol.ts';
import { adapterOf, command, createHarness, expectedText, type Harness } from './testing/harness.ts';

/** One token costs one millisecond of the clock; the target is 50 ms, of which the way back takes 4. */
const prompt = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => 1 + ((from + index * 7) % 60));

const endless = { ignoreEndOfGeneration: true };

const ask = (
  harness: Harness,
  id: string,
  tokens: readonly number[],
  elapsedMs = 0,
  more: Partial<GenerateCommand> = {},
) =>
  harness.engine.submit(
    command(id, tokens, {
      ...endless,
      ...more,
      priority: 'voice',
      enteredAt: harness.clock.ms - elapsedMs,
      maxTokenCount: 4,
    }),
  );

const firstPart = (harness: Harness, id: string) => harness.parts.get(id)?.[0];

const run = (harness: Harness, count: number) => {
  for (let step = 0; step < count; step++) harness.engine.step();
};

describe('the class voice', () => {
  it('is answered within its target, and told so beforehand', async () => {
    const harness = createHarness({ cellCount: 500 });
    await ask(harness, 'v', prompt(3, 20));
    harness.engine.step();
    const start = firstPart(harness, 'v');
    expect(start).toMatchObject({ type: 'start' });
    const predicted = start?.type === 'start' ? start.predictedFirstTokenMs : undefined;
    expect(predicted).toBeGreaterThanOrEqual(24);
    expect(predicted).toBeLessThan(30);
    expect(harness.clock.ms).toBe(20);
    expect(harness.engine.stats().classes.voice).toMatchObject({
      firstTokenCount: 1,
      timelyFirstTokenCount: 1,
    });
    run(harness, 10);
    expect(harness.textOf('v')).toBe(expectedText(prompt(3, 20), 4));
  });

  it('refuses a prompt that can never be in time, until its beginning is cached', async () => {
    const harness = createHarness({ cellCount: 500, batchTokenCount: 128 });
    const long = prompt(3, 100);
    await ask(harness, 'v', long);
    expect(firstPart(harness, 'v')).toMatchObject({
      type: 'error',
      error: { kind: 'invalid_request', field: 'x-nearfar-priority' },
    });
    await harness.engine.submit(
      command('before', long.slice(0, 90), { priority: 'interactive', maxTokenCount: 1 }),
    );
    run(harness, 12);
    await ask(harness, 'again', long);
    harness.engine.step();
    expect(firstPart(harness, 'again')).toMatchObject({ type: 'start', cachedTokenCount: 90 });
  });

  it('refuses for now what came too late, says why, and keeps later steps short enough', async () => {
    const harness = createHarness({ cellCount: 2000, batchTokenCount: 64, targetInterTokenMs: 64 });
    await harness.engine.submit(command('long', prompt(9, 900), { ...endless, maxTokenCount: 20 }));
    run(harness, 2);
    expect(harness.decoder.batches.at(-1)).toBe(64);
    // As if it had come right after the last step began.
    await ask(harness, 'late', prompt(3, 20), 63);
    expect(firstPart(harness, 'late')).toMatchObject({
      type: 'error',
      error: { kind: 'unavailable', retryAfterSeconds: 1 },
    });
    const before = harness.decoder.batches.length;
    run(harness, 6);
    const widths = harness.decoder.batches.slice(before);
    expect(Math.max(...widths)).toBeLessThan(50 - 4 - 20);
    expect(Math.min(...widths)).toBeGreaterThan(8);
    await ask(harness, 'now', prompt(31, 20), widths.at(-1));
    harness.engine.step();
    // Alone in its step.
    expect(harness.decoder.batches.at(-1)).toBe(20);
    expect(harness.textOf('now')).toHaveLength(1);
  });

  it('takes the place of bulk, then of default, never of a person; they go on from what they had', async () => {
    const harness = createHarness({
      ...{ parallelCount: 3, cellCount: 1000, batchTokenCount: 200, targetInterTokenMs: 100 },
    });
    // Bulk first: beside the others it would have to save up for its prompt.
    for (const [index, priority] of (['bulk', 'interactive', 'default'] as const).entries()) {
      await harness.engine.submit(
        command(priority, prompt(index * 20, 60), { ...endless, priority, maxTokenCount: 60 }),
      );
      run(harness, 1);
    }
    run(harness, 12);
    for (const id of ['v0', 'v1']) await ask(harness, id, prompt(id === 'v0' ? 7 : 29, 10));
    await ask(harness, 'v2', prompt(50, 10));
    expect(firstPart(harness, 'v2')).toBeUndefined();
    run(harness, 2);
    const { classes } = harness.engine.stats();
    expect([classes.bulk.swapOutCount, classes.default.swapOutCount]).toEqual([1, 1]);
    expect(classes.interactive.swapOutCount).toBe(0);
    run(harness, 400);
    for (const [index, priority] of (['bulk', 'interactive', 'default'] as const).entries())
      expect(harness.textOf(priority).startsWith(expectedText(prompt(index * 20, 60), 60))).toBe(true);
    expect(harness.textOf('bulk')).toHaveLength(60);
    expect(harness.engine.stats().classes.bulk).toMatchObject({ recomputedTokenCount: 0 });
    expect(harness.engine.stats().classes.bulk.resumedTokenCount).toBeGreaterThan(60);
  });

  it('counts the way back as the gateway measured it', async () => {
    const harness = createHarness({ cellCount: 500 });
    await ask(harness, 'near', prompt(3, 20), 0, { deliveryMs: 3 });
    harness.engine.step();
    await ask(harness, 'far', prompt(30, 20), 0, { deliveryMs: 28 });
    harness.engine.step();
    const start = firstPart(harness, 'near');
    expect(start?.type === 'start' && start.predictedFirstTokenMs).toBeLessThan(24);
    expect(firstPart(harness, 'far')).toMatchObject({
      type: 'error',
      error: { kind: 'unavailable', message: expect.stringContaining('28 for the way back') as string },
    });
    // What is told of the answer is what the gateway needs to measure the next one.
    while (harness.engine.step());
    expect(harness.parts.get('near')?.at(-1)).toMatchObject({ timings: { promisedFirstTokenMs: 20 } });
  });

  it('reads what it refused while nobody waits: asked again, it is in time', async () => {
    const harness = createHarness({ cellCount: 500, batchTokenCount: 64 });
    const asked = prompt(3, 30);
    await ask(harness, 'late', asked, 30);
    expect(firstPart(harness, 'late')).toMatchObject({
      error: { kind: 'unavailable', retryAfterSeconds: 1 },
    });
    run(harness, 1);
    expect(harness.clock.ms).toBe(30);
    await ask(harness, 'again', asked, 30);
    harness.engine.step();
    expect(firstPart(harness, 'again')).toMatchObject({ type: 'start', cachedTokenCount: 29 });
    while (harness.engine.step());
    expect(harness.textOf('again')).toBe(expectedText(asked, 4));
    expect(harness.engine.stats().usedCellCount).toBe(harness.decoder.usedCellCount);
  });

  it('reads nothing for one who was refused as soon as somebody else comes', async () => {
    const harness = createHarness({ cellCount: 500, batchTokenCount: 64 });
    await ask(harness, 'late', prompt(3, 30), 30);
    await harness.engine.submit(
      command('person', prompt(9, 5), { priority: 'interactive', maxTokenCount: 2 }),
    );
    run(harness, 1);
    expect(harness.decoder.batches).toEqual([5]);
  });

  it('reads nothing for one who was refused where windows slide: they are of their own sequences only', async () => {
    const window = { windowTokenCount: 64, cellCount: 64, parallelCount: 1, parkingBytes: 10_000 };
    const harness = createHarness({ ...window, adapterCount: 1 });
    await ask(harness, 'late', prompt(3, 20), 30, adapterOf(1));
    expect(firstPart(harness, 'late')).toMatchObject({ error: { kind: 'unavailable' } });
    // Without a request they are not stepped, so that an adapter that was kept for later would be kept for ever.
    await harness.engine.submit(command('next', [1, 2], { ...adapterOf(2), maxTokenCount: 2 }));
    while (harness.engine.step());
    expect(harness.parts.get('next')?.at(-1)?.type).toBe('finish');
    await ask(harness, 'late again', prompt(3, 20), 30, adapterOf(2));
    const { length } = harness.decoder.batches;
    while (harness.engine.step());
    expect(harness.decoder.batches).toHaveLength(length);
  });

  it('reckons with what an adapter costs, measured or not', async () => {
    const harness = createHarness({ cellCount: 500, adapterCount: 2 });
    harness.clock.msPerAdapterToken = 2;
    // Guessed: half as much again as the base.
    await ask(harness, 'unknown', prompt(3, 28), 0, adapterOf(1));
    expect(firstPart(harness, 'unknown')).toMatchObject({ error: { kind: 'unavailable' } });
    await ask(harness, 'short', prompt(3, 10), 0, adapterOf(1));
    for (let index = 0; index < 12; index++) {
      await harness.engine.submit(
        command(`learn${index}`, prompt(index, 20), {
          ...adapterOf(1),
          priority: 'interactive',
          maxTokenCount: 2,
        }),
      );
      while (harness.engine.step());
    }
    await ask(harness, 'known', prompt(40, 18), 0, adapterOf(1));
    harness.engine.step();
    const start = firstPart(harness, 'known');
    expect(start?.type === 'start' && start.predictedFirstTokenMs).toBeGreaterThan(36);
    // Without it the same is quick.
    while (harness.engine.step());
    await ask(harness, 'base', prompt(50, 28));
    harness.engine.step();
    expect(firstPart(harness, 'base')).toMatchObject({ type: 'start' });
  });

  it('never refuses for ever by what is only guessed of an adapter: read once, it is known', async () => {
    const harness = createHarness({ cellCount: 500, batchTokenCount: 64 });
    harness.clock.msPerAdapterToken = 1.1;
    // 30 tokens take 33 ms; 45 are guessed.
    await ask(harness, 'first', prompt(3, 30), 0, adapterOf(1));
    expect(firstPart(harness, 'first')).toMatchObject({ error: { kind: 'unavailable' } });
    while (harness.engine.step());
    await ask(harness, 'again', prompt(9, 30), 0, adapterOf(1));
    harness.engine.step();
    expect(firstPart(harness, 'again')).toMatchObject({ type: 'start' });
  });

  it('is not believed to be slow for ever after a bad minute', async () => {
    const harness = createHarness({ cellCount: 2000, batchTokenCount: 64 });
    harness.clock.slowdown = 5;
    for (let index = 0; index < 12; index++) {
      await ask(harness, `slow${index}`, prompt(index, 20));
      run(harness, 5);
    }
    expect(firstPart(harness, 'slow0')).toMatchObject({ type: 'start' });
    expect(firstPart(harness, 'slow11')).toMatchObject({ error: { kind: 'unavailable' } });
    harness.clock.slowdown = 1;
    harness.clock.ms += 60_000;
    await ask(harness, 'later', prompt(41, 20));
    harness.engine.step();
    expect(firstPart(harness, 'later')).toMatchObject({ type: 'start' });
  });

  describe('ahead of the next turn', () => {
    const asked = prompt(3, 20);
    const foreseen = (answer: string) => [
      ...asked,
      ...Array.from(answer, (character) => character.charCodeAt(0) - 32),
      61,
      62,
      63,
    ];
    const ahead = { foreseePrompt: (_: unknown, answer: string) => Promise.resolve(foreseen(answer)) };
    const settle = () => new Promise((resolve) => setImmediate(resolve));

    it('reads the answer and what the template adds while nobody waits', async () => {
      const harness = createHarness({ cellCount: 500, ...ahead });
      await ask(harness, 'v', asked);
      while (harness.engine.step());
      await settle();
      // The last token of the answer, and three of the template.
      expect(harness.engine.step()).toBe(true);
      expect(harness.decoder.batches.at(-1)).toBe(4);
      const next = [...foreseen(harness.textOf('v')), ...prompt(41, 9)];
      await ask(harness, 'next', next);
      harness.engine.step();
      expect(harness.decoder.batches.at(-1)).toBe(9);
      while (harness.engine.step());
      expect(harness.textOf('next')).toBe(expectedText(next, 4));
    });

    it('reads it beside others who only read, in a step of its own, and not while somebody waits', async () => {
      const harness = createHarness({
        cellCount: 500,
        targetInterTokenMs: 60,
        batchTokenCount: 64,
        ...ahead,
      });
      await harness.engine.submit(
        command('reader', prompt(50, 8), { ...endless, priority: 'interactive', maxTokenCount: 60 }),
      );
      run(harness, 2);
      await ask(harness, 'v', asked);
      while (harness.textOf('v').length < 4) run(harness, 1);
      await settle();
      await harness.engine.submit(command('other', prompt(9, 40), { priority: 'interactive' }));
      run(harness, 1);
      expect(harness.decoder.batches.at(-1)).toBeGreaterThan(4);
      run(harness, 2);
      expect(harness.decoder.batches).toContain(4);
      while (harness.engine.step());
      expect(harness.textOf('reader').startsWith(expectedText(prompt(50, 8), 60))).toBe(true);
    });

    it('follows no answer that has several choices, failed, or was given in another class', async () => {
      const heard: string[] = [];
      const foreseePrompt = (_: unknown, answer: string) => {
        heard.push(answer);
        return Promise.resolve(null);
      };
      const harness = createHarness({ cellCount: 500, foreseePrompt });
      await ask(harness, 'two', asked, 0, { choiceCount: 2 });
      await harness.engine.submit(command('other', prompt(9, 8), { ...endless, maxTokenCount: 4 }));
      while (harness.engine.step());
      await ask(harness, 'gone', asked);
      harness.engine.step();
      harness.engine.abort('gone');
      while (harness.engine.step());
      await settle();
      expect(heard).toEqual([]);
    });
  });
});
