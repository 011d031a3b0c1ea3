/**
 * Writes src/privacy/lexicon/: given names and surnames of the locales of @faker-js/faker (MIT), and a Bloom filter of the words
 * of an-array-of-english-words (MIT). Both are installed elsewhere, for this alone:
 *   npm install --prefix /tmp/lexicon @faker-js/faker@10.6.0 an-array-of-english-words@2.0.0
 *   node scripts/name-lexicon.mjs /tmp/lexicon
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/name-lexicon.mjs FOLDER');
const load = createRequire(join(folder, 'package.json'));
const { allLocales } = load('@faker-js/faker');
const words = new Set(load('an-array-of-english-words'));

/** As src/privacy/lexicon/lexicon.ts folds what it looks up. */
const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function* strings(value) {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const one of value) yield* strings(one);
  else if (value !== null && typeof value === 'object')
    for (const [key, one] of Object.entries(value)) if (key !== 'weight') yield* strings(one);
}

/** Folded names of one part of two letters or more; those that are English words too are marked. */
function namesOf(key) {
  const names = new Set();
  for (const { person } of Object.values(allLocales))
    for (const name of strings(person?.[key] ?? []))
      if (/^\p{L}[\p{L}\p{M}'’-]+$/u.test(name)) names.add(fold(name));
  return [...names].sort().map((name) => (words.has(name) ? `${name}*` : name));
}

const bitCount = 2 ** 21;
const hashCount = 5;
/** FNV-1a, twice with different starts (Kirsch and Mitzenmacher 2006: two hashes make many). */
function hash(text, start) {
  let value = start;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
const bits = new Uint8Array(bitCount / 8);
for (const word of words) {
  const one = hash(word, 0x811c9dc5);
  const other = hash(word, 0x9747b28c) | 1;
  for (let index = 0; index < hashCount; index++) {
    const bit = (one + Math.imul(index, other)) >>> 0;
    bits[(bit % bitCount) >>> 3] |= 1 << (bit & 7);
  }
}

const write = (file, name, comment, text) => {
  writeFileSync(
    new URL(`../src/privacy/lexicon/${file}`, import.meta.url),
    `// Written by scripts/name-lexicon.mjs; do not edit.\n\n/** ${comment} */\nexport const ${name} =\n  '${text}';\n`,
  );
};
const names =
  'folded, those that are English words too with an asterisk; from the locales of @faker-js/faker (MIT).';
write(
  'given-names.ts',
  'givenNames',
  `Given names, ${names}`,
  namesOf('first_name').join(' ').replaceAll("'", '’'),
);
write('surnames.ts', 'surnames', `Surnames, ${names}`, namesOf('last_name').join(' ').replaceAll("'", '’'));
write(
  'english-words.ts',
  'englishWords',
  `A Bloom filter of ${words.size} words of an-array-of-english-words (MIT): ${bitCount} bits, ${hashCount} hashes, base64.`,
  Buffer.from(bits).toString('base64'),
);
