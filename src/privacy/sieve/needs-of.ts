import { lettersOf } from './letters.ts';
import {
  anything,
  Chain,
  commonestStart,
  costOf,
  exactly,
  listsOf,
  nothing,
  oneOf,
  startsOf,
  startsOfAll,
  type Literals,
  type Part,
} from './pattern-part.ts';

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

const repeatLimit = 6;
const classLimit = 6;
/** The rarest of a way says nearly all, and each costs a look at every text: another one is taken where it is as rare as this. */
const rareEnough = 1 / 1000;

/** @param commonestOnes how common beginnings may be that are known by their places, in times for each character */
export function needsOf(pattern: RegExp, commonestOnes = commonestStart): Needs {
  const ways = new Reader(pattern.source, /[uv]/.test(pattern.flags)).ways();
  const lists = ways.map((way) => {
    const [best, next] = [...listsOf(way)].sort((a, b) => costOf(a) - costOf(b));
    return best === undefined ? [] : next === undefined || costOf(next) > rareEnough ? [best] : [best, next];
  });
  return {
    // A way that needs nothing can be taken anywhere.
    ways: lists.some((way) => way.length === 0) ? [] : lists,
    starts: startsOf(oneOf(ways).exact ?? startsOfAll(ways), commonestOnes),
  };
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
      } else
        letters.add(lettersOf((last = this.#between(isRange ? last : null, this.#codePoint(), letters))));
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
