/** A text as detectors read it, with the way back to the text that was given. */
export interface NormalText {
  /** NFKC, without characters that nobody sees. */
  readonly text: string;
  /** Of a position in `text`, the one in the given text. */
  readonly sourceOf: (position: number) => number;
}

/** Soft hyphens, joiners, directions, variation selectors: put between letters they hide a word from a pattern. */
const invisible =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u{e0000}-\u{e0fff}]/gu;

/**
 * Characters that are as they are in NFKC, alone and beside each other, and that are no marks: ASCII, letters of Latin-1, Greek,
 * Cyrillic, Hebrew, Arabic, Kana, Han and Hangul, typographic and mathematical signs. Not all of them, but most of what texts have.
 */
export const steady =
  '\\0-\\x7f¡-§©«¬®°±¶·»¿-ÿΑ-ΡΣ-ΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώЀ-ѰѲ-ѵא-תء-غف-يぁ-ゖァ-ヺ一-鿌가-힣‐‒-―‘-‟†-•‰‹›€←-↔∀-∊∏∑−√∝-∠∧-∫∴≈≠≡≤≥';
const isSteady = new RegExp(`^[${steady}]*$`, 'u');
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const isLatin1 = /^[\0-\xff]*$/;
/** A character with the marks behind it, which NFKC takes together; not those that stay as they are. */
const unsteadyCluster = new RegExp(`[^${steady}\\p{M}]\\p{M}*|[${steady}]\\p{M}+|\\p{M}+`, 'gu');

/**
 * The same text in one byte a character where it can be: patterns are twice as quick on it, and a part that is cut from a text with
 * one wide character is wide. Decoders give the narrowest form there is, in pages too. Pure.
 */
export function compact(text: string): string {
  return isLatin1.test(text) ? narrowed(text) : text;
}

function narrowed(text: string): string {
  return decoder.decode(encoder.encode(text));
}

let bytes = new Uint8Array(4096);

/** The text in its narrowest form where all of it is ASCII, else `null`. */
function asciiOf(text: string): string | null {
  const { length } = text;
  if (bytes.length < length) bytes = new Uint8Array(length * 2);
  // Nothing but ASCII has a byte for a unit.
  const { read, written } = encoder.encodeInto(text, bytes);
  return read === length && written === length ? decoder.decode(bytes.subarray(0, length)) : null;
}

/** Full-width digits, ligatures, letters with marks of their own and hidden characters read as what they look like. Pure. */
export function normalText(given: string): NormalText {
  const ascii = asciiOf(given);
  if (ascii !== null) return { text: ascii, sourceOf: (position) => position };
  if (isSteady.test(given)) return { text: compact(given), sourceOf: (position) => position };
  const pieces: string[] = [];
  /** Of each piece: where it begins in the text, and in the given one; whether it is as long there. */
  const starts: number[] = [];
  const sources: number[] = [];
  const isSame: boolean[] = [];
  let length = 0;
  function push(piece: string, source: number, same: boolean): void {
    if (piece === '') return;
    pieces.push(piece);
    starts.push(length);
    sources.push(source);
    isSame.push(same);
    length += piece.length;
  }
  let end = 0;
  for (const { 0: part, index } of given.matchAll(unsteadyCluster)) {
    push(given.slice(end, index), end, true);
    const normal = part.normalize('NFKC').replace(invisible, '');
    push(normal, index, normal.length === part.length);
    end = index + part.length;
  }
  push(given.slice(end), end, true);

  function sourceOf(position: number): number {
    if (position >= length) return given.length;
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return (sources[low] ?? 0) + (isSame[low] === true ? position - (starts[low] ?? 0) : 0);
  }
  return { text: compact(pieces.join('')), sourceOf };
}
