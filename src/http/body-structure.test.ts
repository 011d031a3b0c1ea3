import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundBrackets, boundStructure, writtenMemberCount } from './body-structure.ts';

it('takes what fits, and lists of numbers of any length', () => {
  boundStructure({ messages: Array.from({ length: 1_000 }, () => ({ role: 'user', content: 'x' })) });
  boundStructure({ prompt: Array.from({ length: 200_000 }, (_, index) => index) });
  boundStructure(null);
});

it.each([
  ['a long list', Array.from({ length: 11 }, () => 'x')],
  ['a wide object', Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 0]))],
  ['many lists', Array.from({ length: 4 }, () => ['x', 'y'])],
])('refuses %s', (_name, body) => {
  expect(() => {
    boundStructure(body, 10);
  }).toThrow('more than the 10 values');
});

it('survives any depth', () => {
  let nested: unknown = 'x';
  for (let depth = 0; depth < 200_000; depth++) nested = [nested];
  expect(() => {
    boundStructure(nested);
  }).toThrow('more than');
});

it('counts brackets before parsing, but not those in texts', () => {
  const bound = (json: string) => () => {
    boundBrackets(new TextEncoder().encode(json), 10);
  };
  expect(bound('['.repeat(11))).toThrow('more than the 10 values');
  expect(bound('[{"a":'.repeat(6))).toThrow('more than the 10 values');
  expect(bound(JSON.stringify({ code: '[[[[{{{{\\"[[[[{{{{"\\' }))).not.toThrow();
});

it('counts members as they are written, and as they are read', () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false, depthSize: 'medium' }), fc.boolean(), (json, isSpaced) => {
      const value = JSON.parse(json) as unknown;
      const text = JSON.stringify(value, null, isSpaced ? 2 : 0);
      expect(writtenMemberCount(text)).toBe(boundStructure(value));
    }),
  );
  const twice = '{"a" : "x\\\\", "b":{"c":1,"c":"\\":"}, "a":[{"d":":"}]}';
  expect(writtenMemberCount(twice)).toBe(6);
  expect(boundStructure(JSON.parse(twice))).toBe(4);
});
