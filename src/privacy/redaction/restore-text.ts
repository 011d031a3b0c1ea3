import type { RedactionBook } from './redaction-book.ts';

/**
 * `text`: as it is. `json`: the stream is JSON, so that what is put in is escaped within a string, and quoted where a model wrote a
 * placeholder bare.
 */
export type RestoreMode = 'text' | 'json';

/** Puts originals in the place of placeholders, piece by piece. */
export interface TextRestorer {
  /** What is certain by now; held back is only what may be the beginning of a placeholder. */
  push(piece: string): string;
  /** The rest. The restorer can be used for another text then. */
  flush(): string;
}

type Match = { readonly end: number; readonly original: string } | 'partial' | null;

const wordCharacter = /[\p{L}\p{N}_]/u;
/** Members are named by identifiers, which a placeholder may be a part of: `customer_EMAIL_1`. */
const partCharacter = /[\p{L}\p{N}]/u;
/** Spaces that a model may put inside the brackets. */
const mostSpaces = 2;

/**
 * However a stream is cut, it is restored to the same. Known are `[EMAIL_1]`, in any case, with spaces within the brackets, with a
 * space or a hyphen for `_` and with Markdown's escapes; and `EMAIL_1` without brackets, as a word of its own. Pure but for the
 * text that is held.
 */
export function createTextRestorer(
  { originals }: Pick<RedactionBook, 'originals'>,
  mode: RestoreMode,
): TextRestorer {
  const names = [...originals.keys()];
  const initials = new Set(names.map((name) => name.charAt(0)));
  const isJson = mode === 'json';
  const border = isJson ? partCharacter : wordCharacter;
  let held = '';
  let before = '';
  let isInString = false;
  let isEscaped = false;

  function matchAt(text: string, at: number, isEnd: boolean): Match {
    const character = text.charAt(at);
    if (character === '[' || (character === '\\' && !isJson)) return bracketed(text, at, isEnd);
    return initials.has(character) && !border.test(before) ? bare(text, at, isEnd) : null;
  }

  function bracketed(text: string, at: number, isEnd: boolean): Match {
    let from = at;
    if (text.charAt(from) === '\\') from++;
    if (from === text.length) return isEnd ? null : 'partial';
    if (text.charAt(from) !== '[') return null;
    from = afterSpaces(text, from + 1);
    if (from === text.length) return isEnd ? null : 'partial';
    let isPartial = false;
    for (const name of names) {
      const end = afterName(text, from, name, false);
      if (end === 'partial') isPartial = true;
      if (typeof end !== 'number') continue;
      let close = afterSpaces(text, end);
      if (!isJson && text.charAt(close) === '\\') close++;
      if (close === text.length) isPartial = true;
      else if (text.charAt(close) === ']') return { end: close + 1, original: originals.get(name) ?? '' };
    }
    return isPartial && !isEnd ? 'partial' : null;
  }

  function bare(text: string, at: number, isEnd: boolean): Match {
    let isPartial = false;
    for (const name of names) {
      const end = afterName(text, at, name, true);
      if (end === 'partial') isPartial = true;
      if (typeof end !== 'number') continue;
      if (end === text.length && !isEnd) isPartial = true;
      else if (!border.test(text.charAt(end))) return { end, original: originals.get(name) ?? '' };
    }
    return isPartial && !isEnd ? 'partial' : null;
  }

  function afterName(text: string, at: number, name: string, isExact: boolean): number | 'partial' | null {
    let position = at;
    for (const expected of name) {
      if (position === text.length) return 'partial';
      let given = text.charAt(position);
      if (expected === '_' && given === '\\' && !isJson) {
        position++;
        if (position === text.length) return 'partial';
        given = text.charAt(position);
        if (given !== '_') return null;
      }
      const isSame = isExact
        ? given === expected
        : given.toUpperCase() === expected || (expected === '_' && (given === ' ' || given === '-'));
      if (!isSame) return null;
      position++;
    }
    return position;
  }

  function placed(original: string): string {
    if (!isJson) return original;
    const quoted = JSON.stringify(original);
    return isInString ? quoted.slice(1, -1) : quoted;
  }

  /** A character that stays as it is. */
  function see(character: string): void {
    before = character;
    if (!isJson) return;
    if (isEscaped) {
      isEscaped = false;
      // The letter of an escape is no letter of the text.
      before = '';
    } else if (character === '\\' && isInString) isEscaped = true;
    else if (character === '"') isInString = !isInString;
  }

  function restore(isEnd: boolean): string {
    let restored = '';
    let at = 0;
    while (at < held.length) {
      const match = isEscaped ? null : matchAt(held, at, isEnd);
      if (match === 'partial') break;
      if (match === null) {
        const character = held.charAt(at);
        see(character);
        restored += character;
        at++;
      } else {
        restored += placed(match.original);
        before = ']';
        at = match.end;
      }
    }
    held = held.slice(at);
    return restored;
  }

  return {
    push(piece) {
      if (names.length === 0) return piece;
      held += piece;
      return restore(false);
    },
    flush() {
      const rest = restore(true);
      before = '';
      isInString = false;
      isEscaped = false;
      return rest;
    },
  };
}

function afterSpaces(text: string, at: number): number {
  let end = at;
  while (end < at + mostSpaces && text.charAt(end) === ' ') end++;
  return end;
}

/** A name, which a placeholder may be a part of. */
export function restoredName({ originals }: Pick<RedactionBook, 'originals'>, name: string): string {
  const all = [...originals.keys()];
  if (all.length === 0) return name;
  return name.replace(
    new RegExp(`(?:${all.join('|')})(?!\\d)`, 'g'),
    (found) => originals.get(found as (typeof all)[number]) ?? found,
  );
}

/** A whole text at once. */
export function restoredText(
  book: Pick<RedactionBook, 'originals'>,
  text: string,
  mode: RestoreMode = 'text',
): string {
  const restorer = createTextRestorer(book, mode);
  return restorer.push(text) + restorer.flush();
}
