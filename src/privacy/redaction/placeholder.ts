import { spanTypes, type SpanType } from '../detect/span.ts';

/** A placeholder is its name in brackets, `[EMAIL_1]`; where only an identifier may stand, the name alone. */
export type PlaceholderName = `${Uppercase<SpanType>}_${number}`;

export function placeholderName(type: SpanType, count: number): PlaceholderName {
  return `${type.toUpperCase() as Uppercase<SpanType>}_${count}`;
}

// Longer ones first, so that no name hides another that begins the same.
const words = [...spanTypes].sort((a, b) => b.length - a.length).map((type) => type.replaceAll('_', '[ _-]'));
const anyName = new RegExp(`(${words.join('|')})(?:[ _-]|\\\\_) ?(\\d{1,6})`, 'gi');

/** Names that a text could be taken to hold, in any way of writing them; a placeholder of one of these would be mistaken. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(anyName)].map(
    ([, type = '', count = '']) => `${type.toUpperCase().replace(/[ -]/g, '_')}_${Number(count)}`,
  );
}
