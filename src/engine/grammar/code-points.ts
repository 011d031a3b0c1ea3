/** First and last code point, both included. */
export type CodePointRange = readonly [first: number, last: number];

/** Sorted, disjoint and not adjacent: two equal sets are equal lists. */
export type CodePointSet = readonly CodePointRange[];

export const largestCodePoint = 0x10ffff;

/** Every Unicode scalar value: surrogates are no characters of their own and have no UTF-8. */
export const allCodePoints: CodePointSet = [
  [0, 0xd7ff],
  [0xe000, largestCodePoint],
];

/** Any ranges, in any order, as a set. */
export function codePointSet(ranges: readonly CodePointRange[]): CodePointSet {
  const sorted = ranges.filter(([first, last]) => first <= last).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function intersection(left: CodePointSet, right: CodePointSet): CodePointSet {
  const ranges: CodePointRange[] = [];
  for (const [a, b] of left) {
    for (const [c, d] of right) {
      if (Math.max(a, c) <= Math.min(b, d)) ranges.push([Math.max(a, c), Math.min(b, d)]);
    }
  }
  return codePointSet(ranges);
}

export function difference(left: CodePointSet, right: CodePointSet): CodePointSet {
  const gaps: CodePointRange[] = [];
  let next = 0;
  for (const [first, last] of right) {
    gaps.push([next, first - 1]);
    next = last + 1;
  }
  gaps.push([next, largestCodePoint]);
  return intersection(left, codePointSet(gaps));
}

export function contains(set: CodePointSet, codePoint: number): boolean {
  return set.some(([first, last]) => first <= codePoint && codePoint <= last);
}

/** The set of the characters of a text. */
export function charactersOf(text: string): CodePointSet {
  return codePointSet(codePointsOf(text).map((codePoint) => [codePoint, codePoint]));
}

export function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/**
 * The coarsest partition of all code points in which each given set is a union of blocks.
 * An automaton has to look only at one member of each block.
 */
export function partition(sets: readonly CodePointSet[]): CodePointSet[] {
  const borders = new Set<number>();
  for (const [first, last] of [...allCodePoints, ...sets.flat()]) {
    borders.add(first);
    borders.add(last + 1);
  }
  const ordered = [...borders].sort((a, b) => a - b);
  const blocks = new Map<string, CodePointRange[]>();
  for (const [index, first] of ordered.entries()) {
    const next = ordered[index + 1];
    if (next === undefined || !contains(allCodePoints, first)) continue;
    const key = sets.map((set) => (contains(set, first) ? '1' : '0')).join('');
    const block = blocks.get(key) ?? [];
    block.push([first, next - 1]);
    blocks.set(key, block);
  }
  return [...blocks.values()].map(codePointSet);
}
