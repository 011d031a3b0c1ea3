import { intersected, lengthAutomaton, type Automaton } from './automaton.ts';
import { otherThan } from './excluding-text.ts';
import { choice, never, nothing, sequence, text, type Expression } from './expression.ts';
import { comma, member } from './json-text.ts';
import { objectShape, type ObjectShape, type OtherProperties } from './object-shape.ts';
import type { RuleBook } from './rule-book.ts';
import { conjunctsOf, expand, type Atom } from './schema-atoms.ts';
import { sizesOf } from './schema-facts.ts';
import { fits } from './schema-instance.ts';
import type { Located, SchemaSource } from './schema-source.ts';
import { patternAutomaton, quoted, stringAutomaton } from './schema-string.ts';

/**
 * Members in the order of `properties`, then those of other names. Each optional one may be left out.
 * @param valueOf the texts that fit all these schemas
 * @throws NearfarError `invalid_request` where names or counts cannot be enforced
 */
export function objectExpression(
  atoms: readonly Atom[],
  valueOf: (schemas: readonly Located[]) => Expression,
  source: SchemaSource,
  book: RuleBook,
): Expression {
  const shape = objectShape(atoms, source);
  const { sizes, required, names } = shape;
  const members = names.map((name) => ({
    isRequired: required.has(name),
    expression: fits(name, shape.nameSchemas, source)
      ? member(text(JSON.stringify(name)), valueOf(shape.schemasOf(name)))
      : never,
  }));
  const others = shape.others === null ? null : otherMember(shape, shape.others, valueOf, source, book);
  const { min } = sizes;
  // A bound that nothing can pass needs no counting.
  const max = others === null && sizes.max !== null && sizes.max >= names.length ? null : sizes.max;
  const cap = Math.max(min, max === null ? 1 : max, 1);
  if (others !== null && min - required.size > 1) {
    throw source.problem(
      sizes.pointer,
      'minProperties',
      'can be enforced up to one more than what is required, because the names of additional properties may repeat',
    );
  }
  const key = book.newKey('object');

  function end(count: number): Expression {
    const least = Math.max(0, min - count);
    if (others === null) return least > 0 ? never : nothing;
    const most = max === null ? null : max - count;
    if (most !== null && most < least) return never;
    return count === 0
      ? book.repeated(others, least, most, comma)
      : book.repeated(sequence(comma, others), least, most);
  }

  // What may follow when so many members are written, from the last property back to the first. Beyond `cap` the count
  // makes no difference.
  let following = Array.from({ length: Math.min(names.length, cap) + 1 }, (_, count) => end(count));
  for (let index = members.length - 1; index >= 0; index--) {
    const { isRequired, expression } = members[index] ?? { isRequired: false, expression: never };
    const next = following;
    following = Array.from({ length: Math.min(index, cap) + 1 }, (_, count) =>
      book.rule(`${key} ${index} ${count}`, () => {
        const written = sequence(
          count === 0 ? nothing : comma,
          expression,
          next[Math.min(count + 1, cap)] ?? never,
        );
        const mayWrite = max === null || count < max;
        const options = mayWrite ? [written] : [];
        return choice(isRequired ? options : [...options, next[count] ?? never]);
      }),
    );
  }
  return sequence(text('{'), following[0] ?? never, text('}'));
}

/** A property that is not declared. */
function otherMember(
  shape: ObjectShape,
  { schemas, patterns }: OtherProperties,
  valueOf: (schemas: readonly Located[]) => Expression,
  source: SchemaSource,
  book: RuleBook,
): Expression {
  let names: Automaton = otherThan(shape.names);
  const restrict = (own: Automaton, pointer: string, keyword: string): void => {
    const both = intersected(names, own, source.work);
    if (both === null)
      throw source.problem(pointer, keyword, 'needs too many states together with the other names');
    names = both;
  };
  for (const { pattern, pointer } of patterns) {
    const own = patternAutomaton(pattern, 'patternProperties', pointer, source);
    restrict(own, pointer, '');
  }
  const [first] = shape.nameSchemas;
  if (first !== undefined) {
    const { atoms, disjunctions, isNever } = expand(conjunctsOf(shape.nameSchemas), source);
    const listed = atoms.find(({ schema }) => 'enum' in schema || 'const' in schema);
    if (isNever) return never;
    if (disjunctions.length > 0 || listed !== undefined) {
      throw source.problem(
        first.pointer,
        '',
        'names can be bound by pattern, format and length only; declare listed ones as properties',
      );
    }
    const own = stringAutomaton(atoms, source) ?? nameLengths(atoms, first, source);
    if (own !== null) restrict(own, first.pointer, '');
  }
  return member(quoted(names, book), valueOf(schemas));
}

function nameLengths(atoms: readonly Atom[], { pointer }: Located, source: SchemaSource): Automaton | null {
  const { min, max } = sizesOf(atoms, 'minLength', 'maxLength');
  if (min === 0 && max === null) return null;
  const lengths = lengthAutomaton(min, max);
  if (lengths === null) throw source.problem(pointer, '', 'names this long cannot be enforced');
  return lengths;
}
