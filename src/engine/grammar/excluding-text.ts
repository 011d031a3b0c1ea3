import { automatonExpression, type Automaton, type AutomatonState } from './automaton.ts';
import { allCodePoints, codePointsOf, codePointSet, difference, type CodePointRange } from './code-points.ts';
import { characterOf, type Expression } from './expression.ts';
import type { RuleBook } from './rule-book.ts';

/** Any text in which none of the strings occurs. */
export function freeText(without: readonly string[], book: RuleBook): Expression {
  return automatonExpression(withoutStrings(without), book, characterOf);
}

interface TrieNode {
  readonly children: Map<number, number>;
  isEnd: boolean;
}

function trieOf(strings: readonly string[]): TrieNode[] {
  const nodes: TrieNode[] = [{ children: new Map(), isEnd: false }];
  for (const string of strings) {
    let at = 0;
    for (const codePoint of codePointsOf(string)) {
      let next = nodes[at]?.children.get(codePoint);
      if (next === undefined) {
        next = nodes.push({ children: new Map(), isEnd: false }) - 1;
        nodes[at]?.children.set(codePoint, next);
      }
      at = next;
    }
    const end = nodes[at];
    if (end !== undefined) end.isEnd = true;
  }
  return nodes;
}

/** Texts that are none of the strings. */
export function otherThan(strings: readonly string[]): Automaton {
  const nodes = trieOf(strings);
  const free = nodes.length;
  const states: AutomatonState[] = nodes.map(({ children, isEnd }) => ({
    accepts: !isEnd,
    transitions: [
      ...[...children].map(([codePoint, target]) => ({ set: [[codePoint, codePoint]] as const, target })),
      { set: othersThan(children.keys()), target: free },
    ],
  }));
  states.push({ accepts: true, transitions: [{ set: allCodePoints, target: free }] });
  return { start: 0, states };
}

/** Texts in which none of the strings occurs: the automaton of Aho and Corasick (1975) without its ends. */
function withoutStrings(strings: readonly string[]): Automaton {
  const nodes = trieOf(strings);
  const failure = new Array<number>(nodes.length).fill(0);
  const forbidden = nodes.map((node) => node.isEnd);
  const moves = nodes.map((node) => new Map(node.children));
  const queue = [0];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const back = failure[at] ?? 0;
    if (forbidden[back] === true) forbidden[at] = true;
    if (at !== 0) {
      for (const [codePoint, target] of moves[back] ?? []) {
        const own = moves[at];
        if (own?.has(codePoint) === false) own.set(codePoint, target);
      }
    }
    for (const [codePoint, child] of nodes[at]?.children ?? []) {
      failure[child] = at === 0 ? 0 : (moves[back]?.get(codePoint) ?? 0);
      queue.push(child);
    }
  }
  const states = moves.map((move, index): AutomatonState => {
    if (forbidden[index] === true) return { accepts: false, transitions: [] };
    return {
      accepts: true,
      transitions: [
        ...[...move]
          .filter(([, target]) => forbidden[target] !== true)
          .map(([codePoint, target]) => ({ set: [[codePoint, codePoint]] as const, target })),
        { set: othersThan(move.keys()), target: 0 },
      ],
    };
  });
  return { start: 0, states };
}

function othersThan(codePoints: Iterable<number>): ReturnType<typeof codePointSet> {
  const taken = [...codePoints].map((codePoint): CodePointRange => [codePoint, codePoint]);
  return difference(allCodePoints, codePointSet(taken));
}
