import { bytesOfBase64 } from '../base64.ts';
import { englishWords } from './english-words.ts';
import { givenNames } from './given-names.ts';
import { publicFigures } from './public-figures.ts';
import { surnames } from './surnames.ts';

/** What is known of a word as a name. */
export type NameKind =
  | 'none'
  /** A name, and an English word as well: May, Brown. */
  | 'ambiguous'
  | 'name';

export interface Lexicon {
  given(word: string): NameKind;
  surname(word: string): NameKind;
  /** About one word in a hundred is taken for English that is not. */
  isEnglish(word: string): boolean;
  /** Somebody whom encyclopaedias know: of whom one can speak without speaking of a person one knows. */
  isPublicFigure(fullName: string): boolean;
}

const plain = /^[A-Za-z]*$/;

/** Marks and capitals off: what names are looked up by. */
export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/['’]s?$/u, '')
    .toLowerCase();
}

const hashCount = 5;

function hash(text: string, start: number): number {
  let value = start;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

function kinds(list: string): (word: string) => NameKind {
  const known = new Map<string, NameKind>();
  for (const entry of list.split(' '))
    known.set(entry.replace('*', ''), entry.endsWith('*') ? 'ambiguous' : 'name');
  return (word) => known.get(fold(word)) ?? 'none';
}

let opened: Lexicon | null = null;

/** Read at the first use: about 20 ms and 8 MB. */
export function openLexicon(): Lexicon {
  if (opened !== null) return opened;
  const bits = bytesOfBase64(englishWords);
  const bitCount = bits.length * 8;
  const figures = new Set(publicFigures.split(/;\s+/).map((name) => fold(name.replace(/\s+/g, ' ').trim())));
  opened = {
    given: kinds(givenNames),
    surname: kinds(surnames),
    isEnglish(word) {
      const text = word.replace(/['’]s?$/u, '').toLowerCase();
      const one = hash(text, 0x811c9dc5);
      const other = hash(text, 0x9747b28c) | 1;
      for (let index = 0; index < hashCount; index++) {
        const bit = (one + Math.imul(index, other)) >>> 0;
        if ((((bits[(bit % bitCount) >>> 3] ?? 0) >> (bit & 7)) & 1) === 0) return false;
      }
      return true;
    },
    isPublicFigure: (fullName) => figures.has(fold(fullName)),
  };
  return opened;
}
