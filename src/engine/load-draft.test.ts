import { expect, it } from 'vitest';
import { vocabularyDifference } from './load-draft.ts';

const vocabulary = (...words: readonly string[]) => ({
  tokenCount: words.length,
  spelling: (token: number | null) => (token === null ? '' : (words[token] ?? '')),
});
const padded = (count: number) =>
  vocabulary('a', 'b', ...Array.from({ length: count }, (_, index) => `<unused${index}>`));

it('takes a vocabulary that differs by padding only', () => {
  expect(vocabularyDifference(vocabulary('a', 'b'), vocabulary('a', 'b'))).toBeNull();
  expect(vocabularyDifference(padded(128), padded(0))).toBeNull();
});

it('says where two vocabularies part', () => {
  expect(vocabularyDifference(vocabulary('a', 'b'), vocabulary('a', 'c'))).toBe(
    'token 1 is "b" in one and "c" in the other',
  );
  expect(vocabularyDifference(padded(129), padded(0))).toBe('131 tokens and 2');
});
