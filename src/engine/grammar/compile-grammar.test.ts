import { describe, expect, test } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { compileGrammar } from './compile-grammar.ts';
import { outputGrammar } from './output-grammar.ts';

const field = 'response_format.json_schema.schema';

function compile(schema: unknown): string {
  return compileGrammar({ kind: 'json', schema, field }).text;
}

function problemOf(schema: unknown): NearfarError {
  try {
    compile(schema);
  } catch (thrown) {
    if (thrown instanceof NearfarError) return thrown;
    throw thrown;
  }
  throw new Error(`nothing is wrong with ${JSON.stringify(schema)}`);
}

const inside = (schema: unknown): unknown => ({ type: 'object', properties: { 'a/b': schema } });

describe('what cannot be enforced is refused, by keyword and pointer', () => {
  test.each([
    [{ not: { type: 'string' } }, 'not at #/properties/a~1b/not: cannot be enforced'],
    [{ if: {}, then: {} }, 'if at #/properties/a~1b/if: cannot'],
    [{ type: 'array', contains: {} }, 'contains at'],
    [{ type: 'array', uniqueItems: true }, 'uniqueItems at #/properties/a~1b/uniqueItems'],
    [{ type: 'object', dependentRequired: {} }, 'dependentRequired at'],
    [{ type: 'string', minLenght: 1 }, 'minLenght at #/properties/a~1b/minLenght: is not a keyword'],
    [
      { type: 'string', format: 'isbn' },
      'format at #/properties/a~1b/format: is not one that can be enforced (date,',
    ],
    [{ type: 'string', pattern: '(?=a)' }, 'pattern at #/properties/a~1b/pattern: a lookahead'],
    [{ type: 'string', pattern: '(a)\\1' }, 'a back reference'],
    [{ type: 'string', pattern: '\\bword\\b' }, 'a word boundary'],
    [{ type: 'string', pattern: '(' }, 'is no regular expression'],
    [{ type: 'string', pattern: '^(a|b)*a(a|b){14}$' }, 'it needs too many states'],
    [
      { type: 'string', pattern: '^a+b', maxLength: 100_000 },
      'maxLength at #/properties/a~1b/maxLength: is too large',
    ],
    [{ type: 'number', multipleOf: 0.01 }, 'multipleOf at #/properties/a~1b/multipleOf: can be enforced for'],
    [{ type: 'number', minimum: 1e300 }, 'minimum at #/properties/a~1b/minimum: leaves only numbers'],
    [{ type: 'number', minimum: '5' }, 'minimum at #/properties/a~1b/minimum: expected a number'],
    [{ type: 'text' }, 'type at #/properties/a~1b/type: expected one or more of integer, null'],
    [{ required: true }, 'required at #/properties/a~1b/required: expected a list of strings'],
    [{ anyOf: [] }, 'anyOf at #/properties/a~1b/anyOf: expected a list of at least one schema'],
    [{ $ref: 'https://example.com/a.json' }, '$ref at #/properties/a~1b/$ref: only references inside'],
    [{ $ref: '#/$defs/none' }, '$ref at #/properties/a~1b/$ref: nothing stands there'],
    [
      { oneOf: [{ type: 'integer' }, { type: 'number' }] },
      'oneOf at #/properties/a~1b/oneOf: options 0 and 1 may both',
    ],
    [
      { additionalProperties: {}, minProperties: 3 },
      'minProperties at #/properties/a~1b/minProperties: can be',
    ],
    [{ patternProperties: { a: {}, b: {} } }, 'patternProperties at'],
    ['string', 'at #/properties/a~1b: expected a schema'],
  ])('%j', (schema, message) => {
    const problem = problemOf(inside(schema));
    expect(problem).toMatchObject({ kind: 'invalid_request', field });
    expect(problem.message).toContain(message);
    expect(problem.message.startsWith(`${field}: `)).toBe(true);
  });

  test('values that turn a keyword off pass', () => {
    expect(compile({ type: 'array', uniqueItems: false, description: 'x', 'x-own': 1 })).toContain(
      'root ::=',
    );
  });
});

describe('schemas that nothing fits', () => {
  test.each([
    [false],
    [{ type: 'string', const: 5 }],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }],
    [{ type: 'object', properties: { a: false }, required: ['a'] }],
    [{ type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] }],
    [{ type: 'string', pattern: '^a$', minLength: 2 }],
    [{ type: 'integer', minimum: 3, maximum: 2 }],
    [{ type: 'array', minItems: 2, maxItems: 1 }],
  ])('%j', (schema) => {
    expect(problemOf(schema).message).toBe(`${field}: no finite JSON value fits this schema.`);
  });

  test('but endless options beside finite ones are left out', () => {
    const schema = {
      $defs: { a: { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, required: ['a'] } },
    };
    expect(compile({ ...schema, anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] })).toBe(
      'root ::= r1\nr1 ::= "null"\n',
    );
  });
});

describe('references', () => {
  test('that come back without a step into the value are refused', () => {
    for (const schema of [
      { $ref: '#' },
      { anyOf: [{ $ref: '#' }, {}] },
      { $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
    ]) {
      expect(problemOf(schema).message).toMatch(/refers back to itself/);
    }
  });

  test('reach definitions, anchors and encoded names', () => {
    const expected = compile({ type: 'boolean' }).split('\n').at(-2);
    for (const [reference, definition] of [
      ['#/$defs/a', { $defs: { a: { type: 'boolean' } } }],
      ['#/definitions/a~1%20b', { definitions: { 'a/ b': { type: 'boolean' } } }],
      ['#yes', { $defs: { a: { $anchor: 'yes', type: 'boolean' } } }],
    ] as const) {
      expect(compile({ ...definition, $ref: reference })).toContain(expected);
    }
  });
});

describe('bounds on the compiler', () => {
  const nested = (depth: number): unknown =>
    Array.from({ length: depth }).reduce<unknown>((items) => ({ type: 'array', items }), { type: 'null' });

  test.each([
    ['deep', nested(5_000)],
    [
      'many combinations',
      { allOf: Array.from({ length: 12 }, (_, i) => ({ anyOf: [{ minimum: i }, { maximum: i }] })) },
    ],
    [
      'many exclusive options',
      {
        oneOf: Array.from({ length: 400 }, (_, i) => ({
          type: 'object',
          properties: { k: { const: i }, x: { anyOf: [{ const: i }, {}] } },
          required: ['x', 'k'],
        })),
      },
    ],
    ['large enum', { enum: Array.from({ length: 1_001 }, (_, i) => i) }],
    [
      'many rules',
      {
        type: 'object',
        properties: Object.fromEntries(
          Array.from({ length: 3_000 }, (_, i) => [`p${i}`, { type: 'string', maxLength: 50 + i }]),
        ),
      },
    ],
    ['states', { type: 'string', pattern: '.{0,900}x.{0,900}y.{0,900}' }],
  ])('%s', (_, schema) => {
    const startedAt = performance.now();
    expect(problemOf(schema)).toMatchObject({ kind: 'invalid_request' });
    // A second of a shared machine; unbounded it would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('an output format', () => {
  const input = { kind: 'text', text: 'x' } as const;
  const format = { type: 'json_schema', schema: { const: 1 }, name: null, strict: true, field } as const;

  test('becomes a grammar, and nothing where anything goes', () => {
    expect(outputGrammar({ type: 'text' }, input)).toBeNull();
    expect(outputGrammar({ type: 'json_object', field: 'format' }, input)?.triggers).toBeNull();
    expect(outputGrammar(format, input)).toBe(outputGrammar({ ...format, schema: { const: 1 } }, input));
    expect(outputGrammar(format, input)?.text).toBe('root ::= r1\nr1 ::= "1"\n');
  });

  test('does not go with an answer that the client begins', () => {
    const messages = [{ role: 'assistant', content: '{' }] as const;
    expect(() => outputGrammar(format, { kind: 'chat', messages })).toThrow(/the client begins/);
    expect(outputGrammar(format, { kind: 'chat', messages, startsNewTurn: true })).not.toBeNull();
    expect(outputGrammar({ type: 'text' }, { kind: 'chat', messages })).toBeNull();
  });
});

describe('what JSON Schema means, not what it seems to', () => {
  const field0 = { type: 'object', properties: { k: { const: 0 } }, required: ['k'] };

  test('options of oneOf exclude each other by what they state, not by what a keyword hints at', () => {
    for (const schema of [
      { oneOf: [{ type: 'string' }, { properties: { a: {} } }] },
      { oneOf: [{ const: 'x' }, { minimum: 5 }] },
      {
        oneOf: [
          field0,
          { anyOf: Array.from({ length: 101 }, (_, i) => ({ properties: { k: { const: 100 - i } } })) },
        ],
      },
    ]) {
      expect(problemOf(schema).message).toContain('may both fit');
    }
    expect(compile({ oneOf: [{ type: 'string' }, { type: 'object', properties: { a: {} } }] })).toContain(
      'root',
    );
  });

  test('members of an enum that a neighbour of another type does not touch stay', () => {
    expect(compile({ enum: ['x', 7, 1], minimum: 5 })).toContain('= "\\x22x\\x22" | "7"\n');
  });

  test('unevaluatedProperties leaves alone what was said elsewhere', () => {
    const schema = {
      $defs: { base: { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] } },
      allOf: [{ $ref: '#/$defs/base' }],
      properties: { b: { type: 'null' } },
      unevaluatedProperties: false,
    };
    expect(compile(schema)).toContain('\\x22a\\x22');
    expect(problemOf({ ...schema, allOf: undefined, required: ['a'] }).message).toContain(
      'no finite JSON value',
    );
  });

  test('a value that a format beside it refuses is left out, and one that nobody can judge is refused', () => {
    expect(compile({ enum: ['2024-02-30', '2024-02-29'], format: 'date' })).not.toContain('30');
    expect(problemOf({ enum: ['(('], format: 'regex' }).message).toContain('format at #/format');
  });

  test('references below an $id of its own are not followed to another place', () => {
    const schema = {
      $defs: { a: { type: 'null' } },
      properties: {
        x: { $id: 'https://example.com/x', $ref: '#/$defs/a', $defs: { a: { type: 'string' } } },
      },
    };
    expect(problemOf(schema).message).toContain('$id at #/properties/x/$id');
    expect(
      compile({ ...schema, properties: { x: { $id: 'https://example.com/x', type: 'null' } } }),
    ).toContain('root');
  });

  test('lengths that contradict each other leave nothing', () => {
    expect(problemOf({ type: 'string', minLength: 1, maxLength: 0 }).message).toContain(
      'no finite JSON value',
    );
  });
});
