import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schemaFault } from './json-schema.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false });

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, false, 0, 1, 2.5, -3, 10, '', 'a', 'ab', 'abc', '😀'),
    fc.array(tie('value'), { maxLength: 3 }),
    // As JSON has them: ajv tells objects without a prototype from others.
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x-1'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const schema: fc.Arbitrary<unknown> = fc.letrec<{ schema: unknown }>((tie) => {
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 2 });
  const small = fc.integer({ min: 0, max: 3 });
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.boolean(),
      fc
        .record(
          {
            type: fc.oneof(
              fc.constantFrom('string', 'number', 'integer', 'object', 'array', 'null', 'boolean'),
              fc.uniqueArray(fc.constantFrom('string', 'object', 'null'), { minLength: 1, maxLength: 2 }),
            ),
            enum: fc.uniqueArray(fc.constantFrom<unknown>(1, 'a', null, 'abc'), {
              minLength: 1,
              maxLength: 3,
            }),
            const: fc.constantFrom<unknown>(1, 'a'),
            properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { maxKeys: 2 }),
            required: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
            additionalProperties: tie('schema'),
            patternProperties: fc.dictionary(fc.constantFrom('^x-', 'c'), tie('schema'), { maxKeys: 1 }),
            propertyNames: fc.constantFrom({ maxLength: 1 }, { pattern: '^[ab]' }),
            minProperties: small,
            maxProperties: small,
            items: tie('schema'),
            prefixItems: list,
            minItems: small,
            maxItems: small,
            uniqueItems: fc.boolean(),
            minLength: small,
            maxLength: small,
            pattern: fc.constantFrom('^a', 'b$'),
            minimum: small,
            maximum: small,
            exclusiveMinimum: small,
            exclusiveMaximum: small,
            multipleOf: fc.constantFrom(2, 0.5),
            anyOf: list,
            oneOf: list,
            allOf: list,
            not: tie('schema'),
            if: tie('schema'),
            then: tie('schema'),
            else: tie('schema'),
          },
          { requiredKeys: [] },
        )
        .chain((all) =>
          // Few keywords each, else nothing fits anything.
          fc
            .subarray(Object.keys(all), { maxLength: 3 })
            .map((names) => Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))),
        ),
    ),
  };
}).schema;

test('values fit where ajv says that they do', () => {
  let fitting = 0;
  fc.assert(
    fc.property(schema, value, (one, given) => {
      const fits = ajv.compile(one as object)(given);
      if (fits) fitting += 1;
      expect([one, given, schemaFault(given, one) === null]).toEqual([one, given, fits]);
    }),
    { numRuns: 1_500 },
  );
  expect(fitting).toBeGreaterThan(150);
});

test('references are followed within the schema, and recursive ones end', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { left: { $ref: '#/$defs/node' } }, required: ['name'] } },
  };
  expect(schemaFault({ name: 'a', left: { name: 'b' } }, tree)).toBeNull();
  expect(schemaFault({ name: 'a', left: {} }, tree)).toBe('/left lacks name');
  expect(() => schemaFault(1, { $ref: '#' })).toThrow(/deeper than 200/);
  expect(() => schemaFault(1, { $ref: 'https://example.org/x' })).toThrow(/cannot be checked/);
  expect(() => schemaFault(1, { $ref: '#/$defs/none' })).toThrow(/leads nowhere/);
});

test('a keyword that is not checked is an error, not a pass', () => {
  expect(() => schemaFault({}, { unevaluatedProperties: false })).toThrow(/unevaluatedProperties/);
  expect(() => schemaFault(1, { type: 'float' })).toThrow(/the type float/);
  expect(() => schemaFault(1, 'string')).toThrow(/no object/);
});
