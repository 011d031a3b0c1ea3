import { NearfarError } from '../chat/error.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Keywords that are checked here; all others that could refuse something are an error, so that no answer passes unchecked. */
const checked: ReadonlySet<string> = new Set(
  (
    'type enum const properties required additionalProperties patternProperties propertyNames minProperties maxProperties ' +
    'items prefixItems minItems maxItems uniqueItems minLength maxLength pattern minimum maximum exclusiveMinimum ' +
    'exclusiveMaximum multipleOf anyOf oneOf allOf not $ref $defs definitions if then else'
  ).split(' '),
);
/** They say something about a value and refuse none. */
const annotations: ReadonlySet<string> = new Set(
  '$schema $id $comment $anchor title description default examples deprecated readOnly writeOnly format contentEncoding contentMediaType'.split(
    ' ',
  ),
);

/**
 * What of a value breaks a JSON Schema (2020-12), the first fault with its place; null where it fits. `format` is taken for the
 * annotation that it is by default.
 * @throws NearfarError `unsupported` for a keyword that is not checked here
 */
export function schemaFault(value: unknown, schema: unknown): string | null {
  return faultOf(value, schema, '', schema, 0);
}

function faultOf(value: unknown, schema: unknown, path: string, root: unknown, depth: number): string | null {
  if (schema === true) return null;
  if (schema === false) return `${place(path)} is not allowed`;
  if (!isObject(schema)) throw unsupported('a schema that is no object');
  if (depth > 200) throw unsupported('a schema that goes deeper than 200 levels');
  for (const name of Object.keys(schema)) {
    if (!checked.has(name) && !annotations.has(name)) throw unsupported(`the keyword ${name}`);
  }
  const down = (inner: unknown, one: unknown, at = path): string | null =>
    faultOf(inner, one, at, root, depth + 1);
  return (
    ownFault(value, schema, path) ??
    objectFault(value, schema, path, down) ??
    arrayFault(value, schema, path, down) ??
    combinedFault(value, schema, path, root, down)
  );
}

type Down = (value: unknown, schema: unknown, path?: string) => string | null;

function ownFault(value: unknown, schema: Schema, path: string): string | null {
  const { type, enum: list, pattern } = schema;
  const types = type === undefined ? [] : Array.isArray(type) ? (type as unknown[]) : [type];
  if (types.length > 0 && !types.some((one) => isOfType(value, one))) {
    return `${place(path)} is not of the type ${types.join(' or ')}`;
  }
  if (Array.isArray(list) && !list.some((one) => isSame(one, value)))
    return `${place(path)} is none of the enum`;
  if ('const' in schema && !isSame(schema['const'], value)) return `${place(path)} is not the const`;
  if (typeof value === 'string') {
    const { length } = Array.from(value);
    if (length < bound(schema, 'minLength', 0)) return `${place(path)} is too short`;
    if (length > bound(schema, 'maxLength', Infinity)) return `${place(path)} is too long`;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) {
      return `${place(path)} does not match the pattern`;
    }
  }
  if (typeof value === 'number') {
    const step = bound(schema, 'multipleOf', 0);
    const isWithin =
      value >= bound(schema, 'minimum', -Infinity) &&
      value <= bound(schema, 'maximum', Infinity) &&
      value > bound(schema, 'exclusiveMinimum', -Infinity) &&
      value < bound(schema, 'exclusiveMaximum', Infinity);
    if (!isWithin) return `${place(path)} is out of range`;
    if (step > 0 && !Number.isInteger(value / step))
      return `${place(path)} is no multiple of ${String(step)}`;
  }
  return null;
}

function objectFault(value: unknown, schema: Schema, path: string, down: Down): string | null {
  if (!isObject(value)) return null;
  const names = Object.keys(value);
  const { properties, required, patternProperties, additionalProperties, propertyNames } = schema;
  for (const name of Array.isArray(required) ? (required as unknown[]) : []) {
    if (typeof name === 'string' && !Object.hasOwn(value, name)) return `${place(path)} lacks ${name}`;
  }
  if (names.length < bound(schema, 'minProperties', 0)) return `${place(path)} has too few members`;
  if (names.length > bound(schema, 'maxProperties', Infinity)) return `${place(path)} has too many members`;
  const own = isObject(properties) ? properties : {};
  const patterns = Object.entries(isObject(patternProperties) ? patternProperties : {});
  for (const name of names) {
    const at = `${path}/${name}`;
    if (propertyNames !== undefined) {
      const fault = down(name, propertyNames, at);
      if (fault !== null) return fault;
    }
    const fitting = patterns.filter(([pattern]) => new RegExp(pattern, 'u').test(name)).map(([, one]) => one);
    if (Object.hasOwn(own, name)) fitting.push(own[name]);
    if (fitting.length === 0 && additionalProperties !== undefined) fitting.push(additionalProperties);
    for (const one of fitting) {
      const fault = down(value[name], one, at);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function arrayFault(value: unknown, schema: Schema, path: string, down: Down): string | null {
  if (!Array.isArray(value)) return null;
  const list = value as readonly unknown[];
  const { items, prefixItems, uniqueItems } = schema;
  if (list.length < bound(schema, 'minItems', 0)) return `${place(path)} has too few items`;
  if (list.length > bound(schema, 'maxItems', Infinity)) return `${place(path)} has too many items`;
  if (
    uniqueItems === true &&
    list.some((one, index) => list.slice(0, index).some((other) => isSame(one, other)))
  ) {
    return `${place(path)} has an item twice`;
  }
  const prefix = Array.isArray(prefixItems) ? (prefixItems as readonly unknown[]) : [];
  for (const [index, one] of list.entries()) {
    const of = index < prefix.length ? prefix[index] : items;
    const fault = of === undefined ? null : down(one, of, `${path}/${String(index)}`);
    if (fault !== null) return fault;
  }
  return null;
}

function combinedFault(
  value: unknown,
  schema: Schema,
  path: string,
  root: unknown,
  down: Down,
): string | null {
  const listOf = (name: string): readonly unknown[] =>
    Array.isArray(schema[name]) ? (schema[name] as readonly unknown[]) : [];
  for (const one of listOf('allOf')) {
    const fault = down(value, one);
    if (fault !== null) return fault;
  }
  const any = listOf('anyOf');
  if (any.length > 0 && any.every((one) => down(value, one) !== null))
    return `${place(path)} fits none of anyOf`;
  const exactly = listOf('oneOf');
  if (exactly.length > 0 && exactly.filter((one) => down(value, one) === null).length !== 1) {
    return `${place(path)} does not fit exactly one of oneOf`;
  }
  if (schema['not'] !== undefined && down(value, schema['not']) === null)
    return `${place(path)} fits what it must not`;
  if (schema['if'] !== undefined) {
    const branch = down(value, schema['if']) === null ? schema['then'] : schema['else'];
    const fault = branch === undefined ? null : down(value, branch);
    if (fault !== null) return fault;
  }
  const { $ref: ref } = schema;
  return typeof ref === 'string' ? down(value, resolve(ref, root)) : null;
}

/** Within the same schema only: nothing is fetched. */
function resolve(ref: string, root: unknown): unknown {
  if (ref !== '#' && !ref.startsWith('#/')) throw unsupported(`the reference ${ref}`);
  let at = root;
  for (const step of ref.split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    const next: unknown =
      typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Schema)[name] : undefined;
    if (next === undefined) throw unsupported(`the reference ${ref}, which leads nowhere`);
    at = next;
  }
  return at;
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      throw unsupported(`the type ${String(type)}`);
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}

function bound(schema: Schema, name: string, otherwise: number): number {
  const value = schema[name];
  return typeof value === 'number' ? value : otherwise;
}

const place = (path: string): string => (path === '' ? 'the answer' : path);

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unsupported(what: string): NearfarError {
  return new NearfarError('unsupported', `response_format: ${what} cannot be checked in the page.`, {
    field: 'response_format',
  });
}
