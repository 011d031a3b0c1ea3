import { allCodePoints, intersection, type CodePointSet } from './code-points.ts';
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

/** States that an automaton may have; each becomes a rule. */
export const stateLimit = 4_000;
/** Pairs of transitions that an intersection looks at; some hundred nanoseconds each. */
const pairLimit = 500_000;

/**
 * What may still be spent on the automata of one schema, so that many of them end as soon as one does. In nodes looked
 * at; see regex-automaton.ts.
 */
export interface AutomatonWork {
  left: number;
}

/** What a pair of transitions costs in nodes. */
const pairCost = 10;

/** The texts that both accept, or `null` where that takes too many states, or more work than is left. */
export function intersected(left: Automaton, right: Automaton, work: AutomatonWork): Automaton | null {
  const indexes = new Map<string, number>();
  const pairs: [number, number][] = [];
  const indexOf = (a: number, b: number): number => {
    const key = `${a} ${b}`;
    const known = indexes.get(key);
    if (known !== undefined) return known;
    indexes.set(key, pairs.length);
    return pairs.push([a, b]) - 1;
  };
  indexOf(left.start, right.start);
  const states: AutomatonState[] = [];
  let pairCount = 0;
  for (let index = 0; index < pairs.length; index++) {
    const [a, b] = pairs[index] ?? [0, 0];
    const [one, other] = [left.states[a] ?? deadState, right.states[b] ?? deadState];
    const added = one.transitions.length * other.transitions.length;
    pairCount += added;
    work.left -= added * pairCost;
    if (pairs.length > stateLimit || pairCount > pairLimit || work.left < 0) return null;
    const transitions = one.transitions.flatMap((first) =>
      other.transitions.flatMap((second) => {
        const set = intersection(first.set, second.set);
        return set.length === 0 ? [] : [{ set, target: indexOf(first.target, second.target) }];
      }),
    );
    states.push({ accepts: one.accepts && other.accepts, transitions });
  }
  return trimmed({ start: 0, states });
}

/** Without the ways that lead to no end. */
export function trimmed({ start, states }: Automaton): Automaton {
  const sources = states.map((): number[] => []);
  states.forEach(({ transitions }, index) => {
    for (const { target } of transitions) sources[target]?.push(index);
  });
  const alive = new Set<number>();
  const open = states.flatMap(({ accepts }, index) => (accepts ? [index] : []));
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (alive.has(state)) continue;
    alive.add(state);
    open.push(...(sources[state] ?? []));
  }
  const kept = states.map(({ accepts, transitions }) => ({
    accepts,
    transitions: transitions.filter(({ target }) => alive.has(target)),
  }));
  return { start, states: kept };
}

/** Texts of `min` to `max` characters; `null` = without end, or where that takes too many states. */
export function lengthAutomaton(min: number, max: number | null): Automaton | null {
  const count = max ?? min;
  if (count >= stateLimit) return null;
  const states = Array.from({ length: count + 1 }, (_, length): AutomatonState => {
    const target = length < count ? length + 1 : length;
    const goesOn = length < count || max === null;
    return { accepts: length >= min, transitions: goesOn ? [{ set: allCodePoints, target }] : [] };
  });
  return { start: 0, states };
}

/** The shortest and the longest text of a trimmed automaton; `null` = without end. */
export function lengthsOf({ start, states }: Automaton): { min: number; max: number | null } {
  let min = Infinity;
  let max = 0;
  let reached = new Set([start]);
  // A text longer than there are states goes through one of them twice, and so has no longest.
  for (let length = 0; length <= states.length && reached.size > 0; length++) {
    const next = new Set<number>();
    for (const index of reached) {
      const { accepts, transitions } = states[index] ?? deadState;
      if (accepts) {
        min = Math.min(min, length);
        max = length;
      }
      for (const { target } of transitions) next.add(target);
    }
    reached = next;
  }
  return { min, max: reached.size > 0 ? null : max };
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
