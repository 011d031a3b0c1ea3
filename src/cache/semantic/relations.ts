import { plainWords } from './plain-words.ts';
import { stemOf } from './words.ts';

/** What stands on either side of a word that has a direction: `euros to dollars`, `larger than a shark`, `a string from a number`. */
export interface Relation {
  /** The word between them. */
  readonly word: string;
  /** Stems, those of one name together. */
  readonly source: readonly string[];
  readonly target: readonly string[];
}

const forward = new Set([
  'to',
  'into',
  'onto',
  'than',
  'versus',
  'vs',
  'against',
  'minus',
  'towards',
  'toward',
  'per',
  'before',
  'after',
]);
const backward = new Set(['from', 'out-of']);
/** Where one thing takes the place of another, these have a direction too. */
const exchanging = new Set(['for', 'with', 'by']);
const exchange =
  / (?:exchang|swap|trad|convert|replac|substitut|chang|translat|divid|multipl|subtract|switch|turn|transform)\w* /;

/** Pure: whether something is to become another thing, or to take its place. */
export function isExchange(words: readonly string[]): boolean {
  return exchange.test(` ${words.join(' ')} `);
}

/** @param words of a text, in lower case and order */
export function relationsOf(words: readonly string[]): readonly Relation[] {
  const text = ` ${words.join(' ')} `.replaceAll(' out of ', ' out-of ');
  const own = text.trim().split(' ');
  const exchanges = exchange.test(text);
  return own.flatMap((word, index): Relation[] => {
    const before = runBefore(own, index);
    const after = runAfter(own, index);
    if (before.length === 0 || after.length === 0) return [];
    if (forward.has(word) || (exchanges && exchanging.has(word)))
      return [{ word, source: before, target: after }];
    if (!backward.has(word)) return [];
    // `from London to Paris` is told by its `to`.
    const hasTarget = own.slice(index + 1, index + 5).some((next) => next === 'to' || next === 'into');
    return hasTarget ? [] : [{ word, source: after, target: before }];
  });
}

const runLength = 3;

function runBefore(words: readonly string[], index: number): readonly string[] {
  const run: string[] = [];
  for (let at = index - 1; at >= 0 && run.length < runLength; at--) {
    const word = words[at] ?? '';
    if (isSilent(word)) break;
    run.unshift(stemOf(word));
  }
  return run;
}

function runAfter(words: readonly string[], index: number): readonly string[] {
  let at = index + 1;
  while (at < words.length && at <= index + 3 && isSilent(words[at] ?? '')) at++;
  const run: string[] = [];
  for (; at < words.length && run.length < runLength; at++) {
    const word = words[at] ?? '';
    if (isSilent(word)) break;
    run.push(stemOf(word));
  }
  return run;
}

function isSilent(word: string): boolean {
  return plainWords.has(word) || forward.has(word) || backward.has(word);
}

interface Related {
  readonly relations: readonly Relation[];
  /** The place of each stem in its text. */
  readonly order: ReadonlyMap<string, number>;
  /** Whether one thing is to become or to take the place of another. */
  readonly isExchange: boolean;
  readonly stems: readonly string[];
}

/**
 * Pure: whether a relation of one text runs the other way in the other, which holds both of its ends: by a relation of its own,
 * or, where it has none between the two, by their order. Where one thing is to become another and neither text has a
 * relation ("I have euros and need dollars"), the order of all that they share counts.
 */
export function contradicts(one: Related, other: Related): boolean {
  if (one.isExchange && other.isExchange && one.relations.length + other.relations.length === 0) {
    const shared = one.stems.filter((stem) => one.order.has(stem) && other.order.has(stem));
    return shared.some(
      (stem, index) =>
        index > 0 && (other.order.get(shared[index - 1] ?? '') ?? 0) > (other.order.get(stem) ?? 0),
    );
  }
  return one.relations.some(({ word, source, target }) => {
    // However the comparison is worded: what is compared with must be the same.
    const isTurned = other.relations.some(
      (relation) =>
        word === 'than' && relation.word === word && isCrossed(target, relation.target, one, other),
    );
    if (isTurned) return true;
    const from = source.findLast((stem) => other.order.has(stem));
    const to = target.find((stem) => other.order.has(stem));
    if (from === undefined || to === undefined || from === to) return false;
    const runs = other.relations.map((relation) => {
      if (meet(relation.source, target) && meet(relation.target, source)) return 'reversed';
      if (!meet(relation.source, source) || !meet(relation.target, target)) return 'apart';
      // `larger than a whale shark` and `larger than a blue whale`, where both texts hold both.
      return isCrossed(target, relation.target, one, other) || isCrossed(source, relation.source, one, other)
        ? 'reversed'
        : 'alike';
    });
    if (runs.includes('reversed')) return true;
    return !runs.includes('alike') && (other.order.get(from) ?? 0) > (other.order.get(to) ?? 0);
  });
}

function meet(one: readonly string[], other: readonly string[]): boolean {
  return one.some((stem) => other.includes(stem));
}

/** Each end has a word that the other lacks and that the other's text holds elsewhere. */
function isCrossed(own: readonly string[], others: readonly string[], one: Related, other: Related): boolean {
  return (
    own.some((stem) => !others.includes(stem) && other.order.has(stem)) &&
    others.some((stem) => !own.includes(stem) && one.order.has(stem))
  );
}
