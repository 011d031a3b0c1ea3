import { describe, expect, it } from 'vitest';
import { command, createHarness } from './testing/harness.ts';

describe('a pool in which cells ran out though the count said they would not', () => {
  it('lets a person in before the bulk that is left has ended', async () => {
    const harness = createHarness({ cellCount: 200, parallelCount: 3 });
    const { decoder, engine } = harness;
    const bulk = { priority: 'bulk', maxTokenCount: 80, ignoreEndOfGeneration: true } as const;
    await engine.submit(command('one', [1, 2, 3], bulk));
    await engine.submit(command('two', [4, 5, 6], bulk));
    for (let step = 0; step < 5; step++) engine.step();
    const decode = decoder.decode.bind(decoder);
    decoder.decode = () => {
      decoder.decode = decode;
      return 'no_cells';
    };
    engine.step();
    expect(engine.stats()).toMatchObject({ runningCount: 1, queuedCount: 1 });
    await engine.submit(command('person', [7, 8], { priority: 'interactive', maxTokenCount: 3 }));
    for (let step = 0; step < 8; step++) engine.step();
    expect(harness.parts.get('person')?.at(-1)?.type).toBe('finish');
    expect(harness.parts.get('one')?.at(-1)?.type).not.toBe('finish');
    while (engine.step());
    for (const [id, prompt] of [
      ['one', [1, 2, 3]],
      ['two', [4, 5, 6]],
    ] as const) {
      const alone = createHarness();
      await alone.engine.submit(command(id, prompt, bulk));
      while (alone.engine.step());
      expect(harness.textOf(id)).toBe(alone.textOf(id));
    }
  });
});
