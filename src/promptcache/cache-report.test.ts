import { describe, expect, test } from 'vitest';
import { anthropicBlocks } from './anthropic-blocks.ts';
import { cacheReport, type CacheRow } from './cache-report.ts';
import { createKeyedHash } from './keyed-hash.ts';
import { hashPrompt } from './prefix-hashes.ts';

const rates = {
  promptMicrosPerMillion: 5_000_000,
  cachedMicrosPerMillion: 500_000,
  cacheWriteMicrosPerMillion: 6_250_000,
  completionMicrosPerMillion: 25_000_000,
};
const rules = Array.from(
  { length: 90 },
  (_, index) => `Rule ${index}: ${'do this well '.repeat(5)}${index * 7919}`,
);

function row(index: number, system: string, other: Partial<CacheRow> = {}): CacheRow {
  const blocks = anthropicBlocks({ system, messages: [{ role: 'user', content: `Question ${index}?` }] });
  return {
    requestId: `req_${index}`,
    startedAt: index * 60_000,
    keyName: 'team',
    model: 'claude/claude-opus-5',
    promptTokenCount: 2000,
    cachedTokenCount: 0,
    cacheWriteTokenCount: 0,
    savedMicros: 0,
    prefix: hashPrompt(blocks, 'team', createKeyedHash(new Uint8Array(32)))?.prefix ?? null,
    ...other,
  };
}

describe('what caching did', () => {
  test('is told for each family, and families that came once together', () => {
    const rows = [
      row(0, 'A', { cacheWriteTokenCount: 1500, savedMicros: -2000 }),
      row(1, 'A', { cachedTokenCount: 1500, savedMicros: 7000 }),
      row(3, 'A', { cachedTokenCount: 1500, savedMicros: null }),
      row(4, 'B'),
      row(5, 'C'),
      row(6, '', { prefix: null }),
    ];
    const report = cacheReport(rows, () => rates);
    expect(report.total).toMatchObject({ requestCount: 6, promptTokenCount: 12_000, cachedTokenCount: 3000 });
    expect(report.families.map(({ requestCount }) => requestCount)).toEqual([3, 1]);
    expect(report.families[0]).toMatchObject({ savedMicros: 5000, unknownCount: 1, medianGapMs: 60_000 });
    expect(report.families[1]?.family).toBeNull();
    expect(report.once).toMatchObject({ requestCount: 2 });
    expect(report.advice).toEqual([]);
  });
});

describe('what would help', () => {
  test('a date before the rules is found, with what its move would save', () => {
    const rows = Array.from({ length: 10 }, (_, index) =>
      row(index, `It is minute ${index} of ${'a very long day '.repeat(index % 4)}.\n${rules.join('\n')}`),
    );
    const [advice, ...others] = cacheReport(rows, () => rates).advice;
    expect(others).toEqual([]);
    expect(advice?.requestCount).toBe(10);
    expect(advice?.agreeingTokenCount).toBe(0);
    expect(advice?.changingTokenCount).toBeLessThan(400);
    expect(advice?.stableTokenCount).toBeGreaterThan(1200);
    const readMicros = (advice?.stableTokenCount ?? 0) * 4.5;
    expect(advice?.wouldSaveMicros).toBeGreaterThan(readMicros * 7);
    expect(advice?.wouldSaveMicros).toBeLessThan(readMicros * 10);
    expect(advice?.examples[0]).toEqual(['req_8', 'req_9']);
  });

  test('nothing is said of prompts that agree from the beginning, or have nothing in common', () => {
    const same = Array.from({ length: 10 }, (_, index) => row(index, rules.join('\n')));
    expect(cacheReport(same, () => rates).advice).toEqual([]);
    const different = Array.from({ length: 10 }, (_, index) =>
      row(index, rules.map((line) => `${index * 31} ${line} ${index * 17}`).join('\n')),
    );
    expect(cacheReport(different, () => rates).advice).toEqual([]);
  });

  test('nothing is said where prompts come too seldom for a cache to pay', () => {
    const rows = Array.from({ length: 10 }, (_, index) =>
      row(index, `Minute ${index}.\n${rules.join('\n')}`, { startedAt: index * 3_600_000 }),
    );
    expect(cacheReport(rows, () => rates).advice).toEqual([]);
  });

  test('without prices it is found all the same', () => {
    const rows = Array.from({ length: 5 }, (_, index) => row(index, `Minute ${index}.\n${rules.join('\n')}`));
    expect(cacheReport(rows, () => null).advice).toMatchObject([{ wouldSaveMicros: null, requestCount: 5 }]);
  });
});
