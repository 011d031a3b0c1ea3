import { headOfPole, longestPhraseWordCount, polesOf, type Pole } from './contrasts.ts';
import { askedIn, type Asked } from './asked.ts';
import { placeOf } from './demonyms.ts';
import { plainStems, plainWords, synonymOf } from './plain-words.ts';
import { numbersOf } from './numbers.ts';
import { isExchange, relationsOf, type Relation } from './relations.ts';
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
  /** The kind of answer that is wanted. */
  readonly asked: Asked | null;
  /** What goes from where to where, or is compared with what. */
  readonly relations: readonly Relation[];
  /** Whether one thing is to become or to take the place of another. */
  readonly isExchange: boolean;
  /** Where each word's stem comes first. */
  readonly order: ReadonlyMap<string, number>;
  /** Stems of the words that say what is asked for, synonyms as one, in their order, each once. */
  readonly stems: readonly string[];
  /** Whether it reads as English, which all the rules are for. */
  readonly isEnglish: boolean;
}

const negations = new Set(
  (
    'not no never none nobody nothing nowhere neither nor without cannot except unless unable fail fails failed failing ' +
    'refuse refuses refused lack lacks lacking hardly barely excluding'
  ).split(' '),
);
/** Says that one asks, and negates nothing of what is asked. */
const politeNegation =
  / i (?:do not|don't|can't|cannot|can not|could not|couldn't|never|am not|didn't) (?:know|understand|understood|get|got|remember|recall|figure|seem|quite|really|sure)(?= )/g;

/** Pure. */
export function readPrompt(text: string): Reading {
  const { prose, literals } = withoutLiterals(text);
  const words = wordsOf(prose);
  const lower = words.map((word) => word.lower);
  const { numbers, isNumber } = numbersOf(lower);
  const isNegated = ` ${lower.join(' ')} `
    .replaceAll(politeNegation, ' ')
    .split(' ')
    .some((word) => negations.has(word) || word.endsWith("n't") || word.startsWith('non-'));
  const knownCount = lower.filter(isKnown).length;
  return {
    numbers,
    names: namesOf(words),
    words: new Set(lower.flatMap((word) => [word, stemOf(word), placeOf(word)])),
    literals,
    isNegated,
    poles: polesIn(joinParticles(lower)),
    asked: askedIn(prose),
    relations: relationsOf(lower),
    isExchange: isExchange(lower),
    order: new Map(lower.map((word, index) => [stemOf(word), index] as const).reverse()),
    stems: sensesOf(lower.filter((_, index) => isNumber[index] !== true)),
    isEnglish: /^[\p{Script=Latin}\p{N}\p{P}\p{S}\p{Z}\s]*$/u.test(text) && knownCount * 3 >= words.length,
  };
}

/** A word that the lists of English hold. */
function isKnown(word: string): boolean {
  return isPlain(word) || synonymOf.has(word) || polesOf.has(word) || polesOf.has(stemOf(word));
}

function isPlain(word: string): boolean {
  return plainWords.has(word) || plainStems.has(stemOf(word)) || negations.has(word) || word.endsWith("n't");
}

/** What is asked for: phrases and words with one sense as one, each once; how it is asked is left out. */
function sensesOf(lower: readonly string[]): readonly string[] {
  let phrased = ` ${joinParticles(lower).join(' ')} `;
  for (const [pattern, measure] of measures) phrased = phrased.replaceAll(pattern, measure);
  const senses = new Set<string>();
  for (const { phrase, poles } of phrasesOf(phrased.trim().split(' '))) {
    if (isPlain(phrase)) continue;
    // The first word of a side of opposites stands for all of it.
    const head = headOf(phrase);
    const [pole] = polesOf.get(head) ?? poles;
    senses.add(stemOf(placeOf(pole === undefined ? head : (headOfPole.get(pole) ?? head))));
  }
  senses.delete('');
  return [...senses];
}

/** Questions after a measure, and the word for it. */
const measures: readonly (readonly [RegExp, string])[] = [
  [
    / (?:how many (?:seconds|minutes|hours|days|weeks|months|years)|how long|how much time|for how long|how soon)(?= )/g,
    ' duration',
  ],
  [/ how (?:tall|high)(?= )/g, ' height'],
  [/ how far(?= )/g, ' distance'],
  [/ how old(?= )/g, ' age'],
  [/ how (?:wide|broad)(?= )/g, ' width'],
  [/ how deep(?= )/g, ' depth'],
  [/ how heavy(?= )/g, ' weight'],
  [/ how (?:big|large)(?= )/g, ' size'],
  [/ how fast(?= )/g, ' speed'],
  [/ how (?:hot|cold|warm)(?= )/g, ' temperature'],
  [/ how often(?= )/g, ' frequency'],
  [/ (?:how many|number of)(?= )/g, ' count'],
  [/ (?:how much)(?= )/g, ' amount'],
];

function headOf(word: string): string {
  return synonymOf.get(word) ?? synonymOf.get(stemOf(word)) ?? word;
}

const literalPatterns = [
  /`[^`]+`/g,
  /"[^"]+"|\u201c[^\u201d]+\u201d/g,
  /(?<=^|\s)'[^']+'(?=$|[\s?!.,])/g,
  // Flags, paths, calls, identifiers with underscores, file names, addresses, operators.
  /(?<=^|\s)--?[a-zA-Z][\w-]*/g,
  /(?<=^|\s)[~.]?\/?[\w.-]+\/[\w./-]+/g,
  /[\w.]+\([^)]*\)/g,
  /\b[a-zA-Z]+_\w+\b|\b_{1,2}\w+\b/g,
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
      literals.add(bare);
      return ' ';
    });
  }
  return { prose, literals };
}

function namesOf(words: readonly Word[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { text, lower, isFirst } of words) {
    if (!/\p{Lu}/u.test(text) || lower === 'i' || lower.startsWith("i'") || plainWords.has(lower)) continue;
    // A capital at the beginning of a sentence says nothing; one within a word does.
    if (!isFirst || /\p{Lu}/u.test(text.slice(1))) names.add(placeOf(lower));
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
  for (const { poles } of phrasesOf(words)) {
    for (const pole of poles) {
      const axis = pole.slice(0, pole.indexOf(':'));
      found.set(axis, (found.get(axis) ?? new Set<Pole>()).add(pole));
    }
  }
  return found;
}

/** The words in their order, those together that stand for one side of opposites, the longest first. */
function* phrasesOf(
  words: readonly string[],
): Generator<{ readonly phrase: string; readonly poles: readonly Pole[] }, undefined> {
  for (let index = 0; index < words.length;) {
    let count = Math.min(longestPhraseWordCount, words.length - index);
    for (; count > 1; count--) if (polesOf.has(words.slice(index, index + count).join(' '))) break;
    const phrase = words.slice(index, index + count).join(' ');
    yield { phrase, poles: polesOf.get(phrase) ?? polesOfForm(phrase) ?? [] };
    index += count;
  }
}

/** By the stem, where an inflected form is not in the list. */
function polesOfForm(word: string): readonly Pole[] | undefined {
  const stem = stemOf(word);
  const [, base = ''] = /^(\w{3,}?)(?:er|est)$/.exec(word) ?? [];
  const forms = [stem, `${stem}e`, base, `${base}e`, base.replace(/i$/, 'y'), base.replace(/(.)\1$/, '$1')];
  return forms.map((form) => polesOf.get(form)).find((poles) => poles !== undefined);
}
