import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import { createRandom } from '../sampling/random.ts';
import { createGrammarWalk } from './testing/grammar-walk.ts';
import { openTiny, type TinyModel } from './testing/open-tiny.ts';

/**
 * Any schema at all, with keywords thrown together as nobody would: what the compiler takes, its grammar keeps to in the
 * eyes of ajv; what it does not take is refused by name. (grammar-schema.test.ts has schemas with a value that fits.)
 */

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
});
afterAll(() => {
  tiny.close();
});

const ajv = new Ajv2020({ strict: false });
formatsPlugin.default(ajv);

type Schema = Readonly<Record<string, unknown>> | boolean;

const size = fc.integer({ min: 0, max: 4 });
const bound = fc.oneof(fc.integer({ min: -30, max: 30 }), fc.constantFrom(-1.5, 0.25, 2.75, 1e3, 1e-7));
const name = fc.constantFrom('a', 'b', 'ab', 'k1', 'é');
const pattern = fc.constantFrom('^a', 'b$', '^[a-c]+$', '\\d', '^(k\\d|é)$', '^.{2,3}$', '[^x]', 'a|b');
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, 3, -2.5, 'a', 'ab', '', 'é', '2024-02-29', [], {}),
  fc.constantFrom<unknown>([1], ['a', 2], { a: 1 }, { a: 'a', b: null }, { ab: [] }),
);
const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');

/** Some of the keywords, few of them at once: most combinations let nothing through. */
function some(keywords: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Schema> {
  const one = fc.oneof(
    ...Object.entries(keywords).map(([keyword, arbitrary]) => fc.tuple(fc.constant(keyword), arbitrary)),
  );
  return fc.array(one, { maxLength: 3 }).map((chosen) => Object.fromEntries(chosen));
}

const { schema } = fc.letrec<{ schema: Schema; leaf: Schema }>((tie) => {
  const inner = tie('schema');
  const list = fc.array(inner, { minLength: 1, maxLength: 3 });
  const withType = (types: fc.Arbitrary<unknown>, keywords: Record<string, fc.Arbitrary<unknown>>) =>
    fc.tuple(some(keywords), fc.option(types, { nil: undefined })).map(([own, stated]) => ({
      ...(own as object),
      ...(stated === undefined ? {} : { type: stated }),
    }));
  const numbers = withType(fc.constantFrom<unknown>('number', 'integer', ['integer', 'null']), {
    minimum: bound,
    maximum: bound,
    exclusiveMinimum: bound,
    exclusiveMaximum: bound,
    multipleOf: fc.constantFrom(1, 1, 10, 10, 100, 0.5, 3),
  });
  const strings = withType(fc.constantFrom<unknown>('string', ['string', 'number']), {
    minLength: size,
    maxLength: size,
    pattern,
    format: fc.constantFrom('date', 'uuid', 'ipv4', 'time', 'email', 'hostname', 'duration', 'byte'),
  });
  const arrays = withType(fc.constant('array'), {
    items: inner,
    prefixItems: list,
    minItems: size,
    maxItems: size,
    uniqueItems: fc.constantFrom(false, false, false, true),
  });
  const objects = withType(fc.constantFrom<unknown>('object', ['object', 'null']), {
    properties: fc.dictionary(name, inner, { maxKeys: 3 }),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    additionalProperties: inner,
    unevaluatedProperties: fc.oneof(fc.boolean(), inner),
    patternProperties: fc.dictionary(pattern, inner, { minKeys: 1, maxKeys: 1 }),
    propertyNames: fc.oneof(strings, fc.constant({ enum: ['a', 'b'] })),
    minProperties: fc.integer({ min: 0, max: 2 }),
    maxProperties: size,
  });
  const combined = fc
    .tuple(
      fc.oneof(tie('leaf'), objects),
      some({ allOf: list, anyOf: list, oneOf: list, $ref: fc.constantFrom('#/$defs/one', '#/$defs/two') }),
    )
    .map(([one, other]) => (typeof one === 'boolean' ? one : { ...one, ...(other as object) }));
  return {
    leaf: fc.oneof(
      { weight: 3, arbitrary: numbers },
      { weight: 3, arbitrary: strings },
      {
        weight: 1,
        arbitrary: fc
          .oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 }))
          .map((own) => ({ type: own })),
      },
      { weight: 1, arbitrary: fc.array(value, { minLength: 1, maxLength: 4 }).map((own) => ({ enum: own })) },
      { weight: 1, arbitrary: value.map((own) => ({ const: own })) },
      { weight: 1, arbitrary: fc.boolean() },
    ),
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'medium' },
      tie('leaf'),
      { weight: 2, arbitrary: arrays },
      { weight: 4, arbitrary: objects },
      { weight: 3, arbitrary: combined },
    ),
  };
});

const documents = fc.record({ schema, one: schema, two: schema }).map(({ schema: own, one, two }) => ({
  ...(typeof own === 'boolean' ? { allOf: [own] } : own),
  $defs: { one, two },
}));

/** A grammar's text, or `null` where the schema was refused. */
function compiled(document: unknown): string | null {
  try {
    return compileGrammar({ kind: 'json', schema: document, field: 'schema' }).text;
  } catch (thrown) {
    if (!(thrown instanceof NearfarError) || thrown.kind !== 'invalid_request') throw thrown;
    expect(thrown.message).toMatch(/^schema(: | is too complex: )/);
    return null;
  }
}

/** `null` where ajv follows a `$ref` to itself until its stack is full. */
function validatorOf(document: unknown): ValidateFunction | null {
  try {
    return ajv.compile(document as AnySchema);
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/** `null` where ajv trips over its own notes of what was evaluated, as it does where nested options note different things. */
function verdict(validate: ValidateFunction, text: string): boolean | null {
  try {
    return validate(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof TypeError) return null;
    throw thrown;
  }
}

describe('a schema thrown together', () => {
  test('is refused, or what its grammar writes fits it', async () => {
    await tiny.model.grammars.prepare('root ::= "x"');
    const counts = { taken: 0, refused: 0, texts: 0 };
    fc.assert(
      fc.property(documents, fc.integer(), (document, seed) => {
        const text = compiled(document);
        if (text === null) {
          counts.refused += 1;
          return;
        }
        counts.taken += 1;
        const validate = validatorOf(document);
        if (validate === null) return;
        const grammar = createGrammarWalk(tiny.model, { text, triggers: null });
        const random = createRandom(seed);
        for (let count = 0; count < 3; count++) {
          const written = grammar.walk(random, 30);
          if (written === null) continue;
          counts.texts += 1;
          const isValid = verdict(validate, written);
          if (isValid !== null) expect(isValid, `${JSON.stringify(document)} gave ${written}`).toBe(true);
        }
      }),
      { numRuns: Number(process.env['NEARFAR_TEST_RUNS'] ?? 300) },
    );
    // Or it would say nothing.
    expect(counts.taken).toBeGreaterThan(counts.refused / 2);
    expect(counts.texts).toBeGreaterThan(2 * counts.taken);
  });
});
