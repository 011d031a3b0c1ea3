import { describe, expect, it } from 'vitest';
import { needsOf } from './needs-of.ts';

describe('what a pattern needs', () => {
  it('is what every match has in it, with either case and all digits as one', () => {
    const { ways, starts } = needsOf(/\bOur (?:launch|merger) (?:\p{L}+ )*is \d{4}\b/giu);
    expect(starts).toEqual(['our ']);
    expect(ways).toHaveLength(1);
    expect(ways[0]).toContainEqual(['is 0000']);
    const other = ways[0]?.find((list) => list.length === 2) ?? [];
    expect('our launch our merger ').toContain(other[0]);
    expect('our launch our merger ').toContain(other[1]);
  });

  it('is told for each way of the whole pattern by itself', () => {
    const { ways, starts } = needsOf(/\bseverance (?:plan|list)s?\b|\bpitch deck\b[^.?!]{0,8}\$\d/gi);
    expect(ways).toHaveLength(2);
    expect(starts).toEqual(['seve', 'pitc']);
  });

  it.each([
    ['what may be there or not', /(?:confidential)?\d/g],
    ['what is told of the neighbours', /(?<=password )(?!secret)[a-z]/g],
    ['any letter', /\p{L}+@?/gu],
    ['what stands in every line', /e/g],
    ['one of two, one of which needs nothing', /confidential|\w/g],
  ])('does not hold %s', (_, pattern) => {
    expect(needsOf(pattern).ways).toEqual([]);
  });

  it.each([
    [/\x41\u0042[^\n]\u{1F600}\/x{2,}/gu, 'AB😀'],
    [/[a-c-]x[\]\\d]+q/g, 'bx]q'],
    [/(?<name>ab)\1(?:c){0}d{3}/g, 'ababddd'],
    [/[\wß-ü]k[^a]z/giu, 'ükbz'],
  ])('reads %s', (pattern) => {
    expect(() => needsOf(pattern)).not.toThrow();
  });

  it('says which pattern it cannot read', () => {
    expect(() => needsOf({ source: 'a)b', flags: 'g' } as RegExp)).toThrow('Not read');
  });
});
