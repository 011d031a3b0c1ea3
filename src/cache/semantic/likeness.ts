import type { Reading } from './reading.ts';

/** A question, as it is compared. */
export interface Question {
  readonly text: string;
  readonly reading: Reading;
  /** Of length 1. */
  readonly vector: Float32Array;
}

/** How alike two questions are. */
export interface Likeness {
  /** Cosine of their vectors, -1 to 1. */
  readonly similarity: number;
  /** The cosine less what their words have not in common; at most the cosine. What thresholds are learnt on. */
  readonly likeness: number;
}

/** Off the likeness where two questions share none of their words. */
const unsharedCost = 0.3;
/** Off it where each has a word that the other lacks: near misses swap one word for another, paraphrases mostly leave one out. */
const swappedCost = 0.1;

/** Pure. Words count by their sense: without inflection, synonyms as one, without those that only say how something is asked. */
export function likenessOf(one: Question, other: Question): Likeness {
  const similarity = cosine(one.vector, other.vector);
  const stems = new Set(other.reading.stems);
  const sharedCount = one.reading.stems.filter((stem) => stems.has(stem)).length;
  const ownCount = one.reading.stems.length - sharedCount;
  const otherCount = stems.size - sharedCount;
  const allCount = sharedCount + ownCount + otherCount;
  const unshared = allCount === 0 ? 1 : 1 - sharedCount / allCount;
  const isSwapped = ownCount > 0 && otherCount > 0;
  return { similarity, likeness: similarity - unsharedCost * unshared - (isSwapped ? swappedCost : 0) };
}

/** Of two vectors of length 1. */
export function cosine(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}
