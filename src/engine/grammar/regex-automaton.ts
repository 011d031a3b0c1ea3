import { stateLimit, trimmed, type Automaton, type AutomatonState, type AutomatonWork } from './automaton.ts';
import { allCodePoints, codePointSet, contains, partition, type CodePointSet } from './code-points.ts';
import { parseRegex, RegexProblem, type Regex } from './regex.ts';

/** An edge is taken by a character of a set, by the beginning or the end of the text, or by nothing. */
interface Edge {
  readonly on: CodePointSet | 'start' | 'end' | 'nothing';
  readonly target: number;
}

const nodeLimit = 20_000;
const partLimit = 100_000;
/** Sets of characters that a pattern tells apart; each state looks at every block that they make of all characters. */
const setLimit = 500;
/** Nodes that the subset construction looks at, over all its states and blocks; some ten nanoseconds each. */
export const workLimit = 20_000_000;

/**
 * The texts in which a pattern is found, as JSON Schema means it: anywhere, unless it is anchored.
 * @throws RegexProblem for what is no pattern, cannot be enforced, or needs too many states
 */
export function regexAutomaton(pattern: string, work: AutomatonWork = { left: workLimit }): Automaton {
  const { edges, start, end } = searching(parseRegex(pattern));
  return determined(edges, start, end, work);
}

/**
 * Thompson's construction (1968). `^` and `$` are characters of their own, one before and one after the text, and the
 * pattern stands between anything: `(start|any)* pattern (any|end)*`.
 */
function searching(regex: Regex): { edges: Edge[][]; start: number; end: number } {
  const edges: Edge[][] = [];
  function node(): number {
    if (edges.length >= nodeLimit) throw new RegexProblem('it repeats too much');
    return edges.push([]) - 1;
  }
  function connect(source: number, on: Edge['on'], target: number): void {
    edges[source]?.push({ on, target });
  }

  let partCount = 0;
  /** Adds a part that begins at a node; returns the node at its end. */
  function add(part: Regex, from: number): number {
    // A group without characters adds no node, however often it is repeated.
    partCount += 1;
    if (partCount > partLimit) throw new RegexProblem('it repeats too much');
    switch (part.kind) {
      case 'set':
      case 'start':
      case 'end': {
        const to = node();
        connect(from, part.kind === 'set' ? part.set : part.kind, to);
        return to;
      }
      case 'sequence':
        return part.items.reduce((at, item) => add(item, at), from);
      case 'choice': {
        const to = node();
        for (const option of part.options) connect(add(option, from), 'nothing', to);
        return to;
      }
      case 'repeat':
        return addRepeat(part.item, part.min, part.max, from);
    }
  }

  function addRepeat(item: Regex, min: number, max: number | null, from: number): number {
    let at = from;
    for (let count = 0; count < min; count++) at = add(item, at);
    if (max === null) {
      const loop = node();
      connect(at, 'nothing', loop);
      connect(add(item, loop), 'nothing', loop);
      const to = node();
      connect(loop, 'nothing', to);
      return to;
    }
    const to = node();
    for (let count = min; count < max; count++) {
      connect(at, 'nothing', to);
      // A node of its own: the item may loop back to where it begins.
      const begin = node();
      connect(at, 'nothing', begin);
      at = add(item, begin);
    }
    connect(at, 'nothing', to);
    return to;
  }

  const start = node();
  connect(start, 'start', start);
  connect(start, allCodePoints, start);
  const begin = node();
  connect(start, 'nothing', begin);
  const end = node();
  connect(add(regex, begin), 'nothing', end);
  connect(end, 'end', end);
  connect(end, allCodePoints, end);
  return { edges, start, end };
}

/** The subset construction (Rabin and Scott 1959), of the text between its two marks. */
function determined(
  edges: readonly (readonly Edge[])[],
  start: number,
  end: number,
  work: AutomatonWork,
): Automaton {
  const sets = edges.flat().flatMap(({ on }) => (typeof on === 'string' ? [] : [on]));
  const distinct = [...new Map(sets.map((set) => [JSON.stringify(set), set])).values()];
  if (distinct.length > setLimit)
    throw new RegexProblem(`it tells more than ${setLimit} sets of characters apart`);
  const blocks = partition(distinct);

  function spend(nodeCount: number): void {
    work.left -= nodeCount;
    if (work.left < 0) throw new RegexProblem('it is too complex');
  }
  function closure(nodes: Iterable<number>): number[] {
    const reached = new Set<number>();
    const open = [...nodes];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      for (const { on, target } of edges[at] ?? []) if (on === 'nothing') open.push(target);
    }
    spend(reached.size);
    return [...reached].sort((a, b) => a - b);
  }
  /** All marks of one kind that can be taken one after the other: `^^` is true where `^` is. */
  function mark(nodes: readonly number[], kind: 'start' | 'end'): number[] {
    const reached = new Set<number>();
    let open = [...nodes];
    while (open.length > 0) {
      const targets = open.flatMap((at) =>
        (edges[at] ?? []).filter(({ on }) => on === kind).map(({ target }) => target),
      );
      open = closure(targets).filter((at) => !reached.has(at));
      for (const at of open) reached.add(at);
    }
    return [...reached].sort((a, b) => a - b);
  }

  const indexes = new Map<string, number>();
  const subsets: number[][] = [];
  const indexOf = (subset: number[]): number => {
    const key = subset.join(' ');
    const known = indexes.get(key);
    if (known !== undefined) return known;
    if (subsets.length >= stateLimit) throw new RegexProblem('it needs too many states');
    indexes.set(key, subsets.length);
    return subsets.push(subset) - 1;
  };
  indexOf(mark(closure([start]), 'start'));
  const states: AutomatonState[] = [];
  for (let index = 0; index < subsets.length; index++) {
    const subset = subsets[index] ?? [];
    const targets = new Map<number, CodePointSet[]>();
    for (const block of blocks) {
      const sample = block[0]?.[0] ?? 0;
      spend(subset.length);
      const moved = subset.flatMap((at) =>
        (edges[at] ?? [])
          .filter(({ on }) => typeof on !== 'string' && contains(on, sample))
          .map(({ target }) => target),
      );
      if (moved.length === 0) continue;
      const target = indexOf(closure(moved));
      targets.set(target, [...(targets.get(target) ?? []), block]);
    }
    states.push({
      accepts: mark(subset, 'end').includes(end),
      transitions: [...targets].map(([target, parts]) => ({ set: codePointSet(parts.flat()), target })),
    });
  }
  return trimmed({ start: 0, states });
}
