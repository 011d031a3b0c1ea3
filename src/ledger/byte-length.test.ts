import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countedByteLength } from './byte-length.ts';

test('bytes are counted as Node counts them, lone surrogates too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0xd800, max: 0xdfff }), (text, unit) => {
      const whole = `${text}é😀${String.fromCharCode(unit)}x`;
      expect(countedByteLength(whole)).toBe(Buffer.byteLength(whole));
    }),
  );
});
