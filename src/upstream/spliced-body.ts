/**
 * Edits of a JSON object's own members that leave every other character in its place: providers' caches look at the very
 * order of keys. Pure.
 */

interface Member {
  readonly name: string;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The text with the member set to the value: in its place where it is there (in each, where it is there twice), else as
 * the last one. @param text valid JSON of an object
 */
export function withMember(text: string, name: string, value: unknown): string {
  const written = JSON.stringify(value);
  const members = membersOf(text);
  const places = members.filter((member) => member.name === name);
  if (places.length === 0) {
    const end = text.lastIndexOf('}');
    const comma = members.length === 0 ? '' : ',';
    return `${text.slice(0, end)}${comma}${JSON.stringify(name)}:${written}${text.slice(end)}`;
  }
  let result = '';
  let from = 0;
  for (const { valueStart, valueEnd } of places) {
    result += text.slice(from, valueStart) + written;
    from = valueEnd;
  }
  return result + text.slice(from);
}

/** A member for an object within the body; see `withInnerMembers`. */
export interface InnerMember {
  /** Names and indexes from the body on. */
  readonly path: readonly (string | number)[];
  readonly member: string;
  readonly value: unknown;
  /** Type of the content block that a text becomes, so that it can have members. */
  readonly textType: string;
}

/**
 * The text with further members in objects inside it, each as the last one of its object; a text at the path is first
 * written as a list of one content block. A path that leads nowhere, or to anything else, changes nothing.
 * @param text valid JSON of an object
 */
export function withInnerMembers(text: string, inner: readonly InnerMember[]): string {
  const edits = inner.flatMap((edit) => {
    const span = spanAt(text, edit.path);
    return span === null ? [] : [{ ...edit, ...span }];
  });
  let result = text;
  // From behind, so that the places of the others stay what they are.
  for (const { start, end, member, value, textType } of edits.sort((one, other) => other.start - one.start)) {
    const old = result.slice(start, end);
    const added = `${JSON.stringify(member)}:${JSON.stringify(value)}`;
    if (old.startsWith('"')) {
      const block = `[{"type":${JSON.stringify(textType)},"text":${old},${added}}]`;
      result = result.slice(0, start) + block + result.slice(end);
    } else if (old.startsWith('{')) {
      const isEmpty = membersOf(result, start).length === 0;
      result = `${result.slice(0, end - 1)}${isEmpty ? '' : ','}${added}${result.slice(end - 1)}`;
    }
  }
  return result;
}

/** Where the value at a path stands; of members that are there twice the last, which is the one that JSON readers keep. */
function spanAt(
  text: string,
  path: readonly (string | number)[],
): { readonly start: number; readonly end: number } | null {
  let start = text.indexOf('{');
  let end = text.lastIndexOf('}') + 1;
  for (const step of path) {
    if (typeof step === 'string') {
      if (text[start] !== '{') return null;
      const member = membersOf(text, start).findLast(({ name }) => name === step);
      if (member === undefined) return null;
      start = member.valueStart;
      end = member.valueEnd;
    } else {
      const item = text[start] === '[' ? itemAt(text, start, step) : null;
      if (item === null) return null;
      ({ start, end } = item);
    }
  }
  return { start, end };
}

function itemAt(
  text: string,
  from: number,
  index: number,
): { readonly start: number; readonly end: number } | null {
  let at = skipSpace(text, from + 1);
  for (let count = 0; at < text.length && text[at] !== ']'; count += 1) {
    const end = endOfValue(text, at);
    if (count === index) return { start: at, end };
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return null;
}

function membersOf(text: string, from = text.indexOf('{')): readonly Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, from + 1);
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    members.push({ name, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return at;
}

/** Behind the closing quote. @param from at the opening one */
function stringEnd(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote > 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length;) {
    const character = text[at];
    if (character === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      if (depth === 0) return trimmed(text, from, at);
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (character === ',' && depth === 0) return trimmed(text, from, at);
    at += 1;
  }
  return text.length;
}

/** A number or a word ends before the white space behind it. */
function trimmed(text: string, from: number, end: number): number {
  return from + text.slice(from, end).trimEnd().length;
}
