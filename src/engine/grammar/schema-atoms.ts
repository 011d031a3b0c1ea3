import { checkKeywords, createKeywordReader, type KeywordReader } from './schema-keywords.ts';
import { isSchemaObject, type Located, type SchemaObject, type SchemaSource } from './schema-source.ts';

/** A schema of which only its own keywords count: references and `allOf` have been followed. */
export interface Atom {
  readonly pointer: string;
  readonly schema: SchemaObject;
  readonly read: KeywordReader;
  /** The schemas that led to it without a step into the value. */
  readonly trail: readonly string[];
}

/** A schema with the schemas that led to it without a step into the value. */
export interface Conjunct extends Located {
  readonly trail: readonly string[];
}

export interface Disjunction {
  readonly pointer: string;
  readonly keyword: 'anyOf' | 'oneOf';
  readonly options: readonly Conjunct[];
}

/** Schemas that must all fit the same value. */
export interface Conjunction {
  /** The schema `false` is among them. */
  readonly isNever: boolean;
  readonly atoms: readonly Atom[];
  readonly disjunctions: readonly Disjunction[];
}

/** Schemas of a value of its own, behind a step, or options that bring their trail along. */
export function conjunctsOf(located: readonly (Located | Conjunct)[]): Conjunct[] {
  return located.map((place) => ('trail' in place ? place : { ...place, trail: [] }));
}

/**
 * Follows `$ref` and `allOf`.
 * @param known atoms that are there already
 * @throws NearfarError `invalid_request` for a reference that comes back to itself without a step into the value
 */
export function expand(
  conjuncts: readonly Conjunct[],
  source: SchemaSource,
  known: readonly Atom[] = [],
): Conjunction {
  const atoms = [...known];
  const seen = new Set(known.map((atom) => atom.pointer));
  const disjunctions: Disjunction[] = [];
  let isNever = false;
  const open = [...conjuncts].reverse();
  for (let conjunct = open.pop(); conjunct !== undefined; conjunct = open.pop()) {
    const { pointer, schema, trail } = conjunct;
    source.visit(pointer);
    if (trail.includes(pointer)) {
      throw source.problem(pointer, '', 'refers back to itself without a step into the value');
    }
    if (schema === true || seen.has(pointer)) continue;
    if (schema === false) {
      isNever = true;
      continue;
    }
    if (!isSchemaObject(schema))
      throw source.problem(pointer, '', 'expected a schema: an object, true or false');
    checkKeywords(schema, pointer, source);
    seen.add(pointer);
    const read = createKeywordReader(schema, pointer, source);
    atoms.push({ pointer, schema, read, trail });
    const further = (located: Located): Conjunct => ({ ...located, trail: [...trail, pointer] });
    const reference = schema['$ref'] === undefined ? [] : [source.resolve(schema['$ref'], pointer)];
    // The first one on top: properties keep the order in which they are written.
    open.push(...[...reference, ...read.schemas('allOf')].map(further).reverse());
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const options = read.schemas(keyword).map(further);
      if (options.length > 0) disjunctions.push({ pointer, keyword, options });
    }
  }
  return { isNever, atoms, disjunctions };
}
