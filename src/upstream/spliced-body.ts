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

function membersOf(text: string): readonly Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, text.indexOf('{') + 1);
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
  for (let at = from + 1; ; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"' || at >= text.length) return at + 1;
  }
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
