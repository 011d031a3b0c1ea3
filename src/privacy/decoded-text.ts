import { bytesOfBase64 } from './base64.ts';

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
/** Characters of base64 and of hexadecimal from which on a run of them may be a text, and as many as are read as one. */
const shortestBase64 = 16;
const shortestHex = 12;
const longestPart = 16_384;

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

const lenient = new TextDecoder();
const strict = new TextDecoder('utf-8', { fatal: true });

/** Exceptions are slow, and most runs are no text: only what holds the sign for a wrong byte is asked again. */
function utf8Text(bytes: Uint8Array): string | null {
  const text = lenient.decode(bytes);
  if (!text.includes('\uFFFD')) return text;
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Text, not bytes that happen to be read: valid UTF-8 of printable characters. */
function fromBytes(bytes: Uint8Array): string | null {
  const text = utf8Text(bytes);
  return text !== null && /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\s]+$/u.test(text) ? text : null;
}

/** Whole groups of four, the last one shorter by the signs that fill it. */
const fromBase64 = (text: string): string | null =>
  text.replace(/=+$/, '').length % 4 === 1 ? null : fromBytes(bytesOfBase64(text));

const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );

const fromHex = (text: string): string | null => (text.length % 2 === 1 ? null : fromBytes(bytesOfHex(text)));

/** Of each ASCII character: 2 where hexadecimal and base64 have it, 1 where base64 alone has. */
const codeKinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[0-9a-f]/i.test(character) ? 2 : /[A-Za-z0-9+/_-]/.test(character) ? 1 : 0;
});

interface Part {
  readonly index: number;
  readonly text: string;
}

/** A part of a text that is all of some characters. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Runs of characters of a kind or above, of at least so many. */
function runsOf(text: string, within: Run, kind: 1 | 2, shortest: number): Run[] {
  const found: Run[] = [];
  let { start } = within;
  for (let index = start; index <= within.end; index++) {
    const code = index < within.end ? text.charCodeAt(index) : 0x20;
    if (code < 128 && (codeKinds[code] ?? 0) >= kind) continue;
    if (index - start >= shortest) found.push({ start, end: index });
    start = index + 1;
  }
  return found;
}

/** Runs as long as one is read. */
function* partsOf(text: string, { start, end }: Run, shortest: number): Generator<Part> {
  for (let at = start; end - at >= shortest; at += longestPart)
    yield { index: at, text: text.slice(at, Math.min(end, at + longestPart)) };
}

/** With the signs that fill up its last group. */
function filled(text: string, { index, text: part }: Part): Part {
  const end = index + part.length;
  const signCount = text[end] !== '=' ? 0 : text[end + 1] === '=' ? 2 : 1;
  return { index, text: part + '='.repeat(signCount) };
}

const matchesOf =
  (sign: string, hint: RegExp, pattern: RegExp): ((text: string) => Part[]) =>
  (text) =>
    text.includes(sign) && hint.test(text)
      ? Array.from(text.matchAll(pattern), ({ 0: part, index }) => ({ index, text: part }))
      : [];

const encodings: readonly (readonly [
  find: (text: string) => readonly Part[],
  decode: (text: string) => string | null,
])[] = [
  [matchesOf('%', /%[0-9a-f]{2}/i, percent), fromPercent],
  [matchesOf('\\', /\\[ux][0-9a-f]{2}/i, escapes), fromEscapes],
  [matchesOf('&#', /&#/, entities), fromEntities],
];

const codeRunsOf = (text: string): Run[] => runsOf(text, { start: 0, end: text.length }, 1, shortestHex);

/**
 * What parts of a text say once they are decoded: percent signs, escapes of JSON and programs, entities of HTML, base64 and
 * hexadecimal that is text. Pure; one level, the caller comes back with what it got.
 * @param runs of characters of base64, of at least 12, where they are known already
 */
export function decodedTexts(text: string, runs: readonly Run[] = codeRunsOf(text)): DecodedText[] {
  const found: DecodedText[] = [];
  function add({ index, text: part }: Part, decode: (text: string) => string | null): void {
    const decoded = decode(part);
    if (decoded !== null && decoded !== part)
      found.push({ start: index, end: index + part.length, text: decoded });
  }
  for (const [find, decode] of encodings) for (const part of find(text)) add(part, decode);
  for (const run of runs)
    for (const part of partsOf(text, run, shortestBase64)) add(filled(text, part), fromBase64);
  for (const run of runs)
    for (const inner of runsOf(text, run, 2, shortestHex))
      for (const part of partsOf(text, inner, shortestHex)) add(part, fromHex);
  return found;
}
