import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeDecoder, nextToken } from '../testing/fake-decoder.ts';
import { windowOf } from '../testing/window-model.ts';
import { createSlidingDecoder, type SlidingDecoder } from './sliding-decoder.ts';
import { checkWindow, discardedBefore, discardTokenCount } from './window-layout.ts';

function sliding(windowTokenCount: number, sequenceCount = 1): SlidingDecoder {
  const decoder = createFakeDecoder({
    cellCount: windowTokenCount * sequenceCount,
    batchTokenCount: 32,
    sequenceCount,
  });
  return createSlidingDecoder({ decoder, windowTokenCount, sequenceCount });
}

/** What the fake model says after tokens that came in pieces of these widths. */
function nextAfter(decoder: SlidingDecoder, tokens: readonly number[], widths: readonly number[]): number {
  let at = 0;
  let row = -1;
  for (let step = 0; at < tokens.length; step++) {
    const end = Math.min(tokens.length, at + (widths[step % widths.length] ?? 1));
    decoder.clearBatch();
    for (; at < end; at++) row = decoder.addToken(tokens[at] ?? 0, at, 0, at === end - 1);
    expect(decoder.decode()).toBe('ok');
  }
  const logits = decoder.logits(row);
  return logits.indexOf(Math.max(...logits));
}

const shapes = fc
  .record({ windowTokenCount: fc.integer({ min: 4, max: 40 }), keepTokenCount: fc.nat(20) })
  .filter((shape) => discardTokenCount(shape) >= 1);

describe('a window that slides', () => {
  it('holds the first tokens and the latest ones, however the stream was cut into steps', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(fc.integer({ min: 0, max: 63 }), { minLength: 1, maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 1, maxLength: 5 }),
        (shape, tokens, widths) => {
          const decoder = sliding(shape.windowTokenCount);
          decoder.open(0, shape.keepTokenCount);
          const window = windowOf(tokens, shape);
          expect(nextAfter(decoder, tokens, widths)).toBe(nextToken([...window]));
          expect(decoder.usedCellCount).toBe(window.length);
          expect(decoder.discardedTokenCount).toBe(tokens.length - window.length);
          expect(discardedBefore(shape, tokens.length - 1)).toBe(tokens.length - window.length);
          decoder.close(0);
          expect(decoder.usedCellCount).toBe(0);
        },
      ),
    );
  });

  it('gives logits of the step for every sequence, whether it slid in it or not', () => {
    const shape = { windowTokenCount: 8, keepTokenCount: 2 };
    const decoder = sliding(8, 2);
    decoder.open(0, 2);
    decoder.open(1, 2);
    const long = Array.from({ length: 21 }, (_, index) => index);
    decoder.clearBatch();
    // 21 tokens slide several times within one step; the other sequence takes one token of it.
    for (let at = 0; at < 21; at++) decoder.addToken(long[at] ?? 0, at, 0, at === 20);
    decoder.addToken(9, 0, 1, true);
    expect(decoder.decode()).toBe('ok');
    const top = (row: number): number => decoder.logits(row).indexOf(10);
    expect(top(20)).toBe(nextToken(windowOf(long, shape)));
    expect(top(21)).toBe(nextToken([9]));
    expect(() => decoder.logits(3)).toThrow(RangeError);
  });

  it('refuses what would share, save or misplace cells', () => {
    const decoder = sliding(8);
    decoder.open(0, 2);
    expect(() => {
      decoder.open(0, 2);
    }).toThrow(/not free/);
    expect(() => {
      decoder.copySequence(0, 1, 0, -1);
    }).toThrow(/never shared/);
    expect(() => decoder.saveSequence(0)).toThrow(/never shared/);
    expect(() => decoder.addToken(1, 3, 0, false)).toThrow(/continues at 0/);
    expect(() => {
      checkWindow({ windowTokenCount: 8, keepTokenCount: 7 });
    }).toThrow(/cannot keep 7/);
    const whole = createFakeDecoder({
      cellCount: 8,
      batchTokenCount: 8,
      sequenceCount: 1,
      prefixGranularity: 'sequence',
    });
    expect(() => createSlidingDecoder({ decoder: whole, windowTokenCount: 8, sequenceCount: 1 })).toThrow(
      /cannot shift/,
    );
  });
});
