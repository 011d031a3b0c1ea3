import { longestPhraseWordCount, polesOf, type Pole } from './contrasts.ts';
import { plainWords, synonymOf } from './plain-words.ts';
import { numbersOf } from './numbers.ts';
import { stemOf, wordsOf, type Word } from './words.ts';

/** What a question holds that another must hold too, to be the same question. */
export interface Reading {
  /** Numbers with their units, dates, ordinals: in a canonical form, sorted. */
  readonly numbers: readonly string[];
  /** Words that are names by their capitals, in lower case; and all words, to look for the names of others in. */
  readonly names: ReadonlySet<string>;
  readonly words: ReadonlySet<string>;
  /** What stands in quotation marks or looks like code, as written. */
  readonly literals: ReadonlySet<string>;
  readonly isNegated: boolean;
  /** Sides of opposites, by axis. */
  readonly poles: ReadonlyMap<string, ReadonlySet<Pole>>;
  /** What is asked for where a question word says so: a time, a place, a person, a reason, a count. */
  readonly asked: string | null;
  /** Directional words and the word that each is followed by. */
  readonly objects: ReadonlyMap<string, string>;
  /** Stems of the words that say what is asked for, synonyms as one, in their order, each once. */
  readonly stems: readonly string[];
  /** Whether it reads as English, which all the rules are for. */
  readonly isEnglish: boolean;
}

const negations = new Set(
  (
    'not no never none nobody nothing nowhere neither nor without cannot except unless unable fail fails failed failing ' +
    'refuse refuses refused lack lacks lacking hardly barely excluding instead against'
  ).split(' '),
);
/** A conditional makes another question of one. */
const directional = new Set(
  'from to into onto by than before after over under per versus vs minus toward towards against via between within'.split(
    ' ',
  ),
);

/** Pure. */
export function readPrompt(text: string): Reading {
  const { prose, literals } = withoutLiterals(text);
  const words = wordsOf(prose);
  const lower = words.map((word) => word.lower);
  const { numbers, isNumber } = numbersOf(lower);
  const rest = words.filter((_, index) => isNumber[index] !== true);
  const isNegated = lower.some(
    (word) => negations.has(word) || word.endsWith("n't") || word.startsWith('non-'),
  );
  const plainCount = lower.filter((word) => plainWords.has(word)).length;
  return {
    numbers,
    names: namesOf(words),
    words: new Set(lower.flatMap((word) => [word, stemOf(word)])),
    literals,
    isNegated,
    poles: polesIn(joinParticles(lower)),
    asked: askedIn(` ${lower.join(' ')} `),
    objects: objectsOf(lower),
    stems: [
      ...new Set(rest.filter(({ lower: word }) => !isPlain(word)).map(({ lower: word }) => sense(word))),
    ],
    isEnglish: /^[\p{Script=Latin}\p{N}\p{P}\p{S}\p{Z}\s]*$/u.test(text) && plainCount * 5 >= words.length,
  };
}

function isPlain(word: string): boolean {
  return plainWords.has(word) || negations.has(word) || word.endsWith("n't");
}

/** A word's stem, or that of the word that stands for it and its like. */
export function sense(word: string): string {
  const head = synonymOf.get(word) ?? synonymOf.get(stemOf(word)) ?? word;
  return stemOf(head);
}

const literalPatterns = [
  /`[^`]+`/g,
  /"[^"]+"|\u201c[^\u201d]+\u201d/g,
  /(?<=^|\s)'[^']+'(?=$|[\s?!.,])/g,
  // Flags, paths, calls, identifiers with signs or inner capitals, addresses.
  /(?<=^|\s)--?[a-zA-Z][\w-]*/g,
  /(?<=^|\s)[~.]?\/?[\w.-]+\/[\w./-]+/g,
  /[\w.]+\([^)]*\)/g,
  /\b[a-zA-Z]+_\w+\b|\b_{1,2}\w+\b/g,
  /\b[a-z]+[A-Z]\w*\b|\b[A-Z][a-z]+[A-Z]\w*\b/g,
  /(?<=^|\s)\.?[\w-]+\.(?:[a-z]{2,4}\d?)(?=$|[\s?!,])/g,
  /[\w.+-]+@[\w.-]+/g,
  /(?:[!=<>]=+|=>|->|&&|\|\||\+\+|::)/g,
];

function withoutLiterals(text: string): { readonly prose: string; readonly literals: ReadonlySet<string> } {
  const literals = new Set<string>();
  let prose = text;
  for (const pattern of literalPatterns) {
    prose = prose.replaceAll(pattern, (found) => {
      const bare = found.replaceAll(/^["'`\u201c]+|["'`\u201d]+$/g, '').trim();
      // Brand names with inner capitals are written in several ways.
      literals.add(
        /^[a-z]+[A-Z]|^[A-Z][a-z]+[A-Z]/.test(bare) && /^[a-zA-Z]+$/.test(bare) ? bare.toLowerCase() : bare,
      );
      return ' ';
    });
  }
  return { prose, literals };
}

function namesOf(words: readonly Word[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { text, lower, isFirst } of words) {
    if (!/^\p{Lu}/u.test(text) || lower === 'i' || lower.startsWith("i'") || plainWords.has(lower)) continue;
    const isAcronym = /^[\p{Lu}\p{N}]{2,}$/u.test(text);
    // A capital at the beginning of a sentence says nothing of a word that is one of the language's common ones.
    if (isFirst && !isAcronym) continue;
    names.add(lower);
  }
  return names;
}

const particled =
  /\b(turn|switch|power|put|shut|log|sign|roll|back|take|set)(ing|ed|s)?((?: [\p{L}\p{N}'-]+){1,4}?) (on|off|in|out|down|back|up)\b/gu;

/** `turn the lights off` -> `turn off the lights`, so that phrases stand together. */
function joinParticles(lower: readonly string[]): readonly string[] {
  return lower
    .join(' ')
    .replaceAll(
      /\b(turn|switch|sign|log|shut|roll|opt|back|zoom|boot)(?:ing|ed|s|ning|ged|ping|ting)\b/g,
      '$1',
    )
    .replaceAll(particled, '$1 $4$3')
    .split(' ');
}

function polesIn(words: readonly string[]): ReadonlyMap<string, ReadonlySet<Pole>> {
  const found = new Map<string, Set<Pole>>();
  for (let index = 0; index < words.length;) {
    let taken = 0;
    for (let count = longestPhraseWordCount; count >= 1 && taken === 0; count--) {
      const phrase = words.slice(index, index + count);
      if (phrase.length < count) continue;
      const poles = polesOf.get(phrase.join(' ')) ?? (count === 1 ? polesOfForm(phrase[0] ?? '') : undefined);
      if (poles === undefined) continue;
      taken = count;
      for (const pole of poles) {
        const axis = pole.slice(0, pole.indexOf(':'));
        const poles = found.get(axis) ?? new Set<Pole>();
        found.set(axis, poles.add(pole));
      }
    }
    index += Math.max(1, taken);
  }
  return found;
}

/** By the stem, where an inflected form is not in the list. */
function polesOfForm(word: string): readonly Pole[] | undefined {
  const stem = stemOf(word);
  return polesOf.get(stem) ?? polesOf.get(`${stem}e`);
}

const askedKinds: readonly (readonly [string, RegExp])[] = [
  ['count', / how many | (?:the )?number of | how often | what number /],
  ['duration', / how long | how much time | how soon /],
  [
    'price',
    / how much (?:does|do|is|will|would|did|money|to)\b.*? (?:cost|pay|charge|price|worth)|what does .* cost| cost of | price of /,
  ],
  ['amount', / how much | what amount | how big a dose /],
  ['age', / how old | what age | at what age | age of /],
  ['distance', / how far /],
  [
    'time',
    / when | what (?:year|date|day|month|time|century|decade) | which (?:year|day|month|century|decade) | in what year /,
  ],
  [
    'place',
    / where | what place | which place | what (?:city|country|state|continent) | which (?:city|country|state|continent) /,
  ],
  ['person', / who | whom | whose /],
  ['reason', / why | how come | what(?: is)? the reason | what reason | reasons? (?:for|why|behind) /],
];

function askedIn(text: string): string | null {
  return askedKinds.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}

function objectsOf(lower: readonly string[]): ReadonlyMap<string, string> {
  const objects = new Map<string, string>();
  for (const [index, word] of lower.entries()) {
    if (!directional.has(word)) continue;
    const object = lower.slice(index + 1).find((next) => !plainWords.has(next));
    if (object !== undefined && !objects.has(word)) objects.set(word, stemOf(object));
  }
  return objects;
}
