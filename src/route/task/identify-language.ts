import { languageProfiles } from './language-profiles.ts';
import { functionWords } from './function-words.ts';
import { isLowResource, lowResourceScripts, wellResourcedScripts } from './low-resource.ts';

export interface Language {
  /** ISO 639-3. */
  readonly code: string;
  readonly isLowResource: boolean;
}

/** Enough to know a language by. */
const readLength = 600;
/** Fewer letters, or fewer words, say nothing where many languages share a script. */
const leastLetterCount = 10;
const leastWordCount = 3;
/** By how much a low-resource language must fit better than the best well-resourced one, in mean score a trigram. */
const leastLead = 0.1;
/** And by this much more for each word fewer than many. */
const leadOfOneWord = 0.5;

/**
 * Pure: which language a text is in, by its script, its letters, and where many languages share those by trigrams and function
 * words. `null` = too short to say, or no language. In doubt it is the well-resourced one.
 */
export function identifyLanguage(text: string): Language | null {
  const read = text.slice(0, readLength).normalize('NFC').toLowerCase();
  const script = scriptOf(read);
  if (script === null) return null;
  if (Object.hasOwn(lowResourceScripts, script)) return language(lowResourceScripts[script] ?? script);
  const byLetters = languageOfLetters(read, script);
  if (byLetters !== null) return language(byLetters);
  if (Object.hasOwn(wellResourcedScripts, script)) return language(wellResourcedScripts[script] ?? script);
  const profiles = profilesOf.get(script);
  if (profiles === undefined) return null;
  return byProfiles(read, profiles);
}

function language(code: string): Language {
  return { code, isLowResource: isLowResource(code) };
}

const scripts = [
  'Latin',
  'Cyrillic',
  'Arabic',
  'Devanagari',
  'Hebrew',
  ...Object.keys(lowResourceScripts),
  ...Object.keys(wellResourcedScripts),
];
const scriptPatterns = scripts.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'gu')] as const);

/** The script of most letters; kana before Han, where both are there. */
function scriptOf(text: string): string | null {
  if (/^[\p{ASCII}]*$/u.test(text)) return /[a-z]/.test(text) ? 'Latin' : null;
  let best: string | null = null;
  let most = 0;
  for (const [script, pattern] of scriptPatterns) {
    const count = text.match(pattern)?.length ?? 0;
    if (
      script !== 'Latin' &&
      (script === 'Hiragana' || script === 'Katakana') &&
      count > 0 &&
      best !== 'Latin'
    )
      return script;
    if (count > most) [best, most] = [script, count];
  }
  return best;
}

/** Letters that only one language of a script has. */
const ownLetters: readonly (readonly [script: string, letters: RegExp, code: string])[] = [
  ['Bengali', /[ৰৱ]/u, 'asm'],
  ['Arabic', /[ښړځڅږۍ]/u, 'pbu'],
  ['Arabic', /[ۇۆۈۋڭ]/u, 'uig'],
  ['Arabic', /[ڳڄڃٻڀٿڊ]/u, 'snd'],
  ['Arabic', /[ڕڵ]/u, 'ckb'],
  ['Cyrillic', /[ҷӯӣ]/u, 'tgk'],
  ['Cyrillic', /ҕ|нь\p{L}ҥ|ҥ\p{L}*ҕ/u, 'sah'],
  ['Cyrillic', /ӑ|ӗ|ҫӳ/u, 'chv'],
  ['Cyrillic', /[ҡҙ]/u, 'bak'],
  ['Latin', /[ɓɗƙ]|ƴ/u, 'hau'],
  ['Latin', /[ẹọṣ].*[ẹọṣ]|[ẹọ][̀́]/u, 'yor'],
  ['Latin', /[ịụ].*[ịụọṅ]/u, 'ibo'],
  ['Latin', /[ħġ]/u, 'mlt'],
  ['Latin', /ð/u, 'isl'],
  ['Latin', /[ɛɔ]/u, 'ewe'],
];

/** Vietnamese has the dotted letters of Yoruba and Igbo, and others that those lack. */
const vietnamese = /[ăđơưầấậẩẫềếệểễồốộổỗờớợởỡừứựửữ]/u;

function languageOfLetters(text: string, script: string): string | null {
  if (script === 'Latin' && vietnamese.test(text)) return 'vie';
  for (const [of, letters, code] of ownLetters) if (of === script && letters.test(text)) return code;
  return null;
}

interface Profiles {
  readonly codes: readonly string[];
  readonly areLow: readonly boolean[];
  /** Trigram or function word -> index of a profile and what it counts for there, alternating. */
  readonly trigrams: ReadonlyMap<string, readonly number[]>;
  readonly words: ReadonlyMap<string, readonly number[]>;
  /** The trigrams that are ASCII once more, by `plainPlace`. */
  readonly plain: readonly (readonly number[] | undefined)[];
}

/** What one function word counts for, in trigrams' score. */
const wordScore = 5;

/** Characters that ASCII words are made of and padded with. */
const plainCharacters = " abcdefghijklmnopqrstuvwxyz'-";
const plainCount = plainCharacters.length;
const plainDigits = new Int8Array(128).fill(-1);
for (let digit = 0; digit < plainCount; digit += 1) plainDigits[plainCharacters.charCodeAt(digit)] = digit;

const profilesOf: ReadonlyMap<string, Profiles> = new Map(
  Object.entries(languageProfiles).map(([script, languages]) => [script, readProfiles(languages)]),
);

function readProfiles(languages: Readonly<Record<string, string>>): Profiles {
  const codes = Object.keys(languages);
  const trigrams = new Map<string, number[]>();
  const words = new Map<string, number[]>();
  for (const [index, joined] of Object.values(languages).entries()) {
    const inOrder = joined.split('|');
    for (const [rank, trigram] of inOrder.entries()) {
      // Zipf: the logarithm of how much more frequent it is than the first that is not in the profile.
      add(trigrams, trigram, index, Math.log((inOrder.length + 20) / (rank + 20)));
    }
    for (const word of functionWords[codes[index] ?? '']?.split(' ') ?? [])
      add(words, word, index, wordScore);
  }
  const plain: (readonly number[] | undefined)[] = Array.from({ length: plainCount ** 3 }, () => undefined);
  for (const [trigram, scores] of trigrams) {
    const place = plainPlace(trigram);
    if (place !== null) plain[place] = scores;
  }
  return { codes, areLow: codes.map(isLowResource), trigrams, words, plain };
}

/** Of three characters; null: others are among them. */
function plainPlace(trigram: string): number | null {
  let place = 0;
  for (const character of trigram) {
    const digit = plainDigits[character.charCodeAt(0)] ?? -1;
    if (digit < 0) return null;
    place = place * plainCount + digit;
  }
  return trigram.length === 3 ? place : null;
}

function add(to: Map<string, number[]>, key: string, index: number, score: number): void {
  const scores = to.get(key);
  if (scores === undefined) to.set(key, [index, score]);
  else scores.push(index, score);
}

function wordsOf(text: string): readonly string[] {
  const read = text.includes('http') ? text.replaceAll(/https?:\S+/g, ' ') : text;
  if (isPlain(read)) return read.match(/['-]*[a-z][a-z'-]*/g) ?? [];
  return read
    .replaceAll(/[\d_]+/g, ' ')
    .replaceAll(/[’‘ʼ]/g, "'")
    .split(/[^\p{L}\p{M}'-]+/u)
    .filter((word) => /\p{L}/u.test(word));
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= 128) return false;
  return true;
}

/** What the trigrams of a word count for. @param word of `plainCharacters`, else false is returned and nothing counted */
function addPlain(sums: Float64Array, word: string, plain: Profiles['plain']): boolean {
  for (let at = 0; at < word.length; at += 1) if ((plainDigits[word.charCodeAt(at)] ?? -1) < 1) return false;
  let two = plainDigits[word.charCodeAt(0)] ?? 0;
  for (let at = 1; at <= word.length; at += 1) {
    const digit = at === word.length ? 0 : (plainDigits[word.charCodeAt(at)] ?? 0);
    addTo(sums, plain[two * plainCount + digit]);
    two = (two % plainCount) * plainCount + digit;
  }
  return true;
}

function byProfiles(text: string, profiles: Profiles): Language | null {
  const { codes, areLow, trigrams, words: known, plain } = profiles;
  const words = wordsOf(text);
  const letterCount = words.reduce((sum, word) => sum + word.length, 0);
  if (words.length < leastWordCount || letterCount < leastLetterCount) return null;
  const sums = new Float64Array(codes.length);
  let trigramCount = 0;
  for (const word of words) {
    addTo(sums, known.get(word));
    trigramCount += word.length;
    if (addPlain(sums, word, plain)) continue;
    const padded = ` ${word} `;
    for (let at = 0; at + 3 <= padded.length; at += 1) addTo(sums, trigrams.get(padded.slice(at, at + 3)));
  }
  const best = (isLow: boolean) =>
    codes.reduce(
      (best, _, index) => (areLow[index] === isLow && (sums[index] ?? 0) > (sums[best] ?? 0) ? index : best),
      -1,
    );
  const [low, well] = [best(true), best(false)];
  const lead = ((sums[low] ?? 0) - (sums[well] ?? 0)) / trigramCount;
  if (lead >= leastLead + leadOfOneWord / words.length) return language(codes[low] ?? 'und');
  return well === -1 ? null : language(codes[well] ?? 'und');
}

function addTo(sums: Float64Array, scores: readonly number[] | undefined): void {
  if (scores === undefined) return;
  for (let at = 0; at < scores.length; at += 2) {
    const index = scores[at] ?? 0;
    sums[index] = (sums[index] ?? 0) + (scores[at + 1] ?? 0);
  }
}
