/** What a span of text tells about somebody, or opens. */
export const spanTypes = [
  'payment_card',
  'iban',
  'bank_account',
  'national_id',
  'passport',
  'driver_license',
  'account_number',
  'phone',
  'email',
  'ip_address',
  'mac_address',
  'crypto_wallet',
  'secret',
  'person',
  'street_address',
  'residence',
  'birth_date',
  'age',
  'health',
  'legal',
  'finance',
  'confidential',
  'own_term',
  /** A detector failed on it. */
  'unread',
] as const;

export type SpanType = (typeof spanTypes)[number];

/** Positions are UTF-16 units of the text that was given, `end` is behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: SpanType;
  /** Reason code: which detector, and what of it, e.g. `national_id.de_tax`. */
  readonly detector: string;
}

/** Finds one kind of thing. Pure, linear in the length of the text. */
export interface Detector {
  readonly name: string;
  /** @param text NFKC */
  find(text: string): readonly Span[];
}

/** All matches of a pattern with the flag `g` that `accept` takes, as spans. */
export function matches(
  text: string,
  pattern: RegExp,
  span: { readonly type: SpanType; readonly detector: string },
  accept: (match: RegExpExecArray) => boolean = () => true,
): Span[] {
  const found: Span[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '') {
      pattern.lastIndex++;
      continue;
    }
    if (accept(match)) found.push({ start: match.index, end: match.index + match[0].length, ...span });
  }
  return found;
}

/**
 * Parts of a text around what `core` finds, those that touch joined: patterns that begin anywhere are dear, and run on these only.
 * @param core with the flag `g`
 */
export function windows(
  text: string,
  core: RegExp,
  before: number,
  after: number,
): { readonly start: number; readonly text: string }[] {
  const found: { start: number; end: number }[] = [];
  core.lastIndex = 0;
  for (let match = core.exec(text); match !== null; match = core.exec(text)) {
    const start = Math.max(0, match.index - before);
    const end = Math.min(text.length, match.index + match[0].length + after);
    const last = found.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else found.push({ start, end });
  }
  return found.map(({ start, end }) => ({ start, text: text.slice(start, end) }));
}

/** Spans found in a window, where they are in the text. */
export function shifted(spans: readonly Span[], by: number): Span[] {
  return by === 0
    ? [...spans]
    : spans.map((span) => ({ ...span, start: span.start + by, end: span.end + by }));
}

/** What patterns find in the parts of a text around `core`, without those that do not begin there. */
export function matchesAround(
  text: string,
  { core, before, after }: { readonly core: RegExp; readonly before: number; readonly after: number },
  find: (part: string) => readonly Span[],
): Span[] {
  return windows(text, core, before, after).flatMap(({ start, text: part }) => shifted(find(part), start));
}

/** Whether one of the words stands within `reach` characters before the position. */
export function hasNear(text: string, at: number, words: RegExp, reach = 48): boolean {
  return words.test(text.slice(Math.max(0, at - reach), at));
}
