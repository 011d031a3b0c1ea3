/** Signs of a text that one pass over it counts. */
export interface CountedSigns {
  /** Deepest brackets within brackets. */
  readonly nesting: number;
  /** Commas, semicolons and colons. */
  readonly commaCount: number;
  readonly questionCount: number;
  /** Words of the kinds, in any case. */
  readonly words: Readonly<Record<WordKind, number>>;
}

const wordLists = {
  /** Amounts that are set beside each other. */
  comparison:
    'more less fewer greater smaller larger higher lower older younger longer shorter faster slower than twice thrice double doubled ' +
    'doubles triple tripled triples half third quarter times ratio proportional increase increased increases decrease decreased ' +
    'decreases remaining rest left difference total altogether combined average mean sum product',
  condition:
    'if unless suppose assume assumed assumes assuming given provided when whenever let whether would could should might',
  clause:
    'which that who whom whose because since although though while whereas after before until where and but or',
  pronoun: 'he she they him her his their them it its i my me we our you your',
} as const;
export type WordKind = keyof typeof wordLists;
const wordKinds = Object.keys(wordLists) as readonly WordKind[];

/** Word in small letters -> index of its kind; no word is of two. */
const kindOf = new Map<string, number>(
  wordKinds.flatMap((kind, index) => wordLists[kind].split(' ').map((word) => [word, index] as const)),
);
const longestWord = Math.max(...[...kindOf.keys()].map((word) => word.length));

const smallLetterOf = (code: number): number => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code);
/** Of each letter, as bits, how long words are that begin with it. */
const lengthsOf = new Uint32Array(128);
for (const word of kindOf.keys()) {
  const first = word.charCodeAt(0);
  lengthsOf[first] = (lengthsOf[first] ?? 0) | (1 << word.length);
}
/** Of each ASCII character whether patterns count it to words (`\w`). */
const isInWord = Uint8Array.from({ length: 128 }, (_, code) =>
  /\w/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Pure. One pass in place of a search for each word. */
export function readSigns(text: string): CountedSigns {
  const counts = wordKinds.map(() => 0);
  let nesting = 0;
  let depth = 0;
  let commaCount = 0;
  let questionCount = 0;
  let start = -1;
  const { length } = text;
  for (let index = 0; index <= length; index++) {
    const code = index < length ? text.charCodeAt(index) : 0x20;
    if (code < 128 && isInWord[code] === 1) {
      if (start < 0) start = index;
      continue;
    }
    if (start >= 0) {
      const kind = kindAt(text, start, index);
      if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
      start = -1;
    }
    switch (code) {
      case 0x2c: // ,
      case 0x3a: // :
      case 0x3b: // ;
        commaCount++;
        break;
      case 0x3f: // ?
        questionCount++;
        break;
      case 0x28: // (
      case 0x5b: // [
      case 0x7b: // {
        nesting = Math.max(nesting, ++depth);
        break;
      case 0x29: // )
      case 0x5d: // ]
      case 0x7d: // }
        depth = Math.max(0, depth - 1);
    }
  }
  const words = Object.fromEntries(wordKinds.map((kind, index) => [kind, counts[index] ?? 0]));
  return { nesting, commaCount, questionCount, words: words as Record<WordKind, number> };
}

function kindAt(text: string, start: number, end: number): number | undefined {
  const length = end - start;
  if (length > longestWord) return undefined;
  const lengths = lengthsOf[smallLetterOf(text.charCodeAt(start))] ?? 0;
  if (((lengths >> length) & 1) === 0) return undefined;
  return kindOf.get(text.slice(start, end).toLowerCase());
}
