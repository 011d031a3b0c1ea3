import type { Bound } from './number-range.ts';
import type { Atom } from './schema-atoms.ts';
import type { SchemaSource } from './schema-source.ts';

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** A count or size that several schemas bound; the narrowest counts. */
export interface Sizes {
  readonly min: number;
  /** `null` = none. */
  readonly max: number | null;
  /** The schema that set one of them, for errors. */
  readonly pointer: string;
}

const allTypes: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

/** Keywords that speak of one type only. */
const typeOfKeyword: ReadonlyMap<string, JsonType> = new Map(
  (
    [
      ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
      ['string', ['minLength', 'maxLength', 'pattern', 'format']],
      ['array', ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems']],
      [
        'object',
        [
          ...[
            'properties',
            'patternProperties',
            'additionalProperties',
            'unevaluatedProperties',
            'propertyNames',
          ],
          ...['required', 'minProperties', 'maxProperties'],
        ],
      ],
    ] as const
  ).flatMap(([type, keywords]) => keywords.map((keyword) => [keyword, type] as const)),
);

/** Which types fit all atoms, by what they state. */
export function statedTypesOf(
  atoms: readonly Atom[],
  source: SchemaSource,
): { readonly types: ReadonlySet<JsonType>; readonly isInteger: boolean; readonly isStated: boolean } {
  let types = new Set(allTypes);
  let isInteger = false;
  let isStated = false;
  for (const atom of atoms) {
    const stated = statedTypes(atom, source);
    if (stated === null) continue;
    isStated = true;
    const own = new Set<JsonType>(stated.map((name) => (name === 'integer' ? 'number' : name)));
    if (stated.includes('integer') && !stated.includes('number')) isInteger = true;
    types = new Set([...types].filter((type) => own.has(type)));
  }
  return { types, isInteger, isStated };
}

/**
 * Which types are written: those that fit all atoms. Where none states a type or values, keywords of one type mean that type: who writes
 * `properties` wants an object, though JSON Schema would let any string pass.
 */
export function typesOf(
  atoms: readonly Atom[],
  source: SchemaSource,
): { readonly types: ReadonlySet<JsonType>; readonly isInteger: boolean } {
  const { types, isInteger, isStated } = statedTypesOf(atoms, source);
  if (isStated || atoms.some(({ schema }) => 'enum' in schema || 'const' in schema))
    return { types, isInteger };
  const implied = new Set(
    atoms.flatMap(({ schema }) =>
      Object.keys(schema).flatMap((keyword) => {
        const type = typeOfKeyword.get(keyword);
        return type === undefined ? [] : [type];
      }),
    ),
  );
  return { types: implied.size === 0 ? types : implied, isInteger };
}

function statedTypes({ pointer, schema }: Atom, source: SchemaSource): (JsonType | 'integer')[] | null {
  const { type, nullable } = schema;
  if (nullable !== undefined && typeof nullable !== 'boolean') {
    throw source.problem(pointer, 'nullable', 'expected true or false');
  }
  if (type === undefined) return null;
  const names: unknown[] = Array.isArray(type) ? type : [type];
  const isType = (name: unknown): name is JsonType | 'integer' =>
    name === 'integer' || allTypes.some((known) => known === name);
  if (names.length === 0 || !names.every(isType)) {
    throw source.problem(pointer, 'type', `expected one or more of integer, ${allTypes.join(', ')}`);
  }
  return nullable === true ? [...names, 'null'] : names;
}

/** @param minimum the two keywords' names */
export function sizesOf(atoms: readonly Atom[], minimum: string, maximum: string): Sizes {
  let sizes: Sizes = { min: 0, max: null, pointer: '' };
  for (const { pointer, read } of atoms) {
    const min = read.count(minimum);
    const max = read.count(maximum);
    if (min !== null && min > sizes.min) sizes = { ...sizes, min, pointer };
    if (max !== null && (sizes.max === null || max < sizes.max)) sizes = { ...sizes, max, pointer };
  }
  return sizes;
}

/** The narrowest bounds, in either draft's spelling of the exclusive ones. */
export function boundsOf(atoms: readonly Atom[]): {
  readonly low: Bound | null;
  readonly high: Bound | null;
} {
  let low: Bound | null = null;
  let high: Bound | null = null;
  for (const { schema, read } of atoms) {
    for (const bound of ownBounds(schema, read, 'minimum', 'exclusiveMinimum')) {
      if (low === null || isNarrower(bound, low, 1)) low = bound;
    }
    for (const bound of ownBounds(schema, read, 'maximum', 'exclusiveMaximum')) {
      if (high === null || isNarrower(bound, high, -1)) high = bound;
    }
  }
  return { low, high };
}

function ownBounds(
  schema: Atom['schema'],
  read: Atom['read'],
  inclusive: string,
  exclusive: string,
): readonly Bound[] {
  const value = read.number(inclusive);
  // Draft 4 and OpenAPI 3.0: a flag beside the bound.
  if (typeof schema[exclusive] === 'boolean') {
    return value === null ? [] : [{ value, isInclusive: !schema[exclusive] }];
  }
  const beyond = read.number(exclusive);
  return [
    ...(value === null ? [] : [{ value, isInclusive: true }]),
    ...(beyond === null ? [] : [{ value: beyond, isInclusive: false }]),
  ];
}

function isNarrower(bound: Bound, other: Bound, side: 1 | -1): boolean {
  return bound.value === other.value ? !bound.isInclusive : (bound.value - other.value) * side > 0;
}

/** The values that `enum` and `const` of all atoms leave; `null` = not restricted. */
export function valuesOf(atoms: readonly Atom[], source: SchemaSource): readonly unknown[] | null {
  let values: readonly unknown[] | null = null;
  for (const { pointer, schema } of atoms) {
    const own: unknown = schema['enum'];
    if (own !== undefined && !Array.isArray(own))
      throw source.problem(pointer, 'enum', 'expected a list of values');
    if (own !== undefined) values = common(values, checked(own, pointer, 'enum', source));
    if ('const' in schema) values = common(values, checked([schema['const']], pointer, 'const', source));
  }
  return values;
}

/** Levels of lists and objects in one value. */
const depthLimit = 100;

/** @throws NearfarError `invalid_request` for values too deep to be written, and for numbers that JSON cannot hold */
function checked(
  values: readonly unknown[],
  pointer: string,
  keyword: string,
  source: SchemaSource,
): readonly unknown[] {
  let level: unknown[] = [...values];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthLimit) throw source.problem(pointer, keyword, `nests deeper than ${depthLimit} levels`);
    if (level.some((value) => typeof value === 'number' && !Number.isFinite(value)))
      throw source.problem(pointer, keyword, 'holds a number beyond what a double can hold');
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [],
    );
  }
  return values;
}

/** The values of the first list that are in the second, too. */
export function common(values: readonly unknown[] | null, own: readonly unknown[]): readonly unknown[] {
  if (values === null) return own;
  const others = new Set(own.map(canonical));
  return values.filter((value) => others.has(canonical(value)));
}

/** Equality of JSON values: members in any order. */
export function isSameJson(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${members.sort().join()}}`;
}
