import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8After, type Utf8State } from './utf8-state.ts';

/** Bytes that are likely to be nearly right. */
const bytes = fc.array(
  fc.constantFrom(0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5),
  {
    maxLength: 6,
  },
);

test('agrees with Node on what is UTF-8, however the bytes are cut', () => {
  fc.assert(
    fc.property(bytes, fc.nat(6), (list, cut) => {
      const first = utf8After(0, Uint8Array.from(list.slice(0, cut)));
      const state: Utf8State | null =
        first === null ? null : utf8After(first, Uint8Array.from(list.slice(cut)));
      expect(state === 0).toBe(isUtf8(Uint8Array.from(list)));
    }),
    { numRuns: 5_000 },
  );
});

test('a begun character is no mistake', () => {
  const text = new TextEncoder().encode('aé€😀');
  for (let cut = 0; cut <= text.length; cut++) expect(utf8After(0, text.subarray(0, cut))).not.toBeNull();
});
