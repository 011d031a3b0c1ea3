// Over 300 lines: everything that is read off a text once, in one pass; parts of it would each read the text again.
import { newStamp, openAutomaton, type Automaton, type Sifted } from '../sieve/sieve.ts';
import { anchorOf, anchorTable, stemLength } from './anchor-words.ts';

/**
 * What one pass over a text tells about it, so that a detector need not look for itself whether it has anything to look at: most
 * texts have nothing, and hundreds of searches that find nothing were most of the time that reading took.
 */
export class TextFacts {
  readonly text: string;
  #marks: Marks | null = null;
  /** Of each list of beginnings, once they were asked for. */
  #places: ReadonlyMap<number, readonly number[]> | null = null;

  /** @param text NFKC */
  constructor(text: string) {
    this.text = text;
  }

  /** Characters between spaces and controls, of the longest such run. */
  get longestWord(): number {
    return this.#read().longestWord;
  }

  /** Where words begin that belong to these anchors, in order. @param anchor of `anchorOf` */
  startsOf(anchor: number): readonly number[] {
    const { starts, masks } = this.#read();
    const found: number[] = [];
    for (let index = 0; index < starts.length; index++)
      if (((masks[index] ?? 0) & anchor) !== 0) found.push(starts[index] ?? 0);
    return found;
  }

  /** Whether there is a word of these anchors. */
  hasAnchor(anchor: number): boolean {
    return (this.#read().allMasks & anchor) !== 0;
  }

  /** Where a name may begin: capital letters, and whatever is not ASCII, behind what ends a word. In order. */
  get capitals(): readonly number[] {
    return this.#read().capitals;
  }

  /** Digits of the longest stretch of digits, spaces and `.-/()+`. */
  get longestNumber(): number {
    return this.#read().longestNumber;
  }

  /** Runs of characters of base64, of at least 12. */
  get codeRuns(): readonly { readonly start: number; readonly end: number }[] {
    return this.#read().codeRuns;
  }

  get isAscii(): boolean {
    return this.#read().isAscii;
  }

  /** Whether what the pattern needs is there. `false`: it matches nowhere in it. */
  mayMatch({ ways }: Sifted): boolean {
    return ways.length === 0 || satisfies(ways, this.#read().lists);
  }

  /** The same of a part. */
  lookInto(start: number, end: number): PartFacts {
    return new PartFacts(this.#read(), start, end);
  }

  /** Where one of the pattern's beginnings stands within a part, in order; `null` where these are not known. */
  placesOf({ starts }: Sifted, start = 0, end = Infinity): readonly number[] | null {
    if (starts < 0) return null;
    this.#places ??= placesIn(this.#read());
    const known = this.#places.get(starts) ?? [];
    if (start === 0 && end >= this.text.length) return known;
    return known.filter((place) => place >= start && place < end);
  }

  #read(): Marks {
    return (this.#marks ??= readMarks(this.text));
  }
}

/** What stands within a part of a text. */
export class PartFacts {
  readonly #lists: Int32Array;

  constructor({ automaton, hitEnds, hits, lists }: Marks, start: number, end: number) {
    const { bits, stamps } = automaton;
    const stamp = newStamp(automaton);
    this.#lists = new Int32Array(lists.length);
    for (let index = firstAbove(hitEnds, start); index < hits.length; index++) {
      if ((hitEnds[index] ?? 0) > end) break;
      const hit = hits[index] ?? 0;
      if (stamps[hit] === stamp) continue;
      stamps[hit] = stamp;
      mark(this.#lists, bits[hit] ?? none);
    }
  }

  mayMatch({ ways }: Sifted): boolean {
    return ways.length === 0 || satisfies(ways, this.#lists);
  }
}

interface Marks {
  readonly starts: readonly number[];
  readonly masks: readonly number[];
  readonly allMasks: number;
  readonly longestWord: number;
  readonly longestNumber: number;
  readonly capitals: readonly number[];
  readonly codeRuns: TextFacts['codeRuns'];
  readonly isAscii: boolean;
  readonly automaton: Automaton;
  /** Where literals end (behind their last letter), and what ends there. */
  readonly hitEnds: readonly number[];
  readonly hits: readonly number[];
  /** A bit for each list that has a literal in the text. */
  readonly lists: Int32Array;
}

function satisfies(ways: Sifted['ways'], lists: Int32Array): boolean {
  for (const way of ways) {
    let isThere = true;
    for (const list of way) {
      if ((((lists[list >>> 5] ?? 0) >>> (list & 31)) & 1) === 0) {
        isThere = false;
        break;
      }
    }
    if (isThere) return true;
  }
  return false;
}

const none = new Int32Array(0);

function mark(lists: Int32Array, bits: Int32Array): void {
  for (let at = 0; at < bits.length; at += 2) {
    const word = bits[at] ?? 0;
    lists[word] = (lists[word] ?? 0) | (bits[at + 1] ?? 0);
  }
}

/** The first of some numbers in order that is above a limit. */
function firstAbove(ordered: readonly number[], limit: number): number {
  let low = 0;
  for (let high = ordered.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Of each list of beginnings where they stand, in order. */
function placesIn({ automaton, hitEnds, hits }: Marks): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  const mixed = new Set<number[]>();
  for (let index = 0; index < hits.length; index++) {
    const found = automaton.found[hits[index] ?? 0] ?? [];
    for (let at = 0; at < found.length; at += 2) {
      const list = found[at] ?? 0;
      const place = (hitEnds[index] ?? 0) - (found[at + 1] ?? 0);
      const known = places.get(list);
      if (known === undefined) places.set(list, [place]);
      else {
        // A longer literal may end behind a shorter one and begin before it.
        if (place < (known.at(-1) ?? 0)) mixed.add(known);
        known.push(place);
      }
    }
  }
  for (const known of mixed) known.sort((a, b) => a - b);
  return places;
}

const kind = { digit: 1, numberSign: 2, code: 4, capital: 8, inName: 16, space: 32 } as const;
/**
 * Of each ASCII code, and at 128 of all others: bits of `kind`, and eight bits further up its lower case where patterns count it to
 * words (`\w`), else 0.
 */
const traits = Uint16Array.from({ length: 129 }, (_, code) => {
  if (code === 128) return kind.capital;
  const character = String.fromCharCode(code);
  return (
    (/\d/.test(character) ? kind.digit : 0) |
    (/[ .\-/()+]/.test(character) ? kind.numberSign : 0) |
    (/[A-Za-z0-9+/_-]/.test(character) ? kind.code : 0) |
    (/[A-Z]/.test(character) ? kind.capital : 0) |
    (/[A-Za-z0-9@./_-]/.test(character) ? kind.inName : 0) |
    (code <= 0x20 ? kind.space : 0) |
    (/\w/.test(character) ? character.toLowerCase().charCodeAt(0) << 8 : 0)
  );
});
const shortestCode = 12;

const encoder = new TextEncoder();
/** The text that is being read, a byte for each unit; 128: not ASCII. */
let codes = new Uint8Array(4096);

/** Whether all of it is ASCII. */
function readCodes(text: string): boolean {
  const { length } = text;
  if (codes.length < length + 8) codes = new Uint8Array(length * 2);
  // As many bytes as units: each is ASCII, as nothing else has a byte for a unit.
  const { read, written } = encoder.encodeInto(text, codes);
  if (read === length && written === length) return true;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    codes[index] = code < 128 ? code : 128;
  }
  return false;
}

function readMarks(text: string): Marks {
  const automaton = openAutomaton();
  const { letters, next, ends, bits, stamps } = automaton;
  const stamp = newStamp(automaton);
  const isAscii = readCodes(text);
  const lists = new Int32Array(automaton.wordCount);
  const starts: number[] = [];
  const masks: number[] = [];
  const capitals: number[] = [];
  const codeRuns: { start: number; end: number }[] = [];
  const hitEnds: number[] = [];
  const hits: number[] = [];
  let allMasks = 0;
  let longestWord = 0;
  let longestNumber = 0;
  let numberLength = 0;
  /** Where the run without spaces began, and that of characters of base64. */
  let runStart = 0;
  let codeStart = 0;
  let wordStart = -1;
  let hash = anchorTable.seed;
  let stemMask = 0;
  let state = 0;
  let kindBefore = 0;
  const { length } = text;
  const bytes = codes;
  bytes[length] = 0x20;
  for (let index = 0; index <= length; index++) {
    const code = bytes[index] ?? 0;
    const kindHere = traits[code] ?? 0;
    state = next[(state << 6) | (letters[code] ?? 0)] ?? 0;
    const end = ends[state] ?? 0;
    if (end !== 0 && index < length) {
      hitEnds.push(index + 1);
      hits.push(end);
      if (stamps[end] !== stamp) {
        stamps[end] = stamp;
        mark(lists, bits[end] ?? none);
      }
    }
    if ((kindHere & kind.capital) !== 0 && (kindBefore & kind.inName) === 0) capitals.push(index);
    kindBefore = kindHere;
    if ((kindHere & kind.code) === 0) {
      if (index - codeStart >= shortestCode) codeRuns.push({ start: codeStart, end: index });
      codeStart = index + 1;
    }
    if ((kindHere & kind.digit) !== 0) {
      if (++numberLength > longestNumber) longestNumber = numberLength;
    } else if ((kindHere & kind.numberSign) === 0) numberLength = 0;
    const letter = kindHere >>> 8;
    if (letter !== 0) {
      if (wordStart < 0) {
        wordStart = index;
        hash = anchorTable.seed;
        stemMask = 0;
      }
      hash = anchorTable.step(hash, letter);
      if (index - wordStart === stemLength - 1) stemMask = anchorTable.stemMask(hash);
      continue;
    }
    if (wordStart >= 0) {
      let mask = stemMask | anchorTable.wordMask(hash);
      if (((traits[bytes[wordStart] ?? 0] ?? 0) & kind.digit) !== 0) mask |= anchorOf.digits;
      if (mask !== 0) {
        starts.push(wordStart);
        masks.push(mask);
        allMasks |= mask;
      }
      wordStart = -1;
    }
    if ((kindHere & kind.space) !== 0) {
      if (index - runStart > longestWord) longestWord = index - runStart;
      runStart = index + 1;
    }
  }
  return {
    starts,
    masks,
    allMasks,
    longestWord,
    longestNumber,
    capitals,
    codeRuns,
    isAscii,
    automaton,
    hitEnds,
    hits,
    lists,
  };
}
