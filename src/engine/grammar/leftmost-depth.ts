import type { Expression } from './expression.ts';
import { usersOf } from './gbnf.ts';

/**
 * How many rules stand inside each other at the beginning of one, before a character must come: `a ::= b`,
 * `b ::= c "x" | c`, `c ::= "y"` is three deep. libllama follows them by recursion when it parses, on a small stack: at
 * 1,100 it ended the process (measured), and the matcher carries a way along for each.
 * @returns at most `limit` + 1
 */
export function leftmostDepth(
  rules: ReadonlyMap<string, Expression>,
  root: Expression,
  limit: number,
): number {
  const nullable = nullableRules(rules);
  const depths = new Map<string, number>();

  const mayBeEmpty = (expression: Expression): boolean => isNullable(expression, nullable);

  const deepestOf = (expressions: readonly Expression[], above: number): number =>
    expressions.reduce((deepest, one) => Math.max(deepest, depthOf(one, above)), 0);

  /** @param above rules that are being followed */
  function depthOf(expression: Expression, above: number): number {
    if (above > limit) return 1;
    switch (expression.kind) {
      case 'text':
      case 'class':
      case 'control':
        return 0;
      case 'optional':
      case 'many':
        // libllama makes a rule of it, and so of a choice in a sequence.
        return 1 + depthOf(expression.item, above + 1);
      case 'choice':
        return 1 + deepestOf(expression.options, above + 1);
      case 'sequence': {
        const end = expression.items.findIndex((item) => !mayBeEmpty(item));
        const first = end < 0 ? expression.items : expression.items.slice(0, end + 1);
        return deepestOf(first, above);
      }
      case 'rule': {
        const known = depths.get(expression.name);
        if (known !== undefined) return known;
        const rule = rules.get(expression.name);
        // A rule that comes back to itself: 0 until its depth is known.
        depths.set(expression.name, 0);
        const options = rule?.kind === 'choice' ? rule.options : rule === undefined ? [] : [rule];
        const depth = 1 + deepestOf(options, above + 1);
        depths.set(expression.name, depth);
        return depth;
      }
    }
  }
  let deepest = depthOf(root, 0);
  for (const name of rules.keys()) {
    if (deepest > limit) break;
    deepest = Math.max(deepest, depthOf({ kind: 'rule', name }, 0));
  }
  return Math.min(limit + 1, deepest);
}

/** The names of the rules that match the empty text: the least fixed point. */
function nullableRules(rules: ReadonlyMap<string, Expression>): ReadonlySet<string> {
  const users = usersOf(rules);
  const nullable = new Set<string>();
  const open = [...rules.keys()];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const rule = rules.get(name);
    if (nullable.has(name) || rule === undefined || !isNullable(rule, nullable)) continue;
    nullable.add(name);
    open.push(...(users.get(name) ?? []));
  }
  return nullable;
}

function isNullable(expression: Expression, nullable: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'text':
      return expression.text === '';
    case 'class':
    case 'control':
      return false;
    case 'optional':
    case 'many':
      return true;
    case 'choice':
      return expression.options.some((option) => isNullable(option, nullable));
    case 'sequence':
      return expression.items.every((item) => isNullable(item, nullable));
    case 'rule':
      return nullable.has(expression.name);
  }
}
