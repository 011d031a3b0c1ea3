import { arrayShape } from './array-shape.ts';
import { nothing, optional, sequence, text, type Expression } from './expression.ts';
import { comma } from './json-text.ts';
import type { RuleBook } from './rule-book.ts';
import type { Atom } from './schema-atoms.ts';
import type { Located, SchemaSource } from './schema-source.ts';

/**
 * @param valueOf the texts that fit all these schemas
 * @throws NearfarError `invalid_request` for `uniqueItems` where there may be two
 */
export function arrayExpression(
  atoms: readonly Atom[],
  valueOf: (schemas: readonly Located[]) => Expression,
  source: SchemaSource,
  book: RuleBook,
): Expression {
  const { prefixCount, schemasOf, sizes } = arrayShape(atoms);
  const { min, max } = sizes;
  const unique = atoms.find(({ schema }) => schema['uniqueItems'] === true);
  if (unique !== undefined && (max === null || max > 1)) {
    throw source.problem(unique.pointer, 'uniqueItems', 'cannot be enforced while the answer is written');
  }
  if (max !== null && min > max) return { kind: 'choice', options: [] };
  const count = max === null ? prefixCount : Math.min(prefixCount, max);
  const canGoOn = max === null || max > count;
  const rest = canGoOn ? valueOf(schemasOf(prefixCount)) : nothing;
  let items: Expression;
  if (count === 0) items = canGoOn ? book.repeated(rest, min, max, comma) : nothing;
  else {
    items = canGoOn
      ? book.repeated(sequence(comma, rest), Math.max(0, min - count), max === null ? null : max - count)
      : nothing;
    for (let index = count - 1; index >= 0; index--) {
      const own = sequence(index === 0 ? nothing : comma, valueOf(schemasOf(index)), items);
      items = index < min ? own : optional(own);
    }
  }
  return sequence(text('['), items, text(']'));
}
