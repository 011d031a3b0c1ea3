import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSigns } from './counted-signs.ts';

/** What the words are, as a pattern says it. */
const patterns = {
  condition:
    /\b(?:if|unless|suppose|assum(?:e[ds]?|ing)|given|provided|when(?:ever)?|let|whether|would|could|should|might)\b/gi,
  clause:
    /\b(?:which|that|who|whom|whose|because|since|although|though|while|whereas|after|before|until|where|and|but|or)\b/gi,
  pronoun: /\b(?:he|she|they|him|her|his|their|them|it|its|i|my|me|we|our|you|your)\b/gi,
  comparison: /\b(?:more|less|than|double[ds]?|triple[ds]?|increase[ds]?|proportional)\b/gi,
};

const pieces = fc.constantFrom(
  ...'If unless assumes ASSUMING whenever which that Whom and or I my it its more doubled triples proportional proportionally'.split(
    ' ',
  ),
  ...[
    ' ',
    ' ',
    ', ',
    '. ',
    '-',
    '_',
    "'",
    '’',
    'é',
    '3',
    '(',
    '))',
    '[{',
    '}',
    '?',
    ';',
    ':',
    '\n',
    'ſ',
    'K',
    'x',
  ],
);

describe('signs', () => {
  test('are those that patterns find, however words are put together', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (list) => {
        const text = list.join('');
        const signs = readSigns(text);
        for (const [kind, pattern] of Object.entries(patterns)) {
          expect(signs.words[kind as keyof typeof patterns]).toBe(text.match(pattern)?.length ?? 0);
        }
        expect(signs.commaCount).toBe(text.match(/[,;:]/g)?.length ?? 0);
        expect(signs.questionCount).toBe(text.match(/\?/g)?.length ?? 0);
      }),
      { numRuns: 500 },
    );
  });

  test('brackets within brackets are counted, and ones that were never opened are not', () => {
    expect(readSigns('a) (b [c] {d (e)})').nesting).toBe(3);
    expect(readSigns('no brackets at all').nesting).toBe(0);
  });
});
