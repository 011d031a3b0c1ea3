import { describe, expect, it } from 'vitest';
import type { BenchmarkResult } from './benchmark.ts';
import { jsonReport, markdownReport, withSection, type Conditions } from './report.ts';

const result: BenchmarkResult = {
  figures: { ratio: 0.9812, extra: 3 },
  targets: [{ key: 'ratio', value: 0.98123, atLeast: 0.97 }],
  rows: [
    { label: 'nearfar', cells: { 'tokens/s': 200 } },
    { label: 'peer', cells: { 'tokens/s': 204, q1: 1 } },
  ],
  notes: ['checked'],
};

const conditions: Conditions = {
  command: 'npm run bench -- decode',
  date: '2026-11-23T00:00:00.000Z',
  model: 'm.gguf',
  threadCount: 2,
  kernels: null,
  peer: 'llama-server 0.6.0',
  machine: {
    cpu: 'CPU',
    coreCount: 2,
    memoryGiB: 8,
    system: 'linux',
    node: 'v24',
    nearfar: '0.1.0',
    library: 'lib 1',
    loadBefore: 0.1,
  },
};

describe('report', () => {
  it('puts the figures at the top of the JSON and says which targets are met', () => {
    expect(jsonReport('decode', result, conditions)).toMatchObject({
      benchmark: 'decode',
      ratio: 0.9812,
      targets: [{ key: 'ratio', met: true }],
      conditions: { threadCount: 2 },
    });
    const missed = { ...result, targets: [{ key: 'ratio', value: 2, atMost: 1.15 }] };
    expect(jsonReport('idle', missed, conditions)).toMatchObject({ targets: [{ met: false }] });
  });

  it('writes a table with a column for every cell name', () => {
    const text = markdownReport('decode', result, conditions);
    expect(text).toContain('|  | tokens/s | q1 |');
    expect(text).toContain('| nearfar | 200 |  |');
    expect(text).toContain('`ratio`: **0.9812** (target: at least 0.97; met)');
    expect(text).toContain('- `extra`: 3');
    expect(text).toContain('npm run bench -- decode');
  });

  it('replaces one section and leaves the others', () => {
    const before = '# Benchmarks\n\nIntro.\n\n## decode\n\nold\n\n## burst\n\nkept\n';
    const after = withSection(before, 'decode', '## decode\n\nnew\n');
    expect(after).toBe('# Benchmarks\n\nIntro.\n\n## decode\n\nnew\n\n## burst\n\nkept\n');
    expect(withSection(after, 'decode', '## decode\n\nnew\n')).toBe(after);
    expect(withSection('# Benchmarks\n', 'idle', '## idle\n\nx\n')).toBe('# Benchmarks\n\n## idle\n\nx\n');
  });
});
