import { findWord } from './word-table.ts';

/** What the words of a text say, whatever it is about. */
export interface WordReading {
  /**
   * Mean demand of the words (word-table.ts), the rarer ones counting more, drawn to 0 where there are few: about 0 for common things,
   * 1 for a calculation or a technical case.
   */
  readonly demand: number;
  /** Share of words outside the most frequent 5,000, 0-1, drawn to 0 where there are few. */
  readonly rareShare: number;
}

const frequentRank = 5000;
/** So many bits of unknown words, and so many words, pull both figures to 0. */
const priorBits = 20;
const priorWordCount = 5;
/** Where fewer words than this are known the text is not in English, and rarity says nothing: then it is what it usually is. */
const leastKnownShare = 0.7;
const usualRareShare = 0.15;

/** Pure. Names are not read: a word in capitals counts only where a sentence begins. */
export function readWords(text: string): WordReading {
  let demandSum = 0;
  let bitSum = 0;
  let wordCount = 0;
  let knownCount = 0;
  let rareCount = 0;
  for (const match of text.matchAll(/[A-Za-z]+/g)) {
    const [word] = match;
    if (word.length < 2 || (/^[A-Z]/.test(word) && !beginsSentence(text, match.index))) continue;
    wordCount++;
    const entry = findWord(word.toLowerCase());
    if (entry === undefined || entry.rank > frequentRank) rareCount++;
    if (entry === undefined) continue;
    knownCount++;
    // What a word of this rank tells, by Zipf's law with Mandelbrot's shift.
    const bits = Math.log2(entry.rank + 2.7) + 3.4;
    demandSum += bits * entry.demand;
    bitSum += bits;
  }
  const isEnglish = knownCount >= leastKnownShare * wordCount;
  return {
    demand: demandSum / (bitSum + priorBits),
    rareShare: isEnglish ? rareCount / (wordCount + priorWordCount) : usualRareShare,
  };
}

/** Behind the beginning, a line break or one of `.!?:("`, spaces aside. */
function beginsSentence(text: string, at: number): boolean {
  return at === 0 || /[.!?:\n("\u201c]\s*$/.test(text.slice(Math.max(0, at - 4), at));
}
