import {
  allCodePoints,
  codePointSet,
  difference,
  type CodePointRange,
  type CodePointSet,
} from './code-points.ts';

/** A regular expression of ECMA-262 (flag `u`), without what no finite automaton can do. */
export type Regex =
  | { readonly kind: 'set'; readonly set: CodePointSet }
  /** `^` and `$`: true at the beginning and the end of the text. */
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence'; readonly items: readonly Regex[] }
  | { readonly kind: 'choice'; readonly options: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly item: Regex; readonly min: number; readonly max: number | null };

/** What a pattern holds that cannot be enforced, e.g. `a lookahead`. */
export class RegexProblem extends Error {}

const digitSet = codePointSet([[0x30, 0x39]]);
const wordSet = codePointSet([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** WhiteSpace and LineTerminator of ECMA-262. */
const spaceSet = codePointSet(
  [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]
    .map((codePoint): CodePointRange => [codePoint, codePoint])
    .concat([[0x2000, 0x200a]]),
);
const lineEnds = codePointSet([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);
const classes: ReadonlyMap<string, CodePointSet> = new Map([
  ['d', digitSet],
  ['D', difference(allCodePoints, digitSet)],
  ['w', wordSet],
  ['W', difference(allCodePoints, wordSet)],
  ['s', spaceSet],
  ['S', difference(allCodePoints, spaceSet)],
]);
const controls: ReadonlyMap<string, number> = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['f', 0x0c],
  ['v', 0x0b],
  ['0', 0],
]);

/** Nested groups; deeper ones would exhaust the stack. */
const groupLimit = 100;

/** @throws RegexProblem for what is no pattern, and for what cannot be enforced */
export function parseRegex(pattern: string): Regex {
  try {
    new RegExp(pattern, 'u');
  } catch {
    throw new RegexProblem('it is no regular expression of ECMA-262 (flag u)');
  }
  const source = Array.from(pattern);
  let at = 0;
  let depth = 0;

  const peek = (text: string): boolean => source.slice(at, at + text.length).join('') === text;
  function take(text: string): boolean {
    if (!peek(text)) return false;
    at += text.length;
    return true;
  }

  function alternatives(): Regex {
    depth += 1;
    if (depth > groupLimit) throw new RegexProblem(`groups nest deeper than ${groupLimit} levels`);
    const options = [terms()];
    while (take('|')) options.push(terms());
    depth -= 1;
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'choice', options };
  }

  function terms(): Regex {
    const items: Regex[] = [];
    while (at < source.length && !peek('|') && !peek(')')) items.push(quantified(atom()));
    return { kind: 'sequence', items };
  }

  function quantified(item: Regex): Regex {
    const bounds = quantifier();
    if (bounds === null) return item;
    // Lazy or not, the same texts match.
    take('?');
    return { kind: 'repeat', item, ...bounds };
  }

  function quantifier(): { min: number; max: number | null } | null {
    if (take('*')) return { min: 0, max: null };
    if (take('+')) return { min: 1, max: null };
    if (take('?')) return { min: 0, max: 1 };
    if (!take('{')) return null;
    const end = source.indexOf('}', at);
    const [min = '0', max] = source.slice(at, end).join('').split(',');
    at = end + 1;
    return { min: Number(min), max: max === undefined ? Number(min) : max === '' ? null : Number(max) };
  }

  function atom(): Regex {
    if (take('(')) return group();
    if (take('[')) return { kind: 'set', set: bracket() };
    if (take('^')) return { kind: 'start' };
    if (take('$')) return { kind: 'end' };
    if (take('.')) return { kind: 'set', set: difference(allCodePoints, lineEnds) };
    if (take('\\')) return { kind: 'set', set: escape() };
    return { kind: 'set', set: single(next()) };
  }

  function group(): Regex {
    for (const [mark, what] of [
      ['?=', 'a lookahead'],
      ['?!', 'a lookahead'],
      ['?<=', 'a lookbehind'],
      ['?<!', 'a lookbehind'],
    ] as const) {
      if (peek(mark)) throw new RegexProblem(`${what} cannot be enforced`);
    }
    if (take('?<')) at = source.indexOf('>', at) + 1;
    else if (take('?') && !take(':')) throw new RegexProblem('flags inside a group cannot be enforced');
    const inner = alternatives();
    at += 1;
    return inner;
  }

  function bracket(): CodePointSet {
    const isNegated = take('^');
    let ranges: CodePointRange[] = [];
    while (!take(']')) {
      const first = member();
      // A hyphen between two characters is a range; at an end it is itself.
      if (peek('-') && source[at + 1] !== ']') {
        at += 1;
        const last = member();
        ranges.push([first[0]?.[0] ?? 0, last[0]?.[0] ?? 0]);
      } else ranges = ranges.concat(first);
    }
    const set = codePointSet(ranges);
    return isNegated ? difference(allCodePoints, set) : set;
  }

  function member(): CodePointSet {
    return take('\\') ? escape() : single(next());
  }

  function escape(): CodePointSet {
    const letter = next();
    const known = classes.get(letter);
    if (known !== undefined) return known;
    if (letter === 'b' || letter === 'B') throw new RegexProblem('a word boundary (\\b) cannot be enforced');
    if (letter === 'k' || /[1-9]/.test(letter)) throw new RegexProblem('a back reference cannot be enforced');
    if (letter === 'p' || letter === 'P')
      throw new RegexProblem('a Unicode property (\\p) cannot be enforced');
    const control = controls.get(letter);
    if (control !== undefined) return codePointSet([[control, control]]);
    if (letter === 'c') return single(String.fromCharCode(next().charCodeAt(0) % 32));
    if (letter === 'x') return hexSet(2);
    if (letter === 'u') return unicode();
    return single(letter);
  }

  function unicode(): CodePointSet {
    if (take('{')) {
      const end = source.indexOf('}', at);
      const codePoint = parseInt(source.slice(at, end).join(''), 16);
      at = end + 1;
      return codePointSet([[codePoint, codePoint]]);
    }
    const head = hexDigits(4);
    // With flag u a pair of escaped surrogates is one character.
    if (head >= 0xd800 && head <= 0xdbff && take('\\u')) {
      const tail = hexDigits(4);
      const codePoint = 0x10000 + ((head - 0xd800) << 10) + (tail - 0xdc00);
      return codePointSet([[codePoint, codePoint]]);
    }
    return codePointSet([[head, head]]);
  }

  function hexSet(length: number): CodePointSet {
    const codePoint = hexDigits(length);
    return codePointSet([[codePoint, codePoint]]);
  }

  function hexDigits(length: number): number {
    const value = parseInt(source.slice(at, at + length).join(''), 16);
    at += length;
    return value;
  }

  function next(): string {
    const character = source[at] ?? '';
    at += 1;
    return character;
  }

  return alternatives();
}

function single(character: string): CodePointSet {
  const codePoint = character.codePointAt(0) ?? 0;
  return codePointSet([[codePoint, codePoint]]);
}
