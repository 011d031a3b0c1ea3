import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf, usableSequenceCount } from './sequence-memory.ts';

describe('pieces of a saved range', () => {
  it('cover it in order, and none is longer than the window or crosses a multiple of it', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), fc.integer({ min: 1, max: 300 }), (from, length, window) => {
        const pieces = piecesOf({ from, to: from + length }, window);
        let at = from;
        for (const piece of pieces) {
          expect(piece.from).toBe(at);
          expect(piece.to).toBeGreaterThan(piece.from);
          expect(Math.floor(piece.from / window)).toBe(Math.floor((piece.to - 1) / window));
          at = piece.to;
        }
        expect(at).toBe(from + length);
      }),
    );
  });

  it('are one without a window, and none of nothing', () => {
    expect(piecesOf({ from: 3, to: 900 }, 0)).toEqual([{ from: 3, to: 900 }]);
    expect(piecesOf({ from: 0, to: 0 }, 0)).toEqual([]);
  });
});

describe('usable sequence ids', () => {
  it('leave room for the scratch id and the guards', () => {
    expect(usableSequenceCount(256, 0, false)).toBe(255);
    expect(usableSequenceCount(20, 0, false)).toBe(20);
    expect(2 * usableSequenceCount(256, 512, false) + 1).toBeLessThanOrEqual(256);
    expect(usableSequenceCount(256, 0, true)).toBe(256);
  });
});
