import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDetokenizer } from './detokenizer.ts';

/** Cuts bytes into pieces; token i is the i-th. */
function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return borders.slice(1).map((border, index) => bytes.slice(borders[index], border));
}

function detokenize(pieces: readonly Uint8Array[]): { text: string; parts: string[] } {
  const detokenizer = createDetokenizer((token) => pieces[token]!);
  const parts = pieces.map((_, token) => detokenizer.push(token));
  parts.push(detokenizer.flush());
  return { text: parts.join(''), parts };
}

const cuts = fc.array(fc.nat(), { maxLength: 30 });

describe('createDetokenizer', () => {
  it('gives the same text however it is cut, in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), cuts, (text, places) => {
        const result = detokenize(piecesOf(Buffer.from(text.toWellFormed()), places));
        expect(result.text).toBe(text.toWellFormed());
        for (const part of result.parts) {
          expect(part.isWellFormed()).toBe(true);
          expect(part.includes('\uFFFD') && !text.includes('\uFFFD')).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('replaces what is no UTF-8 as a decoder of the whole would, and knows when bytes are pending', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xf0, 0x9f, 0x98, 0x80, 0xe2, 0xed, 0xa0),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), cuts, (numbers, places) => {
        const bytes = Uint8Array.from(numbers);
        const whole = new TextDecoder('utf-8', { ignoreBOM: true });
        expect(detokenize(piecesOf(bytes, places)).text).toBe(whole.decode(bytes));

        const detokenizer = createDetokenizer(() => bytes);
        detokenizer.push(0);
        expect(detokenizer.hasPending()).toBe(detokenizer.flush() !== '');
        expect(detokenizer.hasPending()).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('holds a character until its last byte', () => {
    const bytes = Buffer.from('a😀b');
    const pieces = [...bytes].map((value) => Uint8Array.of(value));
    expect(detokenize(pieces).parts).toEqual(['a', '', '', '', '😀', 'b', '']);
  });

  it('shows an unfinished character as U+FFFD at the end and can go on', () => {
    const pieces = [Uint8Array.of(0xe2, 0x82), Uint8Array.of(0x61)];
    const detokenizer = createDetokenizer((token) => pieces[token]!);
    expect(detokenizer.push(0)).toBe('');
    expect(detokenizer.flush()).toBe('\uFFFD');
    expect(detokenizer.push(1)).toBe('a');
  });
});
