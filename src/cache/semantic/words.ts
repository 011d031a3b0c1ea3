/** A word of a text as it stands there. */
export interface Word {
  /** With its capitals, without a possessive `'s`. */
  readonly text: string;
  readonly lower: string;
  /** Whether it begins a sentence, where a capital says nothing. */
  readonly isFirst: boolean;
}

/** Pure: the words and numbers of a text, in their order. Hyphens, apostrophes, points and signs within a word stay. */
export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let end = 0;
  for (const match of text
    .normalize('NFKC')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .matchAll(wordPattern)) {
    const before = text.slice(end, match.index);
    end = match.index + match[0].length;
    const own = match[0].replace(/[.,'-]+$/, '').replace(/'s$/i, '');
    if (own === '') continue;
    words.push({
      text: own,
      lower: own.toLowerCase(),
      isFirst: words.length === 0 || /[.!?:\n]\s*$/.test(before),
    });
  }
  return words;
}

const wordPattern = /[\p{L}\p{N}$€£¥%°#+_][\p{L}\p{N}%°+#_.,'’-]*/gu;

/**
 * Pure: a word without its inflection, roughly: two forms of one word get one stem, now and then two words do. Words of up
 * to three letters stay as they are.
 */
export function stemOf(word: string): string {
  let stem = word.replace(/[.,]+$/, '');
  if (stem.length <= 3 || /\d/.test(stem)) return stem;
  if (stem.endsWith('ies')) stem = `${stem.slice(0, -3)}y`;
  else if (/(ss|us|is)$/.test(stem)) return stem;
  else if (/(ch|sh|x|s|z)es$/.test(stem)) stem = stem.slice(0, -2);
  else if (stem.endsWith('s')) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith('ing')) stem = undoubled(stem.slice(0, -3));
  else if (stem.length > 4 && stem.endsWith('ied')) stem = `${stem.slice(0, -3)}y`;
  else if (stem.length > 4 && stem.endsWith('ed')) stem = undoubled(stem.slice(0, -2));
  // American and British spelling.
  stem = stem
    .replace(/is(e|ation)?$/, 'iz')
    .replace(/iz(e|ation)?$/, 'iz')
    .replace(/our$/, 'or');
  return stem.length > 3 && stem.endsWith('e') ? stem.slice(0, -1) : stem;
}

/** `stopp` -> `stop`; `fill`, `pass` and `buzz` have two letters of their own. */
function undoubled(stem: string): string {
  return /([bdgmnprt])\1$/.test(stem) ? stem.slice(0, -1) : stem;
}
