import { arrayShape } from './array-shape.ts';
import { intersected } from './automaton.ts';
import { objectShape } from './object-shape.ts';
import { conjunctsOf, expand, type Atom, type Conjunct } from './schema-atoms.ts';
import { boundsOf, common, statedTypesOf, typesOf, valuesOf, type JsonType } from './schema-facts.ts';
import { fitsAtoms, jsonTypeOf } from './schema-instance.ts';
import type { Located, SchemaSource } from './schema-source.ts';
import { stringAutomaton } from './schema-string.ts';

/** Steps into values; a proof that needs more is not looked for. */
const depthLimit = 6;

/**
 * Whether nothing that is written for one schema fits the other: what makes `oneOf` enforceable, because a grammar
 * can offer alternatives but not forbid a text that two of them share. Looks at types, values, bounds, patterns,
 * counts and at properties that are always written; where that does not suffice the answer is no.
 */
export function excludes(
  written: readonly Located[],
  other: readonly Located[],
  source: SchemaSource,
  depth = 0,
): boolean {
  if (depth > depthLimit) return false;
  const left = alternatives(conjunctsOf(written), source);
  const right = alternatives(conjunctsOf(other), source);
  if (left === null || right === null) return false;
  return left.every((one) => right.every((two) => excludesAtoms(one, two, source, depth)));
}

/** Alternatives that are compared one by one; where there are more, no proof is looked for. */
const alternativeLimit = 100;

/** The sets of schemas of which one must fit; `null` = too many. */
function alternatives(
  conjuncts: readonly Conjunct[],
  source: SchemaSource,
): readonly (readonly Atom[])[] | null {
  const { isNever, atoms, disjunctions } = expand(conjuncts, source);
  if (isNever) return [];
  let sets: (readonly Atom[])[] = [atoms];
  for (const { options } of disjunctions) {
    const own = options.map((option) => alternatives([option], source));
    const all = own.flatMap((some) => some ?? []);
    if (own.includes(null) || sets.length * all.length > alternativeLimit) return null;
    sets = sets.flatMap((set) => all.map((more) => [...set, ...more]));
  }
  return sets;
}

function excludesAtoms(
  written: readonly Atom[],
  other: readonly Atom[],
  source: SchemaSource,
  depth: number,
): boolean {
  const values = valuesOf(written, source);
  if (values !== null) {
    const shared = common(values, valuesOf(other, source) ?? values);
    return shared.every((value) => !fitsAtoms(value, written, source) || !fitsAtoms(value, other, source));
  }
  const { types } = typesOf(written, source);
  // What is only implied here (see typesOf) is not so for whoever validates.
  const otherTypes = statedTypesOf(other, source).types;
  const otherValues = valuesOf(other, source)?.filter((value) => fitsAtoms(value, other, source)) ?? null;
  return [...types].every((type) => {
    if (!otherTypes.has(type)) return true;
    if (otherValues !== null) {
      return otherValues.every((value) => jsonTypeOf(value) !== type || !fitsAtoms(value, written, source));
    }
    return excludesType(type, written, other, source, depth);
  });
}

function excludesType(
  type: JsonType,
  written: readonly Atom[],
  other: readonly Atom[],
  source: SchemaSource,
  depth: number,
): boolean {
  switch (type) {
    case 'null':
    case 'boolean':
      return false;
    case 'number': {
      const [one, two] = [boundsOf(written), boundsOf(other)];
      return isBelow(one.high, two.low) || isBelow(two.high, one.low);
    }
    case 'string': {
      const [one, two] = [stringAutomaton(written, source), stringAutomaton(other, source)];
      const both = one === null || two === null ? null : intersected(one, two, source.work);
      return both !== null && !both.states.some(({ accepts }) => accepts);
    }
    case 'array': {
      const [one, two] = [arrayShape(written).sizes, arrayShape(other).sizes];
      return (one.max !== null && one.max < two.min) || (two.max !== null && two.max < one.min);
    }
    case 'object':
      return excludesObjects(written, other, source, depth);
  }
}

type Bounds = ReturnType<typeof boundsOf>;

function isBelow(high: Bounds['high'], low: Bounds['low']): boolean {
  if (high === null || low === null) return false;
  return high.value < low.value || (high.value === low.value && !(high.isInclusive && low.isInclusive));
}

function excludesObjects(
  written: readonly Atom[],
  other: readonly Atom[],
  source: SchemaSource,
  depth: number,
): boolean {
  const [one, two] = [objectShape(written, source), objectShape(other, source)];
  // A property that the other requires and that is never written here.
  if (one.others === null && [...two.required].some((name) => !one.names.includes(name))) return true;
  return [...one.required].some((name) =>
    excludes(one.schemasOf(name), two.schemasOf(name), source, depth + 1),
  );
}
