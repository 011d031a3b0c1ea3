import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStopText } from './stop-text.ts';

test('the text ends before the first stop string, however it is cut', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 20 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, list) => {
      const stop = createStopText(list);
      const shown = pieces.map((piece) => stop.push(piece)).join('') + stop.end();
      const whole = pieces.join('');
      const found = list.map((one) => whole.indexOf(one)).filter((at) => at >= 0);
      if (found.length === 0) {
        expect([shown, stop.hit]).toEqual([whole, null]);
      } else {
        // It is noticed at the piece that completes it: another may begin earlier and end later.
        expect(stop.hit).not.toBeNull();
        expect(whole.startsWith(shown + (stop.hit ?? ''))).toBe(true);
        expect(list.some((one) => shown.includes(one))).toBe(false);
      }
    }),
  );
});
