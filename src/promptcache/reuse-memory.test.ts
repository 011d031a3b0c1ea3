import { describe, expect, test } from 'vitest';
import { createReuseMemory, horizonsMs } from './reuse-memory.ts';

const minute = 60_000;
const prefix = (family: string, ...hashes: string[]) => ({
  family: family.padEnd(8, '.'),
  tokenCount: 1000,
  chain: hashes.map((hash) => hash.padEnd(8, '.')).join(''),
  contents: '',
  contentTokenCounts: [],
  boundaries: hashes.map((hash, index) => ({
    hash: hash.padEnd(8, '.'),
    tokenCount: 100 * (index + 1),
    kind: index === hashes.length - 1 ? 'tail-0:text' : `system-${index}`,
  })),
});

describe('what is learnt of prefixes', () => {
  test('nothing is expected to come again before anything did, however much was asked', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 200; count += 1) {
      const asked = prefix(`f${count}`, `s${count}`, `t${count}`);
      memory.observe(asked, count * 1000);
      for (const odds of memory.odds(asked)) expect(Math.max(...odds)).toBeLessThan(0.1);
    }
  });

  test('a place that comes again in time is expected again, one that comes late only for longer', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 10; count += 1)
      memory.observe(prefix('f', 's', `t${count}`), count * 20 * minute);
    const [system, tail] = memory.odds(prefix('f', 's', 't9'));
    expect(system?.[0]).toBeLessThan(0.2);
    expect(system?.[1]).toBeGreaterThan(0.7);
    expect(tail?.[2]).toBeLessThan(0.2);
    expect(horizonsMs[1]).toBeGreaterThan(20 * minute);
  });

  test('ends that conversations went on from make the next end likely in that family, and less so in another', () => {
    const memory = createReuseMemory();
    for (let turn = 0; turn < 8; turn += 1) {
      const hashes = Array.from({ length: turn + 1 }, (_, index) => `t${index}`);
      memory.observe(prefix('talk', 's', ...hashes), turn * minute);
    }
    memory.observe(prefix('talk', 's', 'fresh'), 20 * minute);
    memory.observe(prefix('other', 'x', 'y'), 20 * minute);
    const talk = memory.odds(prefix('talk', 's', 'fresh')).at(-1)?.[0] ?? 0;
    expect(talk).toBeGreaterThan(0.7);
    expect(memory.odds(prefix('other', 'x', 'y')).at(-1)?.[0]).toBeLessThan(talk);
  });

  test('memory is bounded', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 60_000; count += 1) memory.observe(prefix('f', `p${count}`), count);
    expect(memory.placeCount).toBeLessThanOrEqual(50_000);
  });
});
