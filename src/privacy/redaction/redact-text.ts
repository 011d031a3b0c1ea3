import type { Span, SpanType } from '../detect/span.ts';
import { decodedTexts } from '../decoded-text.ts';
import type { RedactionBook } from './redaction-book.ts';
import { labelLength, labelled, type TextRole } from './request-texts.ts';

/** In a placeholder's place while detectors read: they see that something stands there, and nothing of it. */
const mask = '\u25a1';

/** What says of a whole text that nobody else may have it, not only of the words that say so, and what nobody has read. */
const unreplaceable: ReadonlySet<SpanType> = new Set(['confidential', 'unread']);

/** Says nothing of anybody by itself: only beside the words that gave it away. */
const tellsOnlyInPlace: ReadonlySet<SpanType> = new Set(['age', 'health', 'legal', 'finance', 'residence']);

/** What of a found text is somebody's wherever else it stands: itself, and the bare value behind a name of it. */
function tellTales(type: SpanType, text: string): string[] {
  if (tellsOnlyInPlace.has(type)) return [];
  const values = [text];
  if (type === 'secret')
    values.push(
      /:\/\/[^:]*:([^@]+)@/.exec(text)?.[1] ?? '',
      text
        .split(/[\s"'`=:]+/)
        .filter(Boolean)
        .at(-1) ?? '',
    );
  if (type === 'birth_date') values.push(text.slice(Math.max(0, text.search(/\d/))));
  return values.filter((value, index) => value.trim().length >= (index === 0 ? 4 : 6));
}

/** As `createScanText` gives it: spans in order that share no place. */
export type FindSpans = (text: string) => readonly Span[];

/** A piece of a text that is to be replaced. */
export type Piece = Pick<Span, 'start' | 'end' | 'type' | 'detector'>;

export interface TextRedactor {
  /** What is found in a text outside of the book's placeholders, in order, without overlaps. */
  find(text: string, role: TextRole, label?: string): readonly Piece[];
  /** @throws Refused where a piece cannot be replaced */
  redact(text: string, role: TextRole, label?: string): string;
  /** Whether a text holds something that the book has a name for, decoded or not. */
  holdsKnown(text: string): boolean;
}

/** Thrown within this folder: what the redacted text would still say. */
export class Refused extends Error {
  readonly detectors: readonly string[];

  constructor(detectors: readonly string[]) {
    super('refused');
    this.detectors = detectors;
  }
}

/** Redacts one text after the other into one book. Pure but for the book. */
export function createTextRedactor(scan: FindSpans, book: RedactionBook): TextRedactor {
  let typeOfKnown: ReadonlyMap<string, SpanType> = new Map();
  // Both made anew only when there are more of them: a request is read several times.
  const names = madeAtCount(
    () => book.originals.size,
    () => [...book.originals.keys()],
    (all) => new RegExp(`\\[?(?:${all.join('|')})(?!\\d)\\]?`, 'g'),
  );
  const knownTexts = madeAtCount(
    () => book.knownCount,
    () => {
      typeOfKnown = new Map(
        book.known.flatMap(({ type, text }) =>
          tellTales(type, text).map((tale) => [plainly(tale), type] as const),
        ),
      );
      return [...typeOfKnown.keys()].map(anywhere);
    },
    (all) => new RegExp(all.join('|'), 'giu'),
  );

  function knownIn(text: string): Piece[] {
    const pattern = knownTexts();
    if (pattern === null) return [];
    return [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
      start: index,
      end: index + found.length,
      type: typeOfKnown.get(plainly(found)) ?? 'own_term',
      detector: 'known',
    }));
  }

  function find(text: string, role: TextRole, label?: string): readonly Piece[] {
    const pattern = names();
    const masked = pattern === null ? text : text.replace(pattern, (name) => mask.repeat(name.length));
    const spans = scan(masked);
    const found: Piece[] = role === 'identifier' ? spans.filter((span) => tells(span, masked)) : [...spans];
    if (label !== undefined) {
      const offset = labelLength(label);
      for (const span of scan(labelled(label, masked)))
        if (span.end > offset)
          found.push({ ...span, start: Math.max(0, span.start - offset), end: span.end - offset });
    }
    found.push(...knownIn(masked));
    return joined(found).flatMap((piece) => unmasked(masked, piece));
  }

  function holdsKnown(text: string, depth = 0): boolean {
    const pattern = knownTexts();
    if (pattern === null) return false;
    pattern.lastIndex = 0;
    if (pattern.test(text)) return true;
    return depth < 3 && decodedTexts(text).some((part) => holdsKnown(part.text, depth + 1));
  }

  return {
    find,
    holdsKnown: (text) => holdsKnown(text),
    redact(text, role, label) {
      const pieces = find(text, role, label);
      if (pieces.length === 0) return text;
      const stuck = pieces.filter(({ type }) => unreplaceable.has(type) || role === 'address');
      if (stuck.length > 0) throw new Refused(stuck.map(({ detector }) => detector));
      return redactSpans(text, pieces, book, role);
    },
  };
}

/** The text with each span replaced by its placeholder. Pure but for the book. @param spans in order, without overlaps */
export function redactSpans(
  text: string,
  spans: readonly Pick<Span, 'start' | 'end' | 'type'>[],
  book: RedactionBook,
  role: TextRole = 'prose',
): string {
  let redacted = '';
  let at = 0;
  for (const { start, end, type } of spans) {
    const name = book.nameOf(type, text.slice(start, end));
    redacted += text.slice(at, start) + (role === 'identifier' ? name : `[${name}]`);
    at = end;
  }
  return redacted + text.slice(at);
}

/** Random words are what ids are made of; a name of the owner's, a key by its form, or nothing but a number is more. */
function tells({ start, end, type, detector }: Piece, text: string): boolean {
  if (type === 'secret') return !/\.(?:entropy|named|paired)$/.test(detector);
  return (
    type === 'own_term' ||
    type === 'unread' ||
    /[^\w.:|/+=-]/.test(text) ||
    (start === 0 && end === text.length)
  );
}

/** A pattern of alternatives, longest first; null of none. */
function madeAtCount(
  count: () => number,
  list: () => string[],
  make: (all: readonly string[]) => RegExp,
): () => RegExp | null {
  let madeAt = -1;
  let pattern: RegExp | null = null;
  return () => {
    if (madeAt !== count()) {
      madeAt = count();
      const all = list().sort((a, b) => b.length - a.length);
      pattern = all.length === 0 ? null : make(all);
    }
    return pattern;
  };
}

/** Pieces in order; those that share a place become one, of the first one's type, as long as all. */
function joined(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  for (const piece of [...pieces].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || piece.start >= last.end) kept.push(piece);
    else {
      const harder = unreplaceable.has(piece.type) ? piece : last;
      kept[kept.length - 1] = { ...harder, start: last.start, end: Math.max(last.end, piece.end) };
    }
  }
  return kept;
}

/** What of a piece stands outside of placeholders and says something: letters or digits. */
function unmasked(masked: string, piece: Piece): Piece[] {
  const found: Piece[] = [];
  for (const { 0: part, index } of masked.slice(piece.start, piece.end).matchAll(/[^\u25a1]+/g)) {
    if (!/[\p{L}\p{N}]/u.test(part)) continue;
    const start = piece.start + index + (part.length - part.trimStart().length);
    found.push({ ...piece, start, end: start + part.trim().length });
  }
  return found;
}

const plainly = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ');

/** A text wherever it stands: with any spaces, and at the borders of words where it is short or made of letters only. */
function anywhere(text: string): string {
  const pattern = text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/g, '\\s+');
  const isUnmistakable = text.length >= 8 && /[\d@]/.test(text);
  return isUnmistakable ? pattern : `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`;
}
