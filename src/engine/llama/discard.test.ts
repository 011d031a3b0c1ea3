import { describe, expect, it } from 'vitest';
import { distance, feed, openTiny, tokensOf } from './testing/open-tiny.ts';

describe.each(['dense', 'sliding'] as const)('tokens taken from the middle of a %s sequence', (kind) => {
  it('leave what follows where it would have come, in one go or in two', async () => {
    const tiny = await openTiny(kind);
    try {
      const context = tiny.context();
      expect(context.canShift).toBe(true);
      const read = tokensOf(120);
      const next = tokensOf(20, 3);
      const after = (sequence: number, discards: readonly (readonly [number, number])[]): Float32Array => {
        feed(context, sequence, read);
        for (const [from, to] of discards) context.discard(sequence, from, to);
        const end = 120 - discards.reduce((sum, [from, to]) => sum + to - from, 0);
        expect(context.sequenceEnd(sequence)).toBe(end);
        const logits = feed(context, sequence, next);
        expect(context.sequenceEnd(sequence)).toBe(end + 20);
        return logits;
      };
      const none = after(0, []);
      const atOnce = after(1, [[4, 64]]);
      const twice = after(2, [
        [4, 34],
        [4, 34],
      ]);
      expect(distance(atOnce, twice)).toBeLessThan(0.02);
      expect(distance(atOnce, none)).toBeGreaterThan(5 * distance(atOnce, twice));
      // The whole of it: the same as a sequence that was never there.
      context.discard(3, 0, feed(context, 3, read).length > 0 ? 120 : 0);
      expect(context.sequenceEnd(3)).toBe(0);
      expect(distance(feed(context, 3, next), feed(context, 4, next))).toBeLessThan(1e-4);
    } finally {
      tiny.close();
    }
  });

  it('must be held, and decoded', async () => {
    const tiny = await openTiny(kind);
    try {
      const context = tiny.context();
      feed(context, 0, tokensOf(10));
      for (const [from, to] of [
        [-1, 4],
        [4, 4],
        [4, 11],
      ] as const) {
        expect(() => {
          context.discard(0, from, to);
        }).toThrow(/cannot be discarded/);
      }
      context.clearBatch();
      context.addToken(10, 10, 0, false);
      expect(() => {
        context.discard(0, 0, 4);
      }).toThrow(/under construction/);
      expect(context.sequenceEnd(0)).toBe(10);
    } finally {
      tiny.close();
    }
  });
});

it('a model that keeps a state says that it cannot, and is never asked to', async () => {
  const tiny = await openTiny('recurrent');
  try {
    const context = tiny.context();
    expect(context.canShift).toBe(false);
    feed(context, 0, tokensOf(10));
    expect(() => {
      context.discard(0, 2, 4);
    }).toThrow(/cannot be shifted/);
  } finally {
    tiny.close();
  }
});
