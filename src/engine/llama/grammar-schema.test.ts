import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import { jsonText } from '../grammar/json-text.ts';
import { createRandom } from '../sampling/random.ts';
import { createGrammarWalk, type GrammarWalk } from './testing/grammar-walk.ts';
import { openTiny, type TinyModel } from './testing/open-tiny.ts';

/** The whole way of a schema, with the real library: schema -> GBNF -> libllama -> texts -> ajv. */

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
  await tiny.model.grammars.prepare('root ::= "x"');
});
afterAll(() => {
  tiny.close();
});

const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 10 });
formatsPlugin.default(ajv);

function grammarOf(schema: unknown): GrammarWalk {
  return createGrammarWalk(tiny.model, compileGrammar({ kind: 'json', schema, field: 'schema' }));
}

/** Walks a schema's grammar and has ajv check every text. Returns the values. */
function walked(schema: unknown, count: number, seed = 1): unknown[] {
  const grammar = grammarOf(schema);
  const validate = ajv.compile(schema as AnySchema);
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const text = grammar.walk(random);
    expect(text, JSON.stringify(schema)).not.toBeNull();
    const value: unknown = JSON.parse(text ?? '');
    expect(validate(value), `${JSON.stringify(schema)} gave ${text ?? ''}`).toBe(true);
    return value;
  });
}

interface Pair {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

const names = fc.constantFrom('a', 'b', 'name', 'na', 'ü"\\', 'id');

/** A schema and a value that fits it, made together. */
const { pair } = fc.letrec<{ pair: Pair; leaf: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    lists(tie('pair')),
    objects(tie('pair')),
    wrapped(tie('pair')),
  ),
  leaf: fc.oneof(strings(), integers(), numbers(), enums(), patterns(), simple()),
}));

function strings(): fc.Arbitrary<Pair> {
  return fc
    .tuple(fc.string({ unit: 'binary', maxLength: 80 }), fc.nat(3), fc.nat(150), fc.boolean(), fc.boolean())
    .map(([value, less, more, hasMin, hasMax]) => {
      const length = Array.from(value).length;
      return {
        value,
        schema: {
          type: 'string',
          ...(hasMin ? { minLength: Math.max(0, length - less) } : {}),
          ...(hasMax ? { maxLength: length + more } : {}),
        },
      };
    });
}

function integers(): fc.Arbitrary<Pair> {
  return fc
    .tuple(
      fc.integer(),
      fc.nat(5000),
      fc.nat(5000),
      fc.constantFrom('both', 'low', 'high', 'none', 'exclusive'),
    )
    .map(([value, less, more, kind]) => {
      const bounds = {
        both: { minimum: value - less, maximum: value + more },
        low: { minimum: value - less },
        high: { maximum: value + more },
        none: {},
        exclusive: { exclusiveMinimum: value - less - 1, exclusiveMaximum: value + more + 0.5 },
      };
      return { value, schema: { type: 'integer', ...bounds[kind] } };
    });
}

function numbers(): fc.Arbitrary<Pair> {
  const decimal = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.constantFrom(1, 10, 100, 1000));
  return fc
    .tuple(decimal, fc.nat(500), fc.nat(500), fc.constantFrom('both', 'low', 'high', 'none', 'exclusive'))
    .map(([[digits, scale], less, more, kind]) => {
      const value = digits / scale;
      const [low, high] = [(digits - less) / scale, (digits + more) / scale];
      const bounds = {
        both: { minimum: low, maximum: high },
        low: { minimum: low },
        high: { maximum: high },
        none: {},
        exclusive: {
          exclusiveMinimum: (digits - less - 1) / scale,
          exclusiveMaximum: (digits + more + 1) / scale,
        },
      };
      return { value, schema: { type: 'number', ...bounds[kind] } };
    });
}

function enums(): fc.Arbitrary<Pair> {
  const values = fc.array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 5 });
  return fc.tuple(values, fc.nat(), fc.boolean()).map(([list, index, isConst]) => {
    // -0 is 0 in JSON.
    const clean: unknown[] = JSON.parse(JSON.stringify(list)) as unknown[];
    const value = clean[index % clean.length];
    return { value, schema: isConst ? { const: value } : { enum: clean } };
  });
}

function patterns(): fc.Arbitrary<Pair> {
  const known = fc.constantFrom(
    ['^[a-z]{2,4}$', 'abc'],
    ['\\d+', 'page 12 of'],
    ['^(?:foo|ba[rz])+', 'foobarx'],
    ['^[^"\\\\]*\\s$', 'two words\n'],
    ['(^$)|(^\\+[1-9]\\d{6,14}$)', '+4915112345678'],
    ['x$', 'max'],
    ['^\\u00e9?.\\ud83d\\ude00', 'éa😀'],
    ['[\\w.-]+@[\\w-]+', 'mail a-b@c please'],
  );
  return known.map(([pattern, value]) => ({ value, schema: { type: 'string', pattern } }));
}

function simple(): fc.Arbitrary<Pair> {
  return fc.constantFrom<Pair>(
    { schema: { type: 'null' }, value: null },
    { schema: { type: 'boolean' }, value: false },
    { schema: { type: ['integer', 'string', 'null'] }, value: 'x' },
    { schema: {}, value: { any: [1, 'two', null, { three: true }] } },
    { schema: { type: 'object' }, value: { free: 1 } },
    { schema: { type: 'string', format: 'date' }, value: '2024-02-29' },
    { schema: { type: 'string', format: 'date-time' }, value: '2026-11-24T20:41:31.5Z' },
  );
}

function lists(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const prefix = fc.array(inner, { maxLength: 2 });
  return fc
    .tuple(prefix, inner, fc.nat(4), fc.nat(1), fc.nat(90), fc.boolean())
    .map(([first, rest, count, less, more, isBounded]) => {
      const value = [...first.map((item) => item.value), ...new Array<unknown>(count).fill(rest.value)];
      return {
        value,
        schema: {
          type: 'array',
          items: rest.schema,
          ...(first.length > 0 ? { prefixItems: first.map((item) => item.schema) } : {}),
          ...(isBounded ? { minItems: Math.max(0, value.length - less), maxItems: value.length + more } : {}),
        },
      };
    });
}

function objects(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const member = fc.record({ name: names, inner, isRequired: fc.boolean(), isGiven: fc.boolean() });
  const members = fc.uniqueArray(member, { selector: ({ name }) => name, maxLength: 5 });
  return fc.tuple(members, fc.option(inner, { nil: null }), fc.nat(2)).map(([list, extra, less]) => {
    const given = list.filter(({ isRequired, isGiven }) => isRequired || isGiven);
    const entries = given.map(({ name, inner: { value } }): [string, unknown] => [name, value]);
    if (extra !== null) entries.push(['extra', extra.value], ['namely', extra.value]);
    const requiredCount = list.filter(({ isRequired }) => isRequired).length;
    const count = Math.max(requiredCount, entries.length - less);
    return {
      value: Object.fromEntries(entries),
      schema: {
        type: 'object',
        properties: Object.fromEntries(list.map(({ name, inner: { schema } }) => [name, schema])),
        required: list.filter(({ isRequired }) => isRequired).map(({ name }) => name),
        additionalProperties: extra === null ? false : extra.schema,
        minProperties: extra === null ? count : Math.min(count, requiredCount + 1),
        maxProperties: entries.length + less,
      },
    };
  });
}

function wrapped(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(inner, inner, fc.constantFrom('anyOf', 'allOf', '$ref')).map(([one, other, kind]) => {
    if (kind === 'anyOf') return { value: one.value, schema: { anyOf: [other.schema, one.schema] } };
    if (kind === 'allOf') return { value: one.value, schema: { allOf: [one.schema, {}], title: 'both' } };
    const schema = {
      type: 'array',
      items: { oneOf: [{ type: 'null' }, { allOf: [one.schema], type: typeName(one.value) }] },
    };
    const isNull = one.value === null;
    return isNull ? one : { value: [one.value, null], schema };
  });
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

describe('random schemas', () => {
  test('every walk of the grammar validates, and a value that fits is accepted', () => {
    fc.assert(
      fc.property(pair, fc.integer(), ({ schema, value }, seed) => {
        const validate = ajv.compile(schema);
        // What cannot be enforced is refused, never let through.
        if (!validate(value))
          throw new Error(`the test made a value that does not fit: ${JSON.stringify(schema)}`);
        walked(schema, 3, seed);
        expect(
          grammarOf(schema).accepts(jsonText(value)),
          `${JSON.stringify(schema)} ${jsonText(value)}`,
        ).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
