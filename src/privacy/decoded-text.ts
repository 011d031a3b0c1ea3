import { bytesOfBase64 } from './base64.ts';
import { hasLongWord } from './long-word.ts';

/** A part of a text that stands for another one, and what it says. */
export interface DecodedText {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const percent = /(?:[\w.~*+&=/-]|%[0-9a-f]{2})*(?:%[0-9a-f]{2})(?:[\w.~*+&=/-]|%[0-9a-f]{2})*/gi;
const escapes =
  /(?:[^\s\\"']|\\u[0-9a-f]{4}|\\x[0-9a-f]{2})*(?:\\u[0-9a-f]{4}|\\x[0-9a-f]{2})(?:[^\s\\"']|\\u[0-9a-f]{4}|\\x[0-9a-f]{2})*/gi;
const entities =
  /(?:[^\s<>&]|&(?:#\d{1,7}|#x[0-9a-f]{1,6});)*&(?:#\d{1,7}|#x[0-9a-f]{1,6});(?:[^\s<>&]|&(?:#\d{1,7}|#x[0-9a-f]{1,6});)*/gi;
const base64 = /[A-Za-z0-9+/_-]{16,16384}={0,2}/g;
const hex = /[0-9a-f]{12,16384}/gi;

const codePoint = (value: number): string => (value <= 0x10ffff ? String.fromCodePoint(value) : '');

function fromPercent(text: string): string | null {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return null;
  }
}

const fromEscapes = (text: string): string =>
  text.replace(
    /\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi,
    (_, wide: string | undefined, narrow: string | undefined) =>
      String.fromCharCode(Number.parseInt(wide ?? narrow ?? '0', 16)),
  );

const fromEntities = (text: string): string =>
  text.replace(
    /&#(?:(\d{1,7})|x([0-9a-f]{1,6}));/gi,
    (_, decimal: string | undefined, wide: string | undefined) =>
      codePoint(decimal === undefined ? Number.parseInt(wide ?? '0', 16) : Number(decimal)),
  );

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Text, not bytes that happen to be read: valid UTF-8 of printable characters. */
function fromBytes(bytes: Uint8Array): string | null {
  try {
    const text = utf8.decode(bytes);
    return /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\s]+$/u.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** Whole groups of four, the last one shorter by the signs that fill it. */
const fromBase64 = (text: string): string | null =>
  text.replace(/=+$/, '').length % 4 === 1 ? null : fromBytes(bytesOfBase64(text));

const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );

const fromHex = (text: string): string | null => (text.length % 2 === 1 ? null : fromBytes(bytesOfHex(text)));

const encodings: readonly (readonly [
  hint: RegExp | number,
  pattern: RegExp,
  decode: (text: string) => string | null,
])[] = [
  [/%[0-9a-f]{2}/i, percent, fromPercent],
  [/\\[ux][0-9a-f]{2}/i, escapes, fromEscapes],
  [/&#/, entities, fromEntities],
  [16, base64, fromBase64],
  [12, hex, fromHex],
];

/**
 * What parts of a text say once they are decoded: percent signs, escapes of JSON and programs, entities of HTML, base64 and
 * hexadecimal that is text. Pure; one level, the caller comes back with what it got.
 */
export function decodedTexts(text: string): DecodedText[] {
  const found: DecodedText[] = [];
  for (const [hint, pattern, decode] of encodings) {
    if (typeof hint === 'number' ? !hasLongWord(text, hint) : !hint.test(text)) continue;
    for (const { 0: part, index } of text.matchAll(pattern)) {
      const decoded = decode(part);
      if (decoded !== null && decoded !== part)
        found.push({ start: index, end: index + part.length, text: decoded });
    }
  }
  return found;
}
