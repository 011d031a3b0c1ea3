/** Finds planted strings in what arrived outside, also where they are encoded. */
export interface LeakFinder {
  /** @param needle at least eight characters */
  add(needle: string, id: number): void;
  /** Ids of the needles that the bytes hold, and how each is written there. */
  find(bytes: string): ReadonlyMap<number, string>;
}

/** Characters by which a needle is looked up. */
const gramLength = 8;

interface Form {
  readonly id: number;
  readonly text: string;
  readonly writing: string;
}

/**
 * Looked for is each needle as it is, in any case, without its separators, in base64 (at all three offsets, and of the web), in
 * hexadecimal and in UTF-16 of both orders; in the bytes as they are and as percent signs, escapes of JSON and entities of HTML
 * say.
 */
export function createLeakFinder(): LeakFinder {
  const exact = new Map<string, Form[]>();
  const folded = new Map<string, Form[]>();

  function enter(forms: Map<string, Form[]>, form: Form): void {
    if (form.text.length < gramLength) return;
    const gram = form.text.slice(0, gramLength);
    const same = forms.get(gram);
    if (same === undefined) forms.set(gram, [form]);
    else same.push(form);
  }

  function look(
    text: string,
    forms: ReadonlyMap<string, Form[]>,
    found: Map<number, string>,
    view: string,
  ): void {
    for (let at = 0; at + gramLength <= text.length; at++) {
      const candidates = forms.get(text.slice(at, at + gramLength));
      if (candidates === undefined) continue;
      for (const form of candidates)
        if (text.startsWith(form.text, at) && !found.has(form.id))
          found.set(form.id, `${form.writing}${view}`);
    }
  }

  return {
    add(needle, id) {
      enter(folded, { id, text: needle.toLowerCase(), writing: 'as it is' });
      enter(folded, { id, text: bare(needle), writing: 'without separators' });
      for (const spelled of new Set([needle, needle.toLowerCase(), needle.toUpperCase()])) {
        const bytes = Buffer.from(spelled, 'utf8');
        enter(folded, { id, text: bytes.toString('hex'), writing: 'in hexadecimal' });
        for (const order of ['utf16le', 'utf16be'] as const)
          enter(folded, {
            id,
            text: wide(spelled, order).toString('hex'),
            writing: 'in hexadecimal, UTF-16',
          });
        for (const offset of [0, 1, 2]) {
          const text = base64At(bytes, offset);
          enter(exact, { id, text, writing: 'in base64' });
          enter(exact, {
            id,
            text: text.replaceAll('+', '-').replaceAll('/', '_'),
            writing: 'in base64 of the web',
          });
        }
      }
    },
    find(bytes) {
      const found = new Map<number, string>();
      const views: readonly (readonly [string, string])[] = [
        [bytes, ''],
        [unescaped(bytes), ', escaped'],
        [unescaped(unescaped(bytes)), ', escaped twice'],
      ];
      const seen = new Set<string>();
      for (const [text, view] of views) {
        if (seen.has(text)) continue;
        seen.add(text);
        look(text, exact, found, view);
        look(text.toLowerCase(), folded, found, view);
        look(bare(text), folded, found, view);
      }
      return found;
    },
  };
}

/** Letters, digits and signs of addresses, without what people put between them. */
const bare = (text: string): string => text.toLowerCase().replace(/[\s\-.()/]+/g, '');

/** The characters of base64 that a text has wherever it begins in a longer one: those at the borders depend on neighbours. */
function base64At(bytes: Buffer, offset: number): string {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const from = [0, 2, 3][offset] ?? 0;
  const isWhole = (bytes.length + offset) % 3 === 0;
  return padded.slice(from, isWhole ? undefined : -1);
}

function wide(text: string, order: 'utf16le' | 'utf16be'): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'utf16le' ? bytes : bytes.swap16();
}

function unescaped(text: string): string {
  return text
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, four?: string, two?: string) =>
      String.fromCharCode(Number.parseInt(four ?? two ?? '0', 16)),
    )
    .replace(/\\([/"\\])/g, '$1')
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (_, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    });
}
