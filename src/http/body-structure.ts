import { NearfarError } from '../chat/error.ts';

/**
 * Most values (objects, lists, texts, numbers) that a body may hold; a list of numbers only counts as one, because a
 * prompt may be token ids. A long chat has a few thousand. Checking a body takes up to 6 µs for each value that is
 * wrong (measured), so this bounds how long one client can hold up all others.
 */
export const maxValueCount = 50_000;

/**
 * Refuses a body of countless small values before the schemas look at each of them.
 * @throws NearfarError `too_large`
 */
export function boundStructure(body: unknown, limit: number = maxValueCount): void {
  const stack: unknown[] = [body];
  let count = 0;
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    count++;
    if (typeof value === 'object' && value !== null && !isNumberList(value)) {
      const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
      // Before they are pushed: a list of millions is refused by its length alone.
      if (count + stack.length + items.length > limit) {
        throw tooMany(limit);
      }
      for (const item of items) stack.push(item);
    }
  }
}

/**
 * Pure: whether an object has a member twice, or one that was read under another name, so that what was read is not all that it
 * says. The second is V8's doing: of a name with an escape it may compare the bare letters with a name that it has seen before, and
 * take that one (Node 24: `{"\u006e":8}` behind objects with the name `\` at this place).
 * @param json valid
 * @param value what it was read as
 */
export function hasTwins(json: string, value: unknown): boolean {
  const written = writtenNames(json);
  const read = readNames(value);
  if (written.length !== read.length) return true;
  if (!written.some((name) => name.includes('\\'))) return false;
  const names = written.map((name) => JSON.parse(name) as string).toSorted();
  const sorted = read.toSorted();
  return names.some((name, at) => name !== sorted[at]);
}

function readNames(body: unknown): readonly string[] {
  const stack: unknown[] = [body];
  const names: string[] = [];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) for (const name of Object.keys(value)) names.push(name);
    for (const item of items) if (typeof item === 'object' && item !== null) stack.push(item);
  }
  return names;
}

const colon = 0x3a;

/** With their quotes and escapes. */
function writtenNames(json: string): readonly string[] {
  const names: string[] = [];
  for (let from = json.indexOf('"'); from >= 0;) {
    const end = behindString(json, from);
    let at = end;
    while (isSpace(json.charCodeAt(at))) at += 1;
    if (json.charCodeAt(at) === colon) names.push(json.slice(from, end));
    from = json.indexOf('"', at);
  }
  return names;
}

/** @param from at the opening quote */
function behindString(json: string, from: number): number {
  for (let end = json.indexOf('"', from + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let slashCount = 0;
    while (json.charCodeAt(end - 1 - slashCount) === backslash) slashCount += 1;
    if (slashCount % 2 === 0) return end + 1;
  }
  return json.length;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

const quote = 0x22;
const backslash = 0x5c;
const openingBracket = 0x5b;
const openingBrace = 0x7b;

/**
 * The same before parsing: 16 MB of nothing but brackets take the parser seconds (measured), this a few milliseconds.
 * Brackets inside strings are text and do not count.
 * @throws NearfarError `too_large`
 */
export function boundBrackets(json: Uint8Array, limit: number = maxValueCount): void {
  if (json.length <= limit) return;
  let count = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (isInString) {
      if (byte === backslash) index++;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) isInString = true;
    else if ((byte === openingBracket || byte === openingBrace) && ++count > limit) throw tooMany(limit);
  }
}

function tooMany(limit: number): NearfarError {
  return new NearfarError('too_large', `The body holds more than the ${limit} values taken here.`);
}

function isNumberList(value: object): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}
