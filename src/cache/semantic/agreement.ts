import { mayBeOne } from './asked.ts';
import type { Reading } from './reading.ts';
import { contradicts } from './relations.ts';

/** Why two questions cannot have one answer. */
export type Disagreement =
  'language' | 'numbers' | 'literals' | 'names' | 'negation' | 'opposites' | 'question' | 'direction';

/**
 * Pure: the first thing in which two questions differ that answers depend on; null where there is none. Symmetric. What it lets
 * through may still be two questions; what it stops is never given the other's answer.
 */
export function disagreement(one: Reading, other: Reading): Disagreement | null {
  if (!one.isEnglish || !other.isEnglish) return 'language';
  if (!sameItems(one.numbers, other.numbers)) return 'numbers';
  if (!sameItems([...one.literals].sort(), [...other.literals].sort())) return 'literals';
  if (!mentions(one, other) || !mentions(other, one)) return 'names';
  if (one.isNegated !== other.isNegated) return 'negation';
  if (areOpposed(one, other)) return 'opposites';
  if (!mayBeOne(one.asked, other.asked)) return 'question';
  return contradicts(one, other) || contradicts(other, one) ? 'direction' : null;
}

function sameItems(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function mentions(one: Reading, other: Reading): boolean {
  for (const name of other.names) if (!one.words.has(name)) return false;
  return true;
}

function areOpposed(one: Reading, other: Reading): boolean {
  for (const [axis, poles] of one.poles) {
    const others = other.poles.get(axis);
    if (others === undefined) continue;
    // Their order counts too: "too dark, how do I brighten it" and "too bright, how do I darken it".
    if (!sameItems([...poles], [...others])) return true;
  }
  return false;
}
