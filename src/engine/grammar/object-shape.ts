import type { Atom } from './schema-atoms.ts';
import { sizesOf, type Sizes } from './schema-facts.ts';
import { child, isSchemaObject, type Located, type SchemaSource } from './schema-source.ts';
import { matchesPattern } from './schema-string.ts';

/** What the object keywords of several schemas say together. */
export interface ObjectShape {
  /** Declared properties in order of appearance, then required ones that are not declared. */
  readonly names: readonly string[];
  readonly required: ReadonlySet<string>;
  /** All schemas that the property of this name must fit. */
  readonly schemasOf: (name: string) => readonly Located[];
  /** Properties of other names, or `null` where none are written. */
  readonly others: OtherProperties | null;
  /** Schemas that every name must fit. */
  readonly nameSchemas: readonly Located[];
  readonly sizes: Sizes;
}

export interface OtherProperties {
  readonly schemas: readonly Located[];
  /** Patterns that the name must match, and where they stand. */
  readonly patterns: readonly PlacedPattern[];
}

export interface PlacedPattern {
  readonly pattern: string;
  readonly pointer: string;
}

/**
 * Properties that are not declared are written only where a schema asks for them: by `additionalProperties` (`true` or
 * a schema), by `patternProperties`, or by declaring none at all.
 */
export function objectShape(atoms: readonly Atom[], source: SchemaSource): ObjectShape {
  const required = new Set(atoms.flatMap(({ read }) => read.texts('required')));
  const declared = atoms.flatMap(({ read }) => read.members('properties').map(({ name }) => name));
  const patternAtoms = atoms.filter(({ read }) => read.members('patternProperties').length > 0);

  function schemasOf(name: string): Located[] {
    return atoms.flatMap((atom) => ownSchemas(atom, name, atoms, source));
  }

  function otherProperties(): OtherProperties | null {
    const extras = atoms.flatMap((atom) => ownExtras(atom, atoms));
    const [first] = patternAtoms;
    if (first !== undefined) {
      const [member, ...more] = first.read.members('patternProperties');
      if (patternAtoms.length > 1 || more.length > 0) {
        throw source.problem(first.pointer, 'patternProperties', 'only one pattern can be enforced');
      }
      if (member !== undefined) {
        // A name that matches is not an additional one of the same schema.
        const own = [
          child(first.pointer, 'additionalProperties'),
          child(first.pointer, 'unevaluatedProperties'),
        ];
        const schemas = extras.filter(({ pointer }) => !own.includes(pointer));
        const patterns = [{ pattern: member.name, pointer: child(first.pointer, 'patternProperties') }];
        return { schemas: [member, ...schemas], patterns };
      }
    }
    if (extras.some(({ schema }) => schema === false)) return null;
    if (extras.length === 0 && declared.length > 0) return null;
    return { schemas: extras, patterns: [] };
  }

  return {
    names: [...new Set([...declared, ...required])],
    required,
    schemasOf,
    others: otherProperties(),
    nameSchemas: atoms.flatMap(({ pointer, schema }) =>
      schema['propertyNames'] === undefined
        ? []
        : [{ pointer: child(pointer, 'propertyNames'), schema: schema['propertyNames'] }],
    ),
    sizes: sizesOf(atoms, 'minProperties', 'maxProperties'),
  };
}

/** What one atom says of properties that nobody declares. */
function ownExtras(atom: Atom, atoms: readonly Atom[]): readonly Located[] {
  const { pointer, schema } = atom;
  const keyword =
    schema['additionalProperties'] === undefined ? 'unevaluatedProperties' : 'additionalProperties';
  const own = schema[keyword];
  const isLeftToOthers = keyword === 'unevaluatedProperties' && below(atom, atoms).some(evaluatesAll);
  return own === undefined || isLeftToOthers ? [] : [{ pointer: child(pointer, keyword), schema: own }];
}

/** The schemas of one atom that a property must fit. */
function ownSchemas(atom: Atom, name: string, atoms: readonly Atom[], source: SchemaSource): Located[] {
  const { pointer, schema } = atom;
  const named = namedSchemas(atom, name, source);
  if (named.length > 0) return named;
  if (schema['additionalProperties'] !== undefined) {
    return [{ pointer: child(pointer, 'additionalProperties'), schema: schema['additionalProperties'] }];
  }
  if (schema['unevaluatedProperties'] === undefined) return [];
  const isEvaluated = below(atom, atoms).some(
    (other) => evaluatesAll(other) || namedSchemas(other, name, source).length > 0,
  );
  if (isEvaluated) return [];
  return [{ pointer: child(pointer, 'unevaluatedProperties'), schema: schema['unevaluatedProperties'] }];
}

function namedSchemas({ pointer, schema, read }: Atom, name: string, source: SchemaSource): Located[] {
  const properties = schema['properties'];
  const isDeclared = isSchemaObject(properties) && Object.hasOwn(properties, name);
  const declared = isDeclared
    ? [{ pointer: child(pointer, 'properties', name), schema: properties[name] }]
    : [];
  const matched = read
    .members('patternProperties')
    .filter((member) => matchesPattern(name, member.name, 'patternProperties', pointer, source));
  return [...declared, ...matched];
}

/** Schemas that an atom leads to: what they say of a property is what its `unevaluatedProperties` leaves alone. */
function below({ pointer }: Atom, atoms: readonly Atom[]): readonly Atom[] {
  return atoms.filter(({ trail }) => trail.includes(pointer));
}

function evaluatesAll({ schema }: Atom): boolean {
  return schema['additionalProperties'] !== undefined || schema['unevaluatedProperties'] !== undefined;
}
