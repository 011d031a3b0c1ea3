import type { CharacterSource, Reading } from './character-source.ts';

/** Deeper JSON is taken for malformed: every level costs a resumption for each character. */
const deepest = 64;

/** Takes one JSON value (RFC 8259). False where it is malformed. */
export function* readJson(source: CharacterSource, depth = 0): Reading<boolean> {
  if (depth > deepest) return false;
  const first = yield* source.peek();
  if (first === null) return false;
  if (first === '{') return yield* readObject(source, depth);
  if (first === '[') return yield* readArray(source, depth);
  if (first === '"') return (yield* readString(source)) !== null;
  if (first === '-' || isDigit(first)) return yield* readNumber(source);
  for (const word of ['true', 'false', 'null']) {
    if (word[0] === first) return yield* source.literal(word);
  }
  return false;
}

function* readObject(source: CharacterSource, depth: number): Reading<boolean> {
  yield* source.take();
  yield* source.space();
  if ((yield* source.peek()) === '}') {
    yield* source.take();
    return true;
  }
  for (;;) {
    if ((yield* readKey(source)) === null) return false;
    if (!(yield* readJson(source, depth + 1))) return false;
    const closing = yield* afterItem(source, '}');
    if (closing !== 'more') return closing === 'closed';
  }
}

function* readArray(source: CharacterSource, depth: number): Reading<boolean> {
  yield* source.take();
  yield* source.space();
  if ((yield* source.peek()) === ']') {
    yield* source.take();
    return true;
  }
  for (;;) {
    if (!(yield* readJson(source, depth + 1))) return false;
    const closing = yield* afterItem(source, ']');
    if (closing !== 'more') return closing === 'closed';
  }
}

/** A member's name and the colon, up to its value; null where malformed. */
export function* readKey(source: CharacterSource): Reading<string | null> {
  const key = yield* readString(source);
  if (key === null) return null;
  yield* source.space();
  if ((yield* source.take()) !== ':') return null;
  yield* source.space();
  return key;
}

/** What follows a member or an item: a comma, the end of the list, or neither. */
export function* afterItem(source: CharacterSource, close: '}' | ']'): Reading<'more' | 'closed' | 'bad'> {
  yield* source.space();
  const next = yield* source.peek();
  if (next !== ',' && next !== close) return 'bad';
  yield* source.take();
  if (next === close) return 'closed';
  yield* source.space();
  return 'more';
}

/** Takes a string; its value, or null where it is malformed. */
export function* readString(source: CharacterSource): Reading<string | null> {
  if ((yield* source.peek()) !== '"') return null;
  let text = (yield* source.take()) ?? '';
  for (;;) {
    const character = yield* source.peek();
    if (character === null || character < ' ') return null;
    text += (yield* source.take()) ?? '';
    if (character === '"') return JSON.parse(text) as string;
    if (character === '\\') {
      const escape = yield* readEscape(source);
      if (escape === null) return null;
      text += escape;
    }
  }
}

function* readEscape(source: CharacterSource): Reading<string | null> {
  const kind = yield* source.peek();
  if (kind === null || !'"\\/bfnrtu'.includes(kind)) return null;
  let escape = (yield* source.take()) ?? '';
  for (let digit = 0; kind === 'u' && digit < 4; digit++) {
    const hex = yield* source.peek();
    if (hex === null || !/[0-9a-fA-F]/.test(hex)) return null;
    escape += (yield* source.take()) ?? '';
  }
  return escape;
}

function* readNumber(source: CharacterSource): Reading<boolean> {
  let text = '';
  for (
    let next = yield* source.peek();
    next !== null && /[-+.eE\d]/.test(next);
    next = yield* source.peek()
  ) {
    text += (yield* source.take()) ?? '';
  }
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text);
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
