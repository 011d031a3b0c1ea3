import type { Atom } from './schema-atoms.ts';
import { sizesOf, type Sizes } from './schema-facts.ts';
import { child, isSchemaObject, type Located, type SchemaSource } from './schema-source.ts';

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
    return atoms.flatMap((atom) => ownSchemas(atom, name, source));
  }

  function otherProperties(): OtherProperties | null {
    const extras = atoms.flatMap(({ pointer, schema }) =>
      ['additionalProperties', 'unevaluatedProperties'].flatMap((keyword) =>
        schema[keyword] === undefined ? [] : [{ pointer: child(pointer, keyword), schema: schema[keyword] }],
      ),
    );
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

/** The schemas of one atom that a property must fit. */
function ownSchemas({ pointer, schema, read }: Atom, name: string, source: SchemaSource): Located[] {
  const properties = schema['properties'];
  const isDeclared = isSchemaObject(properties) && Object.hasOwn(properties, name);
  const declared = isDeclared
    ? [{ pointer: child(pointer, 'properties', name), schema: properties[name] }]
    : [];
  const matched = read
    .members('patternProperties')
    .filter((member) => matches(member.name, name, pointer, source));
  const own: Located[] = [...declared, ...matched];
  if (declared.length > 0 || matched.length > 0) return own;
  const additional = schema['additionalProperties'] ?? schema['unevaluatedProperties'];
  if (additional === undefined) return [];
  return [{ pointer: child(pointer, 'additionalProperties'), schema: additional }];
}

function matches(pattern: string, name: string, pointer: string, source: SchemaSource): boolean {
  try {
    return new RegExp(pattern, 'u').test(name);
  } catch {
    throw source.problem(
      pointer,
      'patternProperties',
      'a name is no regular expression of ECMA-262 (flag u)',
    );
  }
}
