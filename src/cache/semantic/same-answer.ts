import type { ChatPart, FinishReason } from '../../chat/part.ts';
import { cosine } from './likeness.ts';
import { readPrompt } from './reading.ts';

/** How two answers of a model are compared: `text`, letter by letter but for case, space and marks; `meaning`, see below. */
export type AnswerComparison = 'text' | 'meaning';

/** Texts to vectors of length 1; null where none can be had now. */
export type EmbedTexts = (
  texts: readonly string[],
  signal?: AbortSignal,
) => Promise<readonly Float32Array[] | null>;

/** Cosine of two answers that say the same. */
const leastSimilarity = 0.85;
/** Share of their words, by sense. */
const leastShared = 0.5;

/**
 * Whether a kept answer would have done in place of a new one. In doubt it would not: that costs hits and no wrong ones.
 * Same are answers of the same text, without regard to case, space, punctuation and marks of Markdown, or of the same
 * JSON value. With `meaning` also two that both came to their end, hold the same numbers, names, quotations and code, are negated
 * alike, use no opposites, share half of their words and are near as vectors.
 */
export async function sameAnswer(
  one: readonly ChatPart[],
  other: readonly ChatPart[],
  comparison: AnswerComparison,
  embed: EmbedTexts,
): Promise<boolean> {
  const [first, second] = [spoken(one), spoken(other)];
  if (first.reason !== second.reason) return false;
  if (normalised(first.text) === normalised(second.text)) return true;
  const [value, otherValue] = [jsonOf(first.text), jsonOf(second.text)];
  if (value !== null || otherValue !== null) return value === otherValue;
  if (comparison === 'text' || first.reason === 'length') return false;
  if (!factsAgree(first.text, second.text)) return false;
  const vectors = await embed([first.text, second.text]);
  const [a, b] = vectors ?? [];
  return a !== undefined && b !== undefined && cosine(a, b) >= leastSimilarity;
}

function spoken(parts: readonly ChatPart[]): { readonly text: string; readonly reason: FinishReason | null } {
  let text = '';
  let reason: FinishReason | null = null;
  for (const part of parts) {
    if (part.type === 'text-delta') text += part.text;
    if (part.type === 'choice-end') reason = part.reason;
  }
  return { text, reason };
}

function normalised(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[*_`#>"'\u2018\u2019\u201c\u201d]/g, '')
    .replaceAll(/[.,;:!?]+(?=\s|$)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Its canonical text where it is an object or a list. */
function jsonOf(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.stringify(JSON.parse(text), (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  } catch {
    return null;
  }
}

function factsAgree(one: string, other: string): boolean {
  const [a, b] = [readPrompt(one), readPrompt(other)];
  if (!a.isEnglish || !b.isEnglish || a.isNegated !== b.isNegated) return false;
  if (a.numbers.join('|') !== b.numbers.join('|')) return false;
  if ([...a.literals].sort().join('|') !== [...b.literals].sort().join('|')) return false;
  if ([...a.names].some((name) => !b.words.has(name)) || [...b.names].some((name) => !a.words.has(name))) {
    return false;
  }
  for (const [axis, poles] of a.poles) {
    const others = b.poles.get(axis);
    if (others !== undefined && [...poles].sort().join() !== [...others].sort().join()) return false;
  }
  const stems = new Set(b.stems);
  const sharedCount = a.stems.filter((stem) => stems.has(stem)).length;
  return sharedCount >= leastShared * (a.stems.length + stems.size - sharedCount);
}
