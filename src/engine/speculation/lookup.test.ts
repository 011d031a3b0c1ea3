import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceClass, gradeCount } from './drafter.ts';
import { createLookup, leastMatchTokenCount, longestMatchTokenCount } from './lookup.ts';

function draftAfter(tokens: readonly number[], limit: number) {
  const drafter = createLookup();
  for (const token of tokens) drafter.push(token);
  return drafter.draft(limit);
}

/** By trying every place: the continuation of the longest match, the latest of equal ones. */
function bruteForce(tokens: readonly number[], limit: number): number[] {
  let best = { place: -1, length: leastMatchTokenCount - 1 };
  for (let place = tokens.length - 1; place >= leastMatchTokenCount; place--) {
    let length = 0;
    while (
      length < Math.min(place, longestMatchTokenCount) &&
      tokens[place - 1 - length] === tokens[tokens.length - 1 - length]
    )
      length++;
    if (length > best.length) best = { place, length };
  }
  if (best.place < 0) return [];
  const all = [...tokens];
  for (let index = 0; index < limit; index++) all.push(all[best.place + index] as number);
  return all.slice(tokens.length);
}

describe('prompt lookup', () => {
  it('drafts what followed the longest match, the latest of equal ones', () => {
    expect(draftAfter([1, 2, 3, 9, 1, 2, 4, 9, 5, 1, 2], 2).tokens).toEqual([4, 9]);
    expect(draftAfter([7, 1, 2, 3, 9, 8, 1, 2, 4, 9, 7, 1, 2], 2).tokens).toEqual([3, 9]);
  });

  it('drafts nothing without a match of two tokens', () => {
    expect(draftAfter([1, 2, 3, 4, 5, 3], 4).tokens).toEqual([]);
    expect(draftAfter([], 4).tokens).toEqual([]);
    expect(draftAfter([1, 1, 1, 1], 0).tokens).toEqual([]);
  });

  it('goes on with a repetition beyond the end of the text', () => {
    expect(draftAfter([1, 2, 3, 1, 2], 7).tokens).toEqual([3, 1, 2, 3, 1, 2, 3]);
  });

  it('agrees with trying every place, whatever was drafted in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (tokens, limit) => {
          const drafter = createLookup();
          tokens.forEach((token, index) => {
            drafter.push(token);
            const { tokens: drafted, evidence } = drafter.draft(limit);
            expect(drafted).toEqual(bruteForce(tokens.slice(0, index + 1), limit));
            expect(evidence).toHaveLength(drafted.length);
          });
        },
      ),
    );
  });

  it('gives evidence that grows with the match and along the draft', () => {
    const text = Array.from({ length: 60 }, (_, index) => index);
    const after = (length: number) => draftAfter([...text, ...text.slice(0, length)], 8).evidence;
    expect(after(2)[0]).toBe(0);
    expect(after(40)).toEqual(Array.from({ length: 8 }, () => evidenceClass(gradeCount - 1, 'single')));
    const evidence = after(3);
    expect(evidence).toEqual([...evidence].sort((a, b) => a - b));
  });

  it('tells whether other places that match say the same', () => {
    const evidenceAfter = (...tokens: number[]) => draftAfter(tokens, 3).evidence;
    const single = (grade: number) => evidenceClass(grade, 'single');
    expect(evidenceAfter(1, 2, 3, 4, 5, 1, 2)).toEqual([0, 1, 2].map(single));
    // Two places agree on 3 and then part; behind that only one is left.
    expect(evidenceAfter(1, 2, 3, 4, 9, 1, 2, 3, 5, 8, 1, 2)).toEqual([
      evidenceClass(0, 'agreed'),
      evidenceClass(1, 'disputed'),
      single(2),
    ]);
  });

  it('stays with its source where a pair is too common to find it again', () => {
    const source = [1, 2, 50, 51, 1, 2, 52, 53, 54];
    const noise = Array.from({ length: 100 }, (_, index) => [1, 2, 60 + (index % 7)]).flat();
    const drafter = createLookup();
    for (const token of [...source, ...noise, 50, 51]) drafter.push(token);
    expect(drafter.draft(3).tokens).toEqual([1, 2, 52]);
    for (const token of [1, 2]) drafter.push(token);
    expect(drafter.draft(3).tokens).toEqual([52, 53, 54]);
  });
});
