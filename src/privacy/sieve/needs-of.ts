// Over 300 lines with its reader of patterns, which is of no use to others.
import { frequencyOf, lettersOf } from './letters.ts';

/** In the letters of `letters.ts`. */
export type Literals = readonly string[];

/**
 * What must stand in a text for a pattern to match in it, read off the pattern itself (as RE2's FilteredRE2 does). Never too much:
 * what is not understood needs nothing.
 */
export interface Needs {
  /** For each way in which it can match some lists, of each of which one literal must be there. None: it can match anywhere. */
  readonly ways: readonly (readonly Literals[])[];
  /** A match begins with one of these. `null`: it can begin with too much. */
  readonly starts: Literals | null;
}

/** What a part of a pattern matches: these texts and nothing else, or something that needs these literals. */
interface Part {
  readonly exact: ReadonlySet<string> | null;
  readonly lists: readonly Literals[];
  /** Beginnings of what it matches, where it is not exact. */
  readonly starts: ReadonlySet<string> | null;
}

/** Texts of a part that are followed one by one. */
const exactLimit = 48;
const unionLimit = 256;
const repeatLimit = 6;
const classLimit = 6;
/** Letters of a literal: enough to be rare. Digits are all alike, so that more of them are. */
const wordLimit = 4;
const numberLimit = 9;
const limitOf = (text: string): number => (text.includes('0') ? numberLimit : wordLimit);
/** A list whose literals stand in every line tells nothing. In times for each character. */
const commonest = 1 / 40;
/** The rarest of a way says nearly all, and each costs a look at every text: another one is taken where it is as rare as this. */
const rareEnough = 1 / 1000;
/** To look at so many places is no less work than to look everywhere. */
const commonestStart = 1 / 250;

const nothing: Part = { exact: new Set(['']), lists: [], starts: null };
const anything: Part = { exact: null, lists: [], starts: null };
const exactly = (...texts: readonly string[]): Part => ({ exact: new Set(texts), lists: [], starts: null });

export function needsOf(pattern: RegExp): Needs {
  const ways = new Reader(pattern.source, /[uv]/.test(pattern.flags)).ways();
  const lists = ways.map((way) => {
    const [best, next] = [...listsOf(way)].sort((a, b) => costOf(a) - costOf(b));
    return best === undefined ? [] : next === undefined || costOf(next) > rareEnough ? [best] : [best, next];
  });
  return {
    // A way that needs nothing can be taken anywhere.
    ways: lists.some((way) => way.length === 0) ? [] : lists,
    starts: startsOf(oneOf(ways).exact ?? startsOfAll(ways)),
  };
}

/** With its texts, where it is nothing but these, as a list. */
function listsOf({ exact, lists }: Part): readonly Literals[] {
  const list = exact === null ? null : listOf(exact);
  return list === null ? lists : [...lists, list];
}

const costOf = (list: Literals): number => list.reduce((sum, one) => sum + frequencyOf(one), 0);

/** Without those that hold another one; `null` where they tell nothing. */
function listOf(texts: Iterable<string>): Literals | null {
  const cut = [...new Set(Array.from(texts, rarestPart))].sort((a, b) => a.length - b.length);
  const kept: string[] = [];
  for (const one of cut) if (!kept.some((other) => one.includes(other))) kept.push(one);
  return kept[0] === '' || kept.length === 0 || costOf(kept) > commonest ? null : kept;
}

function startsOf(texts: ReadonlySet<string> | null): Literals | null {
  if (texts === null) return null;
  const cut = [...new Set(Array.from(texts, (one) => one.slice(0, limitOf(one))))];
  const kept: string[] = [];
  for (const one of cut.sort((a, b) => a.length - b.length))
    if (!kept.some((other) => one.startsWith(other))) kept.push(one);
  return kept[0] === '' || costOf(kept) > commonestStart ? null : kept;
}

function startsOfAll(parts: readonly Part[]): ReadonlySet<string> | null {
  const starts = new Set<string>();
  for (const { exact, starts: own } of parts) {
    const some = exact ?? own;
    if (some === null) return null;
    for (const one of some) starts.add(one);
  }
  return starts.size > unionLimit ? null : starts;
}

/** Of a long text the part that is least common. */
function rarestPart(text: string): string {
  const limit = limitOf(text);
  let best = text.slice(0, limit);
  for (let at = 1; at + limit <= text.length; at++) {
    const part = text.slice(at, at + limit);
    if (frequencyOf(part) < frequencyOf(best)) best = part;
  }
  return best;
}

/** Each of the ones with each of the others behind it; `null`: too many. */
function joined(ones: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> | null {
  if (ones.size * others.size > exactLimit && !(ones.size === 1 && others.size <= unionLimit)) return null;
  const all = new Set<string>();
  for (const one of ones) for (const other of others) all.add(one + other);
  return all;
}

/** One behind the other. */
class Chain {
  #exact: ReadonlySet<string> = new Set(['']);
  #isWhole = true;
  #starts: ReadonlySet<string> | null = null;
  readonly #lists: Literals[] = [];

  add(part: Part): void {
    const all = part.exact === null ? null : joined(this.#exact, part.exact);
    if (all !== null) {
      this.#exact = all;
      return;
    }
    const starts = part.exact ?? part.starts;
    this.cut(starts === null ? null : joined(this.#exact, starts));
    if (part.exact === null) this.#lists.push(...part.lists);
    else this.#exact = part.exact;
  }

  /** What comes next may stand behind anything. @param starts longer ones than what came before, where they are known */
  cut(starts: ReadonlySet<string> | null = null): void {
    if (this.#isWhole) this.#starts = starts ?? this.#exact;
    const list = listOf(this.#exact);
    if (list !== null) this.#lists.push(list);
    this.#exact = new Set(['']);
    this.#isWhole = false;
  }

  part(): Part {
    if (this.#isWhole) return { exact: this.#exact, lists: [], starts: null };
    this.cut();
    return { exact: null, lists: this.#lists, starts: this.#starts };
  }
}

function oneOf(parts: readonly Part[]): Part {
  if (parts.length === 1) return parts[0] ?? anything;
  const exact = new Set<string>();
  let isExact = true;
  for (const part of parts) {
    if (part.exact === null) isExact = false;
    else for (const one of part.exact) exact.add(one);
  }
  if (isExact && exact.size <= unionLimit) return exactly(...exact);
  const starts = startsOfAll(parts);
  const best = parts.map((part) =>
    listsOf(part).reduce<Literals | null>(
      (least, list) => (least === null || costOf(list) < costOf(least) ? list : least),
      null,
    ),
  );
  if (best.includes(null)) return { ...anything, starts };
  const list = listOf(best.flatMap((one) => one ?? []));
  return { exact: null, lists: list === null ? [] : [list], starts };
}

class Reader {
  readonly #source: string;
  readonly #isUnicode: boolean;
  #at = 0;

  constructor(source: string, isUnicode: boolean) {
    this.#source = source;
    this.#isUnicode = isUnicode;
  }

  /** The alternatives of the whole pattern, each for itself. */
  ways(): Part[] {
    const ways = this.#alternatives();
    if (this.#at < this.#source.length) throw new Error(`Not read: ${this.#source.slice(this.#at)}`);
    return ways;
  }

  #alternatives(): Part[] {
    const parts = [this.#chain()];
    while (this.#take('|')) parts.push(this.#chain());
    return parts;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What a pattern with the flag `y` finds here. */
  #read(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #chain(): Part {
    const chain = new Chain();
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at] ?? '')) {
      const part = this.#atom();
      const [least, most] = this.#repeat();
      if (least === 1 && most === 1) chain.add(part);
      else if (least === 0 && most === 1)
        chain.add(part.exact === null ? anything : exactly('', ...part.exact));
      else if (least === 0) chain.add(anything);
      else {
        const times = Math.min(least, repeatLimit);
        for (let time = 0; time < times; time++) chain.add(part);
        if (most === times) continue;
        // As it begins so it ends.
        chain.cut();
        if (part.exact !== null) for (let time = 0; time < times; time++) chain.add(part);
      }
    }
    return chain.part();
  }

  #repeat(): readonly [least: number, most: number] {
    const [, sign, least, comma, most] = this.#read(/(?:([?*+])|\{(\d+)(,)?(\d+)?\})\??/y) ?? [];
    if (sign !== undefined) return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity];
    if (least === undefined) return [1, 1];
    if (comma === undefined) return [Number(least), Number(least)];
    return [Number(least), most === undefined ? Infinity : Number(most)];
  }

  #atom(): Part {
    if (this.#take('[')) return this.#class();
    if (this.#take('.')) return anything;
    if (this.#take('^') || this.#take('$')) return nothing;
    if (this.#take('(')) return this.#group();
    if (this.#take('\\')) return this.#escape();
    return exactly(lettersOf(this.#codePoint()));
  }

  #group(): Part {
    const isLook = ['?=', '?!', '?<=', '?<!'].some((sign) => this.#take(sign));
    if (!isLook && !this.#take('?:')) this.#read(/\?<\w+>/y);
    const parts = this.#alternatives();
    if (!this.#take(')')) throw new Error(`A group without an end: ${this.#source}`);
    return isLook ? nothing : oneOf(parts);
  }

  #escape(): Part {
    if (this.#take('b') || this.#take('B')) return nothing;
    if (this.#take('d')) return exactly('0');
    if (this.#read(/[pP]\{[^}]*\}|k<\w+>|[1-9]\d*|[DwWsS]/y) !== null) return anything;
    return exactly(lettersOf(this.#escaped()));
  }

  /** A code point behind a backslash. */
  #escaped(): number {
    const [whole, wide, braced, narrow] =
      this.#read(/u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})/y) ?? [];
    if (whole !== undefined) return Number.parseInt(wide ?? braced ?? narrow ?? '0', 16);
    const code = this.#codePoint();
    return controls.get(String.fromCodePoint(code)) ?? code;
  }

  #codePoint(): number {
    const code = this.#isUnicode
      ? (this.#source.codePointAt(this.#at) ?? 0)
      : this.#source.charCodeAt(this.#at);
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #class(): Part {
    let isWide = this.#take('^');
    const letters = new Set<string>();
    let last: number | null = null;
    while (!this.#take(']')) {
      const isRange = last !== null && this.#read(/-(?!\])/y) !== null;
      if (this.#take('\\')) {
        if (this.#take('d')) letters.add('0');
        else if (this.#read(/[pP]\{[^}]*\}|[DwWsS]/y) !== null) isWide = true;
        else letters.add(lettersOf((last = this.#between(isRange ? last : null, this.#escaped(), letters))));
      } else letters.add(lettersOf((last = this.#between(isRange ? last : null, this.#codePoint(), letters))));
      if (isRange) last = null;
    }
    return isWide || letters.size > classLimit ? anything : exactly(...letters);
  }

  /** Adds what lies between; all beyond ASCII is one letter. */
  #between(first: number | null, end: number, letters: Set<string>): number {
    if (first !== null)
      for (let code = first; code <= Math.min(end, 128); code++) letters.add(lettersOf(code));
    return end;
  }
}

const controls = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['0', 0],
]);
