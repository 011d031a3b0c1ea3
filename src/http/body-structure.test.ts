import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundBrackets, boundStructure, hasTwins } from './body-structure.ts';

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

// None with a backslash: V8 may take one for another then, as the test below has it.
const keys = fc.constantFrom('a', 'b', '__proto__', '"', ':', 'é');
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.string(), fc.constant('\\":'), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('tree')), { maxLength: 4 }).map((members) => ({ members })),
  ),
}));

interface Written {
  readonly json: string;
  readonly hasTwins: boolean;
}

/** JSON by hand, for only so a member can stand there twice. */
function written(value: unknown, space: string): Written {
  if (Array.isArray(value)) {
    const items = value.map((item) => written(item, space));
    return {
      json: `[${items.map(({ json }) => json).join(`,${space}`)}]`,
      hasTwins: items.some((item) => item.hasTwins),
    };
  }
  if (typeof value !== 'object' || value === null) return { json: JSON.stringify(value), hasTwins: false };
  const { members } = value as { members: readonly (readonly [string, unknown])[] };
  const inner = members.map(([name, one]) => ({ name, ...written(one, space) }));
  return {
    json: `{${space}${inner.map(({ name, json }) => `${JSON.stringify(name)}${space}:${json}`).join(',')}}`,
    hasTwins:
      new Set(members.map(([name]) => name)).size < members.length || inner.some((one) => one.hasTwins),
  };
}

it('finds a member that stands there twice, wherever, and no other', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom('', ' ', '\n\t'), (value, space) => {
      const { json, hasTwins: isTwin } = written(value, space);
      expect(hasTwins(json, JSON.parse(json)), json).toBe(isTwin);
    }),
    { numRuns: 500 },
  );
});

it('finds a member that was read under another name', () => {
  expect(hasTwins('{"\\u006e":8}', { '\\': 8 })).toBe(true);
  expect(hasTwins('{"\\u006e":8}', { n: 8 })).toBe(false);
  expect(hasTwins('{"\\"":{},"\\"":0}', { '"': {}, '\\': 0 })).toBe(true);
});
