import { describe, expect, it } from 'vitest';
import { command, createHarness } from './testing/harness.ts';

describe('a pool in which cells ran out though the count said they would not', () => {
  it.each([
    ['interactive', 'bulk'],
    ['default', 'bulk'],
    ['voice', 'bulk'],
    ['voice', 'default'],
  ] as const)('lets %s in before what is left of %s has ended', async (coming, staying) => {
    const harness = createHarness({ cellCount: 200, parallelCount: 3 });
    const { decoder, engine } = harness;
    const long = { priority: staying, maxTokenCount: 80, ignoreEndOfGeneration: true } as const;
    await engine.submit(command('one', [1, 2, 3], long));
    await engine.submit(command('two', [4, 5, 6], long));
    for (let step = 0; step < 5; step++) engine.step();
    const decode = decoder.decode.bind(decoder);
    decoder.decode = () => {
      decoder.decode = decode;
      return 'no_cells';
    };
    engine.step();
    expect(engine.stats()).toMatchObject({ runningCount: 1, queuedCount: 1 });
    const short = { priority: coming, maxTokenCount: 3, enteredAt: harness.clock.ms };
    await engine.submit(command('next', [7, 8], short));
    for (let step = 0; step < 12; step++) engine.step();
    expect(harness.parts.get('next')?.at(-1)?.type).toBe('finish');
    expect(harness.parts.get('one')?.at(-1)?.type).not.toBe('finish');
    while (engine.step());
    for (const [id, prompt] of [
      ['one', [1, 2, 3]],
      ['two', [4, 5, 6]],
    ] as const) {
      const alone = createHarness();
      await alone.engine.submit(command(id, prompt, long));
      while (alone.engine.step());
      expect(harness.textOf(id)).toBe(alone.textOf(id));
    }
  });
});
