import { describe, expect, it } from 'vitest';
import { ownBudget } from './choices.ts';
import { bestOf, guideTables, type JudgedRow } from './guide-row.ts';
import { guideCounts, guideRows, judgeGuide } from './rows.ts';

const rows = judgeGuide();
const differing = (table: string): readonly string[] =>
  rows.filter((row) => row.table === table && row.verdict === 'differs').map(({ row }) => row);

describe("the guide's rows", () => {
  it('has every table, each row once, with claim, inputs and something to say', () => {
    expect(new Set(rows.map(({ table }) => table))).toEqual(new Set(guideTables));
    const names = rows.map(({ table, row }) => `${table}: ${row}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    for (const { claim, inputs, today } of guideRows)
      expect([claim.length > 5, inputs.length > 3, today.length > 5]).toEqual([true, true, true]);
  });

  it.each(rows.map((row): [string, JudgedRow] => [`${row.table}: ${row.row}`, row]))(
    '%s is computed',
    (_, row) => {
      expect(row.computed).not.toMatch(/NaN|undefined|Infinity/);
      expect(row.computed.length).toBeGreaterThan(0);
    },
  );

  it('has as many rows as the guide: a table that lost one is noticed', () => {
    expect(Object.fromEntries(guideCounts(rows).map(({ table, rowCount }) => [table, rowCount]))).toEqual({
      goals: 4,
      formats: 5,
      'KV cache': 5,
      'context strategy': 3,
      'batching types': 3,
      throughput: 3,
      speculation: 3,
      'cost techniques': 5,
      'decision tree': 4,
      'small models': 7,
      'task suitability': 6,
      'routing results': 4,
      'edge formats': 6,
      memory: 18,
      phones: 2,
      'when to use each approach': 5,
      'production tools': 5,
      'scenarios by cost per month': 6,
    });
  });

  it('is differed from where it is known to be: verdicts do not change unnoticed', () => {
    expect(Object.fromEntries(guideTables.map((table) => [table, differing(table)]))).toEqual({
      goals: ['Batch processing', 'Budget constraint'],
      formats: ['INT4', 'NF4'],
      'KV cache': ['Growth, LLaMA 65B', 'Growth, Llama 3.1 70B'],
      'context strategy': [],
      'batching types': ['Static', 'Key insight'],
      throughput: [],
      speculation: [],
      'cost techniques': [],
      'decision tree': ['Highest throughput', 'Lowest cost'],
      'small models': [
        'Phi-4 (Microsoft)',
        'Gemma 2/3 (Google)',
        'Llama 3.2 (Meta)',
        'Qwen 2.5 (Alibaba)',
        'Mistral 7B',
        'H2O-Danube',
      ],
      'task suitability': [
        'Creative writing, nuanced analysis',
        'Multi-step reasoning',
        'Multilingual, low-resource',
      ],
      'routing results': ['Mid-tier'],
      'edge formats': [],
      memory: ['Phi-4 14B in INT4', 'Gemma 2 9B in INT4'],
      phones: ['Apple Neural Engine', 'Qualcomm AI Engine'],
      'when to use each approach': [
        'Privacy-sensitive chat',
        'Mobile app',
        'Browser extension',
        'IoT / embedded',
      ],
      'production tools': ['TGI (Text Generation Inference)'],
      'scenarios by cost per month': [
        'On-device AI (phone/browser)',
        'Production API (10K req/day)',
        'Batch processing (1M req/day)',
        'Real-time voice (50ms SLA)',
        'Hybrid routing (100K req/day)',
      ],
    });
  });

  it('gives reasons that hold: on a machine alone INT4 is cheapest, and it costs more than a provider does', () => {
    const alone = bestOf(ownBudget());
    const withProviders = bestOf({ ...ownBudget(), privacy: 'any' });
    expect(alone?.near?.format.kind).toBe('INT4');
    expect(alone?.cost.usd).toBeGreaterThan(withProviders?.cost.usd ?? Infinity);
    expect(withProviders?.far?.api.tier.name).toBe('small');
  });
});
