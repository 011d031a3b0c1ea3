import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSavedWriter, readSaved } from './saved-sequence.ts';

describe('a saved sequence', () => {
  it('gives back its range and pieces, and refuses to be cut off', () => {
    const pieceList = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(pieceList, fc.nat(1000), fc.nat(1000), fc.nat(200), (pieces, from, length, cut) => {
        const writer = createSavedWriter({ from, to: from + length });
        for (const piece of pieces) writer.room(piece.length).set(piece);
        const data = writer.finish();
        const saved = readSaved(data);
        expect(saved.range).toEqual({ from, to: from + length });
        expect(saved.pieces.map((piece) => [...piece])).toEqual(pieces.map((piece) => [...piece]));
        if (cut > 0)
          expect(() => readSaved(data.subarray(0, Math.max(0, data.length - cut)))).toThrow(RangeError);
      }),
    );
  });
});
