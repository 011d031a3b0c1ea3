import { describe, expect, test } from 'vitest';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import { reusePrior } from './reuse-prior.ts';
import { createReuseMemory, horizonsMs } from './reuse-memory.ts';

const minute = 60_000;
const prefix = (family: string, ...hashes: string[]): PromptPrefix => ({
  family: family.padEnd(8, '.'),
  tokenCount: 1000,
  chain: hashes.map((hash) => hash.padEnd(8, '.')).join(''),
  contents: '',
  contentTokenCounts: [],
  boundaries: hashes.map((hash, index) => ({
    hash: hash.padEnd(8, '.'),
    tokenCount: 100 * (index + 1),
    kind: index === hashes.length - 1 ? 'tail-0:first' : `system-${index}:`,
  })),
});

describe('what is learnt of prefixes', () => {
  test('what never comes again is soon not expected to, whatever was guessed', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 200; count += 1) {
      const asked = prefix(`f${count}`, `s${count}`, `t${count}`);
      memory.observe(asked, count * 1000, 'team');
      const worst = Math.max(...memory.expected(asked, 'team').flatMap(({ next }) => next));
      expect(worst).toBeLessThan(count < 4 ? 0.5 : 0.2);
      if (count > 100) expect(worst).toBeLessThan(0.03);
    }
  });

  test('of what was never seen its kind tells: a loop goes on, a question by itself does not', () => {
    const next = (kind: string): number => reusePrior(kind).next[0] ?? NaN;
    const kinds = ['tail-0:first', 'tail-0:going', 'tail-0:first+tools', 'tail-0:result+tools'];
    expect(kinds.map(next)).toEqual(kinds.map(next).toSorted((one, other) => one - other));
    expect(next('tail-0:first')).toBeLessThan(0.2);
    expect(next('system-0:')).toBeLessThan(next('system-0:+tools'));
    expect(next('tools')).toBe(next('system-0:+tools'));
  });

  test('each tenant learns by itself', () => {
    const memory = createReuseMemory();
    const odds = (tenant: string) => memory.expected(prefix('new', 'n', 'm'), tenant)[0]?.next[0] ?? NaN;
    const before = odds('one');
    for (let count = 0; count < 20; count += 1) {
      memory.observe(prefix(`f${count}`, `s${count}`, `t${count}`), count * 1000, 'one');
    }
    expect(odds('one')).toBeLessThan(before / 3);
    expect(odds('other')).toBe(before);
  });

  test('a conversation is told from its turns: one that pauses after its task has lower odds later than now', () => {
    const memory = createReuseMemory();
    let at = 0;
    for (let task = 0; task < 6; task += 1) {
      for (let call = 0; call < 10; call += 1) {
        const ends = Array.from({ length: task * 10 + call + 1 }, (_, index) => `t${index}`);
        memory.observe(prefix('f', 's', ...ends), at, 'team');
        at += 10_000;
      }
      at += 20 * minute;
    }
    const last = prefix('f', 's', ...Array.from({ length: 61 }, (_, index) => `t${index}`));
    memory.observe(last, at, 'team');
    const expected = memory.expected(last, 'team').at(-1);
    expect(expected?.isConversation).toBe(true);
    // Of ten requests nine are followed at once; all by one within the hour.
    expect(expected?.later[0]).toBeLessThan(0.95);
    expect(expected?.later[2]).toBeGreaterThan(expected?.later[0] ?? 1);
  });

  test('a place that comes again in time is expected again, one that comes late only for longer', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 10; count += 1)
      memory.observe(prefix('f', 's', `t${count}`), count * 20 * minute, 'team');
    const [system, tail] = memory.expected(prefix('f', 's', 't9'), 'team');
    expect(system?.next[0]).toBeLessThan(0.2);
    expect(system?.next[1]).toBeGreaterThan(0.7);
    expect(tail?.next[2]).toBeLessThan(0.2);
    expect(horizonsMs[1]).toBeGreaterThan(20 * minute);
  });

  test('ends that conversations went on from make the next end likely in that family, and less so in another', () => {
    const memory = createReuseMemory();
    for (let turn = 0; turn < 8; turn += 1) {
      const hashes = Array.from({ length: turn + 1 }, (_, index) => `t${index}`);
      memory.observe(prefix('talk', 's', ...hashes), turn * minute, 'team');
    }
    memory.observe(prefix('talk', 's', 'fresh'), 20 * minute, 'team');
    memory.observe(prefix('other', 'x', 'y'), 20 * minute, 'team');
    const talk = memory.expected(prefix('talk', 's', 'fresh'), 'team').at(-1)?.next[0] ?? 0;
    expect(talk).toBeGreaterThan(0.7);
    expect(memory.expected(prefix('other', 'x', 'y'), 'team').at(-1)?.next[0]).toBeLessThan(talk);
  });

  test('memory is bounded', () => {
    const memory = createReuseMemory();
    for (let count = 0; count < 60_000; count += 1) memory.observe(prefix('f', `p${count}`), count, 'team');
    expect(memory.placeCount).toBeLessThanOrEqual(50_000);
  });
});
