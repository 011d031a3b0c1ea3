import { anchorOf, anchorTable, stemLength } from './anchor-words.ts';

/**
 * What one pass over a text tells about it, so that a detector need not look for itself whether it has anything to look at: most
 * texts have nothing, and two dozen searches that find nothing were most of the time that reading took.
 */
export class TextFacts {
  readonly text: string;
  #lower: string | null = null;
  #marks: Marks | null = null;

  /** @param text NFKC */
  constructor(text: string) {
    this.text = text;
  }

  /** Whether one of these stands in it in any case. @param literals ASCII, lower case */
  has(...literals: readonly string[]): boolean {
    this.#lower ??= this.text.toLowerCase();
    return literals.some((literal) => this.#lower?.includes(literal) === true);
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

  #read(): Marks {
    return (this.#marks ??= readMarks(this.text));
  }
}

interface Marks {
  readonly starts: readonly number[];
  readonly masks: readonly number[];
  readonly allMasks: number;
  readonly longestWord: number;
}

/** Of each ASCII character that patterns count to words (`\w`) its lower case, of others 0. */
const folded = Uint8Array.from({ length: 128 }, (_, code) =>
  /\w/.test(String.fromCharCode(code)) ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : 0,
);
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function readMarks(text: string): Marks {
  const starts: number[] = [];
  const masks: number[] = [];
  let allMasks = 0;
  let longestWord = 0;
  /** Where the run without spaces began. */
  let runStart = 0;
  let wordStart = -1;
  let hash = anchorTable.seed;
  let stemMask = 0;
  const { length } = text;
  for (let index = 0; index <= length; index++) {
    const code = index < length ? text.charCodeAt(index) : 0x20;
    const letter = code < 128 ? (folded[code] ?? 0) : 0;
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
      if (isDigit(text.charCodeAt(wordStart))) mask |= anchorOf.digits;
      if (mask !== 0) {
        starts.push(wordStart);
        masks.push(mask);
        allMasks |= mask;
      }
      wordStart = -1;
    }
    if (code <= 0x20) {
      if (index - runStart > longestWord) longestWord = index - runStart;
      runStart = index + 1;
    }
  }
  return { starts, masks, allMasks, longestWord };
}
