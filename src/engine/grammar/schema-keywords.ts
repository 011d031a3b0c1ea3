import type { SchemaObject, SchemaSource } from './schema-source.ts';
import { child, isSchemaObject } from './schema-source.ts';

/** Keywords that are enforced. */
const enforced: ReadonlySet<string> = new Set([
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'type', 'nullable', 'enum', 'const'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems'],
  ...['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties', 'propertyNames'],
  ...['required', 'minProperties', 'maxProperties'],
]);

/** Keywords that say nothing about which values are valid. */
const annotations: ReadonlySet<string> = new Set([
  ...['$schema', '$id', 'id', '$anchor', '$comment', '$defs', 'definitions', '$vocabulary'],
  ...['title', 'description', 'default', 'examples', 'example', 'deprecated', 'readOnly', 'writeOnly'],
  ...['contentMediaType', 'contentEncoding', 'contentSchema', 'discriminator', 'externalDocs', 'xml'],
  ...['markdownDescription', 'enumDescriptions', 'enumNames', 'propertyOrdering'],
]);

/** Keywords of JSON Schema that no grammar of bounded size can enforce. */
const unenforceable: ReadonlySet<string> = new Set([
  ...['not', 'if', 'then', 'else', 'dependentSchemas', 'dependentRequired', 'dependencies'],
  ...['contains', 'minContains', 'maxContains', 'unevaluatedItems'],
  ...['$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor'],
]);

/**
 * Refuses what would be silently ignored otherwise.
 * @throws NearfarError `invalid_request` naming the keyword
 */
export function checkKeywords(schema: SchemaObject, pointer: string, source: SchemaSource): void {
  for (const keyword of Object.keys(schema)) {
    if (enforced.has(keyword) || annotations.has(keyword) || keyword.startsWith('x-')) continue;
    throw source.problem(
      pointer,
      keyword.slice(0, 100),
      unenforceable.has(keyword)
        ? 'cannot be enforced while the answer is written'
        : 'is not a keyword of JSON Schema that nearfar knows; annotations of your own begin with x-',
    );
  }
}

/** Reads the keywords of one schema, each in its own type. */
export interface KeywordReader {
  /** @throws NearfarError `invalid_request`, as all here, where the value is not of the kind that it must be */
  number(keyword: string): number | null;
  /** A whole number of things. */
  count(keyword: string): number | null;
  text(keyword: string): string | null;
  texts(keyword: string): readonly string[];
  schemas(keyword: string): readonly { readonly pointer: string; readonly schema: unknown }[];
  members(
    keyword: string,
  ): readonly { readonly name: string; readonly pointer: string; readonly schema: unknown }[];
}

export function createKeywordReader(
  schema: SchemaObject,
  pointer: string,
  source: SchemaSource,
): KeywordReader {
  function read<Value>(
    keyword: string,
    isValid: (value: unknown) => value is Value,
    expected: string,
  ): Value | null {
    const value = schema[keyword];
    if (value === undefined) return null;
    if (!isValid(value)) throw source.problem(pointer, keyword, `expected ${expected}`);
    return value;
  }
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  const isCount = (value: unknown): value is number =>
    isNumber(value) && Number.isInteger(value) && value >= 0;
  const isText = (value: unknown): value is string => typeof value === 'string';
  const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
  const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0;
  return {
    number: (keyword) => read(keyword, isNumber, 'a number'),
    count: (keyword) => read(keyword, isCount, 'a whole number, 0 or more'),
    text: (keyword) => read(keyword, isText, 'a string'),
    texts: (keyword) => read(keyword, isTexts, 'a list of strings') ?? [],
    schemas: (keyword) =>
      (read(keyword, isList, 'a list of at least one schema') ?? []).map((inner, index) => ({
        pointer: child(pointer, keyword, index),
        schema: inner,
      })),
    members: (keyword) =>
      Object.entries(read(keyword, isSchemaObject, 'an object of schemas') ?? {}).map(([name, inner]) => ({
        name,
        pointer: child(pointer, keyword, name),
        schema: inner,
      })),
  };
}
