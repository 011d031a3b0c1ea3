import type { CodePointSet } from './code-points.ts';
import { choice, never, nothing, sequence, type Expression } from './expression.ts';
import type { RuleBook } from './rule-book.ts';

/** A deterministic finite automaton over code points: from a state each character leads to one state or nowhere. */
export interface Automaton {
  readonly start: number;
  readonly states: readonly AutomatonState[];
}

export interface AutomatonState {
  readonly accepts: boolean;
  /** Sets of one state are disjoint. */
  readonly transitions: readonly { readonly set: CodePointSet; readonly target: number }[];
}

/**
 * The texts of an automaton as rules, one a state (a right-linear grammar). Being deterministic, it keeps the matcher
 * at one stack.
 * @param write one character of a set, as it is spelled in the answer
 */
export function automatonExpression(
  { start, states }: Automaton,
  book: RuleBook,
  write: (set: CodePointSet) => Expression,
): Expression {
  const rules = book.together(states.length, (index, rule) => {
    const { accepts, transitions } = states[index] ?? deadState;
    const options = transitions.map(({ set, target }) => sequence(write(set), rule(target)));
    return choice(accepts ? [...options, nothing] : options);
  });
  return rules[start] ?? never;
}

const deadState: AutomatonState = { accepts: false, transitions: [] };
