import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTextReader } from './text-reader.ts';

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('\n', 'a', 'é', '€', '😀', '\uFEFF').map((text) => [...Buffer.from(text)]),
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 }),
  ),
  { maxLength: 12 },
);

it('reads what a TextDecoder reads, however the bytes are cut, and valid or not', () => {
  fc.assert(
    fc.property(
      pieces,
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
      fc.boolean(),
      (parts, cuts, keepsMark) => {
        const bytes = Uint8Array.from(parts.flat());
        const reader = createTextReader(keepsMark);
        let text = '';
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          text += reader.push(bytes.subarray(at, at + size));
          at += size;
        }
        text += reader.end();
        expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: keepsMark }).decode(bytes));
      },
    ),
    { numRuns: 1000 },
  );
});
