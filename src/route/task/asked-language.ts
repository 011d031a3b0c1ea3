import { namedLowResource } from './low-resource.ts';

/** Languages whose names of low-resource languages are known. */
const namingLocales = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'tr', 'id'] as const;

/** Names that are words of their own after a preposition. */
const tooCommon: ReadonlySet<string> = new Set([
  'ga',
  'fon',
  'akan',
  'min',
  'ban',
  'mossi',
  'bini',
  'wa',
  'li',
]);

let known: ReadonlyMap<string, string> | null = null;

/** Name in lower case -> ISO 639 code. */
function names(): ReadonlyMap<string, string> {
  if (known !== null) return known;
  const found = new Map<string, string>([
    ['gaelic', 'gd'],
    ['kiswahili', 'sw'],
    ['swahili', 'sw'],
    ['suaheli', 'sw'],
    ['isizulu', 'zu'],
    ['isixhosa', 'xh'],
    ['haitian', 'ht'],
    ['creole', 'ht'],
    ['chichewa', 'ny'],
    ['farsi dari', 'prs'],
    ['kurdish', 'ku'],
    ['myanmar', 'my'],
    ['oromo', 'om'],
  ]);
  for (const locale of namingLocales) {
    const display = new Intl.DisplayNames([locale], { type: 'language', fallback: 'none' });
    for (const code of namedLowResource) {
      const name = display.of(code)?.toLowerCase();
      if (name !== undefined && name.length > 2 && !tooCommon.has(name)) found.set(name, code);
    }
  }
  known = found;
  return found;
}

/** Before the name of the language that an answer shall be in. */
const prepositions: ReadonlySet<string> = new Set(
  'in into to auf ins en au em al na po til på ke dalam from aus del du vom'.split(' '),
);

/** What is done in a language; the first letters of it. */
const speaking =
  /(?<!\p{L})(translat|writ|wrote|say|answer|repl|respon|speak|explain|compos|messag|übersetz|sag|antwort|schreib|erklär|tradu|dit|dire|écri|répond|expli|dice|decir|escrib|scriv|rispond|diz|escrev|vertaal|schrijf|zeg|przetłumacz|napisz|översätt|skriv|terjemah|tulis|çevir|yaz)/u;

const wordPattern = /[\p{L}\p{M}'’-]+/gu;

/** Whether a name of one of the languages stands behind a preposition. */
function mayName(words: readonly string[]): boolean {
  return words.some((word, at) => {
    if (!prepositions.has(word)) return false;
    const one = words[at + 1];
    if (one === undefined) return false;
    const two = words[at + 2];
    return codeOf(one) !== undefined || (two !== undefined && codeOf(`${one} ${two}`) !== undefined);
  });
}

function codeOf(name: string): string | undefined {
  return names().get(name) ?? names().get(name.replace(/e$/, ''));
}

/**
 * Pure: the low-resource language that a request names as the one of its answer (or that it wants translated), ISO 639; `null` =
 * none. "Welsh cuisine" is no such request, "in Welsh" is.
 */
export function askedLanguage(instruction: string): string | null {
  const text = instruction.normalize('NFC').toLowerCase();
  // Nearly always there is none: their places are looked for only then.
  if (!mayName(text.match(wordPattern) ?? [])) return null;
  const words = [...text.matchAll(wordPattern)];
  for (const [at, word] of words.entries()) {
    if (!prepositions.has(word[0])) continue;
    for (const length of [2, 1]) {
      const named = words.slice(at + 1, at + 1 + length);
      const last = named.at(-1);
      if (last === undefined || named.length < length) continue;
      const name = named.map(([text]) => text).join(' ');
      const code = codeOf(name);
      if (code === undefined) continue;
      const rest = text.slice(last.index + last[0].length);
      if (/^\s*([.,:;?!"“”»)–—-]|$|\n)/u.test(rest) || speaking.test(text)) return code;
    }
  }
  return null;
}
