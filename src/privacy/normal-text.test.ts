import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalText, steady } from './normal-text.ts';

describe('the normal form', () => {
  it('takes for steady only what is as it is in NFKC and no mark', () => {
    const isSteady = new RegExp(`^[${steady}]$`, 'u');
    const wrong: string[] = [];
    for (let code = 0; code < 0x110000; code++) {
      const character = String.fromCodePoint(code);
      if (
        isSteady.test(character) &&
        (character.normalize('NFKC') !== character || /\p{M}|\p{Cf}/u.test(character))
      )
        wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it('is what NFKC makes of each character with its marks, and each place has one in the given text', () => {
    const unit = fc.constantFrom(...'aé.ﬁ²①Ａﾊﾞ가\u200b\u0654e\u0301…’😀ñ\u00ad\ufe0f'.split(''));
    fc.assert(
      fc.property(fc.string({ unit }), (given) => {
        const { text, sourceOf } = normalText(given);
        const clusters = given.match(/[^\p{M}]\p{M}*|\p{M}+/gsu) ?? [];
        const wanted = clusters.map((part) => part.normalize('NFKC').replace(/[\u200b\u00ad\ufe0f]/g, ''));
        expect(text).toBe(wanted.join(''));
        let from = 0;
        let at = 0;
        clusters.forEach((part, index) => {
          const normal = wanted[index] ?? '';
          for (let unitAt = 0; unitAt < normal.length; unitAt++)
            expect(sourceOf(at + unitAt)).toBe(from + (normal.length === part.length ? unitAt : 0));
          at += normal.length;
          from += part.length;
        });
        expect(sourceOf(text.length)).toBe(given.length);
      }),
      { numRuns: 1000 },
    );
  });
});
