// Over 300 lines: what a span is, and the one way in which all patterns are searched and cut; apart they would say the same twice.
import { compact } from '../normal-text.ts';
import { sift, type Sifted } from '../sieve/sieve.ts';
import type { TextFacts } from './text-facts.ts';

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
  /**
   * @param text NFKC
   * @param facts of that text; reckoned where nobody has them
   */
  find(text: string, facts?: TextFacts): readonly Span[];
}

/** What a pattern finds, and what it needs. */
export interface Kind extends Sifted {
  readonly type: SpanType;
  readonly detector: string;
}

/** @param commonestOnes see `needsOf` */
export function kindOf(type: SpanType, detector: string, pattern: RegExp, commonestOnes?: number): Kind {
  return { type, detector, ...sift(pattern, commonestOnes) };
}

export function kindsOf(
  patterns: readonly (readonly [SpanType, detector: string, RegExp])[],
): readonly Kind[] {
  return patterns.map(([type, detector, pattern]) => kindOf(type, detector, pattern));
}

/** Each way in which a pattern can match as a kind of its own, so that each is looked for only where it can be itself. */
export function waysOf(
  patterns: readonly (readonly [SpanType, detector: string, RegExp])[],
): readonly Kind[] {
  return patterns.flatMap(([type, detector, { source, flags }]) =>
    alternativesOf(source).map((one) => kindOf(type, detector, new RegExp(one, flags))),
  );
}

/** What stands between the bars that are in no group and no class. */
function alternativesOf(source: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: part, index } of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[()|]/gu)) {
    if (part === '(') depth++;
    else if (part === ')') depth--;
    else if (part === '|' && depth === 0) {
      found.push(source.slice(start, index));
      start = index + 1;
    }
  }
  return [...found, source.slice(start)];
}

/** All matches of a kind that `accept` takes, looked for only where they can be. */
export function matchesOf(
  facts: TextFacts,
  kind: Kind,
  accept: (match: RegExpExecArray) => boolean = () => true,
): Span[] {
  if (!facts.mayMatch(kind)) return [];
  const { type, detector } = kind;
  return runsOf(facts.text, kind, facts.placesOf(kind))
    .filter(accept)
    .map(({ 0: whole, index }) => ({ start: index, end: index + whole.length, type, detector }));
}

/** Where a match can begin in a part of a text, from its start; `null`: anywhere. */
export function placesWithin(
  facts: TextFacts,
  kind: Kind,
  start: number,
  end: number,
): readonly number[] | null {
  const places = facts.placesOf(kind, start, end);
  return start === 0 ? places : (places?.map((place) => place - start) ?? null);
}

/** What a pattern finds, from left to right. @param places in order, where it can begin; `null`: anywhere */
export function runsOf(
  text: string,
  { pattern, here }: Kind,
  places: readonly number[] | null,
): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  if (places === null) {
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (match[0] === '') pattern.lastIndex++;
      else found.push(match);
    }
    return found;
  }
  let end = 0;
  for (const place of places) {
    if (place < end) continue;
    here.lastIndex = place;
    const match = here.exec(text);
    if (match === null) continue;
    end = here.lastIndex;
    found.push(match);
  }
  return found;
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
 * The same as `matches` for a pattern that begins with one of some words, looked for only where these begin.
 * @param pattern with the flag `y`
 * @param starts in order
 */
export function matchesAt(
  text: string,
  starts: readonly number[],
  pattern: RegExp,
  span: { readonly type: SpanType; readonly detector: string },
  accept: (match: RegExpExecArray) => boolean = () => true,
): Span[] {
  const found: Span[] = [];
  let end = 0;
  for (const start of starts) {
    if (start < end) continue;
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match === null) continue;
    end = pattern.lastIndex;
    if (accept(match)) found.push({ start, end, ...span });
  }
  return found;
}

/** A part of a text, and where it begins there. */
export interface Window {
  readonly start: number;
  readonly text: string;
}

/**
 * Parts of a text around what `core` finds, those that touch joined: patterns that begin anywhere are dear, and run on these only.
 * @param core with the flag `g`
 */
export function windows(text: string, core: RegExp, before: number, after: number): Window[] {
  const found: { start: number; end: number }[] = [];
  core.lastIndex = 0;
  for (let match = core.exec(text); match !== null; match = core.exec(text))
    widen(found, match.index - before, match.index + match[0].length + after);
  return cut(text, found);
}

/** The same for a core with the flag `y` that begins at one of some places. @param starts in order */
export function windowsAt(
  text: string,
  starts: readonly number[],
  core: RegExp,
  before: number,
  after: number,
): Window[] {
  return cut(text, partsAt(text, starts, core, before, after));
}

function partsAt(
  text: string,
  starts: readonly number[],
  core: RegExp,
  before: number,
  after: number,
): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let coreEnd = 0;
  for (const start of starts) {
    if (start < coreEnd) continue;
    core.lastIndex = start;
    if (!core.test(text)) continue;
    coreEnd = core.lastIndex;
    widen(found, start - before, coreEnd + after);
  }
  return found;
}

function widen(found: { start: number; end: number }[], start: number, end: number): void {
  const last = found.at(-1);
  if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
  else found.push({ start: Math.max(0, start), end });
}

function cut(text: string, found: readonly { start: number; end: number }[]): Window[] {
  return found.map(({ start, end }) => ({ start, text: compact(text.slice(start, end)) }));
}

/** Spans found in a window, where they are in the text. */
export function shifted(spans: readonly Span[], by: number): Span[] {
  return by === 0
    ? [...spans]
    : spans.map((span) => ({ ...span, start: span.start + by, end: span.end + by }));
}

export interface Around {
  /** With the flag `y`. */
  readonly core: RegExp;
  /** Of the words with which `core` begins; see `anchorOf`. */
  readonly anchor: number;
  /** Characters. */
  readonly before: number;
  readonly after: number;
}

/** What patterns find in the parts of a text around `core`, without those that do not begin there. */
export function matchesAround(
  facts: TextFacts,
  { core, anchor, before, after }: Around,
  kinds: readonly Kind[],
  refine: (span: Span, part: string) => Span = (span) => span,
): Span[] {
  if (!facts.hasAnchor(anchor)) return [];
  const likely = kinds.filter((kind) => facts.mayMatch(kind));
  if (likely.length === 0) return [];
  const parts = partsAt(facts.text, facts.startsOf(anchor), core, before, after);
  return parts.flatMap(({ start, end }) => matchesWithin(facts, likely, start, end, refine));
}

/** What patterns find in a part of a text that is read as if it were all. */
export function matchesWithin(
  facts: TextFacts,
  kinds: readonly Kind[],
  start: number,
  end: number,
  refine: (span: Span, part: string) => Span = (span) => span,
): Span[] {
  const inside = facts.lookInto(start, end);
  const likely = kinds.filter((kind) => inside.mayMatch(kind));
  if (likely.length === 0) return [];
  const slice = facts.text.slice(start, end);
  const part = facts.isAscii ? slice : compact(slice);
  const spans = likely.flatMap((kind) => {
    const { type, detector } = kind;
    return runsOf(part, kind, placesWithin(facts, kind, start, end)).map(({ 0: whole, index }) =>
      refine({ start: index, end: index + whole.length, type, detector }, part),
    );
  });
  return shifted(spans, start);
}

/** Of a name of a secret and its value the value: the last word without quotes. The name tells nothing. */
export function valueIn(text: string): (span: Span) => Span {
  return (span) => {
    const [whole, value = ''] =
      /([^\s"'`”“„»«]{4,256})["'`”“„»«]?$/.exec(text.slice(span.start, span.end)) ?? [];
    if (whole === undefined) return span;
    const start = span.end - whole.length;
    return { ...span, start, end: start + value.length };
  };
}

/** Whether one of the words stands within `reach` characters before the position. */
export function hasNear(text: string, at: number, words: RegExp, reach = 48): boolean {
  return words.test(text.slice(Math.max(0, at - reach), at));
}
