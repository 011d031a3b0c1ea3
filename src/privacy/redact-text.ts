import type { Span, SpanType } from './detect/span.ts';

/** Placeholders for what was taken out, and what each stands for; one book for all texts that belong together. */
export interface RedactionBook {
  /** The same text of the same type has the same placeholder, e.g. `[PERSON_1]`. */
  placeholder(type: SpanType, text: string): string;
  /** What a placeholder of this book stands for; undefined of another text. */
  original(placeholder: string): string | undefined;
}

/** @param taken texts whose own words must not be mistaken for placeholders */
export function createRedactionBook(taken: readonly string[] = []): RedactionBook {
  const byText = new Map<string, string>();
  const byPlaceholder = new Map<string, string>();
  const counts = new Map<SpanType, number>();
  return {
    placeholder(type, text) {
      const key = `${type} ${text}`;
      const known = byText.get(key);
      if (known !== undefined) return known;
      let placeholder: string;
      do {
        const count = (counts.get(type) ?? 0) + 1;
        counts.set(type, count);
        placeholder = `[${type.toUpperCase()}_${count}]`;
      } while (taken.some((one) => one.includes(placeholder)));
      byText.set(key, placeholder);
      byPlaceholder.set(placeholder, text);
      return placeholder;
    },
    original: (placeholder) => byPlaceholder.get(placeholder),
  };
}

/** The text with each span replaced by its placeholder. Pure but for the book. @param spans in order, without overlaps */
export function redactText(text: string, spans: readonly Span[], book: RedactionBook): string {
  let redacted = '';
  let at = 0;
  for (const { start, end, type } of spans) {
    redacted += text.slice(at, start) + book.placeholder(type, text.slice(start, end));
    at = end;
  }
  return redacted + text.slice(at);
}
