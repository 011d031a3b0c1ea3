import { expect, it } from 'vitest';
import { countedTokenCount } from './counted-tokens.ts';

const gram = [1, 2, 3, 4, 5, 6, 7, 8];
const never = () => false;

it('counts all of a text without loops, and up to its end', () => {
  const tokens = Array.from({ length: 50 }, (_, index) => index);
  expect(countedTokenCount(tokens, never)).toBe(50);
  expect(countedTokenCount(tokens, (token) => token === 20)).toBe(20);
});

it('stops where an 8-gram begins for the third time', () => {
  expect(countedTokenCount([...gram, 90, ...gram, 91], never)).toBe(18);
  expect(countedTokenCount([...gram, 90, ...gram, 91, ...gram, 92], never)).toBe(18);
  // A loop of one token: its 8-gram is there three times after ten.
  expect(countedTokenCount(Array<number>(30).fill(7), never)).toBe(2);
});
