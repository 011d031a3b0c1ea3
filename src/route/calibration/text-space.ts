import { structureNames, readFeatures } from '../difficulty/features.ts';
import { amountCandidates, amountWeight } from '../difficulty/fit-difficulty.ts';
import { amountOf } from '../difficulty/weights.ts';
import type { SparseRow } from './ridge.ts';

/** What a text is made of, before anything is weighed: made once for all folds. */
export interface CountedText {
  /** Buckets of its words and pairs of words, each once. */
  readonly buckets: Int32Array;
  readonly counts: Int32Array;
  /** In the order of `structureNames`. */
  readonly features: readonly number[];
  /** Length and all amounts, equally weighed: a difficulty that was fitted to nothing. */
  readonly amount: number;
}

/** How texts become rows: learned from the prompts of one calibration. */
export interface TextSpace {
  /** Of each bucket; 0: too rare to tell anything. */
  readonly idf: Float32Array;
  readonly featureMeans: readonly number[];
  readonly featureDeviations: readonly number[];
}

export const bucketCount = 2 ** 15;
/** Further than so many standard deviations nothing counts much more. */
const reach = 3;
/** Texts are read up to here. UTF-16 units. */
const readLength = 20_000;

/** Pure. Words and pairs of words by their hashes (Weinberger et al. 2009); numbers by how many digits they have. */
export function countText(text: string): CountedText {
  const words =
    text
      .slice(0, readLength)
      .toLowerCase()
      .match(/\p{L}+|\d+|[^\s\p{L}\d]/gu) ?? [];
  const counts = new Map<number, number>();
  const add = (bucket: number): void => {
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  };
  let previous = 0;
  for (const word of words) {
    const hash = hashWord(/^\d/.test(word) ? '0'.repeat(Math.min(word.length, 5)) : word);
    add(hash % bucketCount);
    add(mix(previous, hash) % bucketCount);
    previous = hash;
  }
  const features = readFeatures(text);
  return {
    buckets: Int32Array.from(counts.keys()),
    counts: Int32Array.from(counts.values()),
    features: structureNames.map((name) => features[name]),
    amount: amountOf(features, { amounts: amountCandidates, amountWeight }),
  };
}

/** How often each bucket occurs among these texts, and where their features lie. */
export function learnSpace(texts: readonly CountedText[]): TextSpace {
  const documentCounts = new Int32Array(bucketCount);
  for (const { buckets } of texts)
    for (const bucket of buckets) documentCounts[bucket] = (documentCounts[bucket] ?? 0) + 1;
  const idf = Float32Array.from(documentCounts, (count) =>
    count < 2 ? 0 : Math.log((1 + texts.length) / (1 + count)) + 1,
  );
  const featureMeans = structureNames.map((_, at) => mean(texts.map(({ features }) => features[at] ?? 0)));
  const featureDeviations = structureNames.map((_, at) => {
    const centre = featureMeans[at] ?? 0;
    return Math.sqrt(mean(texts.map(({ features }) => ((features[at] ?? 0) - centre) ** 2)));
  });
  return { idf, featureMeans, featureDeviations };
}

/** The words of one text, weighed by rarity (TF-IDF, sublinear), of length 1. */
export function wordRowOf({ buckets, counts }: CountedText, { idf }: TextSpace): SparseRow {
  const values = Float32Array.from(
    buckets,
    (bucket, at) => (1 + Math.log(counts[at] ?? 1)) * (idf[bucket] ?? 0),
  );
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return { columns: buckets, values: values.map((value) => value / length) };
}

/** The features of one text in standard deviations, the far ones drawn in. */
export function featureRowOf({ features }: CountedText, space: TextSpace): Float32Array {
  return Float32Array.from(features, (feature, at) => {
    const deviation = space.featureDeviations[at] ?? 0;
    const distance = deviation < 1e-9 ? 0 : (feature - (space.featureMeans[at] ?? 0)) / deviation;
    return reach * Math.tanh(distance / reach);
  });
}

/** FNV-1a, 32 bits. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return mix(0, hash >>> 0);
}

/** A hash of two (the finaliser of MurmurHash3). */
function mix(first: number, second: number): number {
  let hash = (Math.imul(first, 0x9e3779b1) ^ second) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
