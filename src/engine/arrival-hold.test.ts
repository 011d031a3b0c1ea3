import { describe, expect, it } from 'vitest';
import { createArrivalHold } from './arrival-hold.ts';
import { command, createHarness } from './testing/harness.ts';

describe('the hold for who arrives', () => {
  it('lasts until the prompt has been read, and for a moment at most', () => {
    let time = 100;
    const hold = createArrivalHold({ now: () => time, wake: () => undefined });
    expect(hold.isHeld()).toBe(false);
    hold.arrive('a');
    hold.arrive('b');
    expect(hold.isHeld()).toBe(true);
    hold.arrived('a');
    time += 4;
    expect(hold.isHeld()).toBe(true);
    time += 2;
    expect(hold.isHeld()).toBe(false);
    hold.arrive('c');
    hold.arrived('c');
    expect(hold.isHeld()).toBe(false);
  });

  it('lets no step begin while the prompt of a person is read, and does not wait for a program', async () => {
    const harness = createHarness();
    await harness.engine.submit(command('running', [1, 2, 3], { ignoreEndOfGeneration: true }));
    harness.engine.step();
    for (const [priority, from, widths] of [
      ['interactive', 5, []],
      ['default', 15, [2]],
    ] as const) {
      const before = harness.decoder.batches.length;
      const submitted = harness.engine.submit(
        command(priority, [from, from + 1, from + 2, from + 3], { priority }),
      );
      expect(harness.engine.step()).toBe(priority === 'default');
      expect(harness.decoder.batches.slice(before)).toEqual(widths);
      await submitted;
      harness.engine.step();
      // The prompt is in the very next step.
      expect(harness.decoder.batches.at(-1)).toBeGreaterThanOrEqual(4);
    }
  });
});
