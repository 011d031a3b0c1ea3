/**
 * A JSON text in one form for all that say the same: no white space, members sorted by name where their order says nothing.
 * Read from the text and not from what `JSON.parse` makes of it, which knows no large numbers and of members that are there
 * twice only the last, while the upstream reads on with a parser of its own.
 */

/** Where a value stands: names from the body on, null for a place in a list. */
export type JsonPath = readonly (string | null)[];

export interface CanonicalOptions {
  /** Members that do not count. */
  readonly leavesOut: (path: JsonPath) => boolean;
  /** Whether the order of the members in the object there says nothing. */
  readonly isSorted: (path: JsonPath) => boolean;
  /** Texts of which only counts that one stands there. @default none */
  readonly isBlanked?: (path: JsonPath, text: string) => boolean;
}

/** Deeper ones are no prompts. */
const deepest = 64;

/**
 * Pure. Numbers count as they are written (`1` and `1.0` differ), strings as what they say.
 * @param text valid JSON
 * @returns null where it is nested too deeply to be looked at
 */
export function canonicalBody(text: string, options: CanonicalOptions): string | null {
  let at = 0;
  let deepestSeen = 0;

  function skipSpace(): void {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  }

  function passComma(): void {
    skipSpace();
    if (text[at] === ',') at += 1;
    skipSpace();
  }

  function string(): string {
    const from = at;
    for (at += 1; text[at] !== '"' && at < text.length; at += 1) if (text[at] === '\\') at += 1;
    at += 1;
    const raw = text.slice(from, at);
    return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw;
  }

  /** A number, `true`, `false` or `null`. */
  function word(): string {
    const from = at;
    while (at < text.length && !/[\s,\]}]/.test(text.charAt(at))) at += 1;
    return text.slice(from, at);
  }

  function list(path: JsonPath): string {
    const items: string[] = [];
    at += 1;
    skipSpace();
    while (text[at] !== ']' && at < text.length) {
      items.push(value([...path, null]));
      passComma();
    }
    at += 1;
    return `[${items.join(',')}]`;
  }

  function object(path: JsonPath): string {
    const members: { readonly name: string; readonly text: string }[] = [];
    at += 1;
    skipSpace();
    while (text[at] === '"') {
      const name = string();
      skipSpace();
      at += 1;
      const inner = [...path, JSON.parse(name) as string];
      const written = value(inner);
      if (!options.leavesOut(inner)) members.push({ name, text: `${name}:${written}` });
      passComma();
    }
    at += 1;
    // Stable: of two of one name which comes first still counts.
    if (options.isSorted(path)) members.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return `{${members.map((member) => member.text).join(',')}}`;
  }

  function value(path: JsonPath): string {
    skipSpace();
    deepestSeen = Math.max(deepestSeen, path.length);
    if (path.length > deepest) {
      at = text.length;
      return '';
    }
    const first = text[at];
    if (first === '{') return object(path);
    if (first === '[') return list(path);
    if (first !== '"') return word();
    const written = string();
    return options.isBlanked?.(path, JSON.parse(written) as string) === true ? '""' : written;
  }

  const written = value([]);
  return deepestSeen > deepest ? null : written;
}
