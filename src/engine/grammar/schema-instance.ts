import { arrayShape } from './array-shape.ts';
import { objectShape } from './object-shape.ts';
import { conjunctsOf, expand, type Atom } from './schema-atoms.ts';
import {
  boundsOf,
  isSameJson,
  sizesOf,
  statedTypesOf,
  valuesOf,
  type JsonType,
  type Sizes,
} from './schema-facts.ts';
import { isSchemaObject, type Located, type SchemaSource } from './schema-source.ts';
import { matchesFormat, matchesPattern } from './schema-string.ts';

/**
 * Whether a value fits schemas: which members of an `enum` its neighbours leave, and which names are allowed.
 * @throws NearfarError as `expand` does
 */
export function fits(value: unknown, schemas: readonly Located[], source: SchemaSource): boolean {
  const { isNever, atoms, disjunctions } = expand(conjunctsOf(schemas), source);
  if (isNever || !fitsAtoms(value, atoms, source)) return false;
  return disjunctions.every(({ keyword, options }) => {
    const count = options.filter((option) => fits(value, [option], source)).length;
    return keyword === 'anyOf' ? count > 0 : count === 1;
  });
}

/** Whether a value fits the own keywords of these schemas. */
export function fitsAtoms(value: unknown, atoms: readonly Atom[], source: SchemaSource): boolean {
  source.visit(atoms[0]?.pointer ?? '');
  const { types, isInteger } = statedTypesOf(atoms, source);
  const values = valuesOf(atoms, source);
  if (!types.has(jsonTypeOf(value))) return false;
  if (values !== null && !values.some((other) => isSameJson(value, other))) return false;
  if (typeof value === 'number')
    return (!isInteger || Number.isInteger(value)) && isNumberWithin(value, atoms);
  if (typeof value === 'string') return fitsString(value, atoms, source);
  if (Array.isArray(value)) {
    const { schemasOf, sizes } = arrayShape(atoms);
    return (
      isWithin(value.length, sizes) && value.every((item, index) => fits(item, schemasOf(index), source))
    );
  }
  return !isSchemaObject(value) || fitsObject(value, atoms, source);
}

export function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' ? 'string' : 'object';
}

function isNumberWithin(value: number, atoms: readonly Atom[]): boolean {
  const { low, high } = boundsOf(atoms);
  if (low !== null && (low.isInclusive ? value < low.value : value <= low.value)) return false;
  if (high !== null && (high.isInclusive ? value > high.value : value >= high.value)) return false;
  return atoms.every(({ read }) => {
    const step = read.number('multipleOf');
    return step === null || Number.isInteger(value / step);
  });
}

function fitsString(value: string, atoms: readonly Atom[], source: SchemaSource): boolean {
  if (!isWithin(Array.from(value).length, sizesOf(atoms, 'minLength', 'maxLength'))) return false;
  return atoms.every(
    ({ pointer, read }) =>
      matchesPattern(value, read.text('pattern'), 'pattern', pointer, source) &&
      matchesFormat(value, read.text('format'), pointer, source),
  );
}

function fitsObject(
  value: Readonly<Record<string, unknown>>,
  atoms: readonly Atom[],
  source: SchemaSource,
): boolean {
  const shape = objectShape(atoms, source);
  const names = Object.keys(value);
  return (
    isWithin(names.length, shape.sizes) &&
    [...shape.required].every((name) => Object.hasOwn(value, name)) &&
    names.every((name) => fits(name, shape.nameSchemas, source)) &&
    names.every((name) => fits(value[name], shape.schemasOf(name), source))
  );
}

function isWithin(count: number, { min, max }: Sizes): boolean {
  return count >= min && (max === null || count <= max);
}
