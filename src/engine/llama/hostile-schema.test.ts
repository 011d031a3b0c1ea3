import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import { createRandom } from '../sampling/random.ts';
import { createGrammarWalk } from './testing/grammar-walk.ts';
import { openTiny, type TinyModel } from './testing/open-tiny.ts';

/**
 * Schemas that somebody sends to do harm. Each is refused, or its grammar is parsed and walked by libllama, which ends
 * the process where a grammar nests too deep; and none takes so long that anybody would notice.
 */

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
});
afterAll(() => {
  tiny.close();
});

const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));
const optional = (count: number) => ({
  type: 'object',
  properties: Object.fromEntries(times(count, (index) => [`p${index}`, { type: 'null' }])),
});
const han = (count: number): string[] => times(count, (index) => String.fromCharCode(0x4e00 + index));
const deep = times(20_000, (index) => index).reduce<unknown>((inner) => [inner], 1);

/** Milliseconds, on a busy machine; without bounds each takes minutes, or the process's life. */
const patience = 10_000;

function compiled(schema: unknown): string | NearfarError {
  try {
    return compileGrammar({ kind: 'json', schema, field: 'schema' }).text;
  } catch (thrown) {
    if (thrown instanceof NearfarError) return thrown;
    throw thrown;
  }
}

describe('refused', () => {
  test.each<[string, unknown, string]>([
    [
      'an enum against a pattern that RegExp takes years for',
      { enum: [`${'a'.repeat(40)}!`], pattern: '^(a+)+$' },
      'no finite',
    ],
    ['a thousand optional properties', optional(1_000), 'more than 300 of its parts'],
    ['repeats of nothing', { type: 'string', pattern: '^((){999999}){999999}$' }, 'it repeats too much'],
    [
      'a class of thousands',
      { type: 'string', pattern: `^(${han(3_000).join('|')})+$` },
      'sets of characters',
    ],
    [
      'a pattern for each option',
      { oneOf: times(60, (index) => ({ type: 'string', pattern: `^${han(60)[index] ?? ''}.{0,600}$` })) },
      '',
    ],
    [
      'many heavy patterns beside enums',
      { allOf: times(50, (index) => ({ enum: ['a'], pattern: `[^a]{${index}}a.{500}` })) },
      '',
    ],
    ['a deep const', { const: deep }, 'const at #/const: nests deeper'],
    ['a deep enum', { enum: [deep] }, 'enum at #/enum: nests deeper'],
    ['a number that is none', JSON.parse('{"const":1e400}') as unknown, 'beyond what a double can hold'],
    [
      'enums without a common value',
      { allOf: [{ enum: times(5_000, (i) => `a${i}`) }, { enum: times(5_000, (i) => `b${i}`) }] },
      'no finite',
    ],
    [
      'lists of lists of options',
      {
        oneOf: times(12, (j) => ({
          allOf: times(6, (i) => ({ oneOf: [{ const: j }, { const: i + 100 }] })),
        })),
      },
      '',
    ],
  ])('%s', (_, schema, message) => {
    const startedAt = performance.now();
    const problem = compiled(schema);
    expect(performance.now() - startedAt).toBeLessThan(patience);
    expect(problem).toMatchObject({ kind: 'invalid_request' });
    expect((problem as NearfarError).message).toContain(message);
  });
});

describe('taken, and survived', () => {
  test.each<[string, unknown]>([
    ['as many optional properties as go', optional(295)],
    ['an enum of prefixes', { enum: times(900, (index) => 'a'.repeat(index)) }],
    [
      'two long strings that differ at their ends',
      { enum: ['x', 'y'].map((end) => 'x'.repeat(400_000) + end) },
    ],
    ['groups in groups', { type: 'string', pattern: `^${'(a'.repeat(90)}${')?'.repeat(90)}$` }],
    [
      'a property name against such a pattern',
      { type: 'object', properties: { [`${'a'.repeat(40)}!`]: {} }, patternProperties: { '^(a+)+$': {} } },
    ],
    ['bounds next to nothing', { type: 'number', minimum: 1e-300, maximum: 2e-300 }],
    ['bounds beyond reach', { type: 'number', minimum: -1e308, maximum: 1e308 }],
    ['a length beyond reach', { type: 'string', maxLength: 2 ** 31 }],
    [
      'lists without end of lists without end',
      { type: 'array', items: { type: 'array', maxItems: 1e9 }, maxItems: 1e9 },
    ],
    [
      'options of five hundred values',
      { oneOf: times(30, (j) => ({ enum: times(300, (i) => `v${j}-${i}`) })) },
    ],
    ['counted members', { ...optional(140), minProperties: 40 }],
  ])('%s', async (_, schema) => {
    const startedAt = performance.now();
    const text = compiled(schema);
    expect(text).toBeTypeOf('string');
    await tiny.model.grammars.prepare(text as string);
    createGrammarWalk(tiny.model, { text: text as string, triggers: null }).walk(createRandom(1), 20);
    expect(performance.now() - startedAt).toBeLessThan(patience);
  });
});
