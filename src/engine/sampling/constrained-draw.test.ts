import { describe, expect, test } from 'vitest';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import type { Constraint } from './constraint.ts';
import { createSampler } from './sampler.ts';

/** 700 tokens, so that not all are among the 512 likeliest; the last hundreds are hopeless but not impossible. */
const vocabTokenCount = 700;
const logits = Float32Array.from({ length: vocabTokenCount }, (_, id) =>
  id < 12 ? 2 - 0.35 * id : -4 - 0.002 * id,
);

function allowing(isAllowed: (token: number) => boolean): Constraint & { checked: number; masked: number } {
  const counts = { checked: 0, masked: 0 };
  return {
    ...counts,
    allows(token) {
      this.checked += 1;
      return isAllowed(token);
    },
    // As a first byte would: it rules out some of what is forbidden.
    mayAllow: (token) => token % 2 === 0 || isAllowed(token),
    check(ids, count, flags) {
      if (count === vocabTokenCount) this.masked += 1;
      for (let index = 0; index < count; index++) flags[index] = isAllowed(ids[index] as number) ? 1 : 0;
    },
  };
}

/** What the docstring promises: the filtered softmax, restricted to the allowed tokens. */
function expected(filtered: (id: number) => boolean, temperature: number): number[] {
  const weights = [...logits].map((logit, id) => (filtered(id) ? Math.exp(logit / temperature) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Pearson's statistic over tokens of which at least five are expected, all others together. */
function chiSquared(
  counts: readonly number[],
  shares: readonly number[],
): { statistic: number; cells: number } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let cells = 0;
  let [restCount, restShare] = [0, 0];
  shares.forEach((share, id) => {
    const count = counts[id] ?? 0;
    if (share * total < 5) {
      restCount += count;
      restShare += share;
      return;
    }
    statistic += (count - share * total) ** 2 / (share * total);
    cells += 1;
  });
  if (restShare * total >= 5) {
    statistic += (restCount - restShare * total) ** 2 / (restShare * total);
    cells += 1;
  } else expect(restCount).toBeLessThan(20);
  return { statistic, cells };
}

/** Wilson and Hilferty's approximation of the 99.9% quantile. */
function quantile999(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
}

interface Case {
  readonly name: string;
  readonly options: Partial<SamplingOptions>;
  readonly isAllowed: (id: number) => boolean;
  /** Filtered and allowed. */
  readonly support: (id: number) => boolean;
}

const cases: readonly Case[] = [
  { name: 'no filters', options: {}, isAllowed: (id) => id % 3 === 1, support: (id) => id % 3 === 1 },
  {
    name: 'no filters, hot, only tokens beyond the 512 likeliest and one before',
    options: { temperature: 2 },
    isAllowed: (id) => id === 11 || id > 550,
    support: (id) => id === 11 || id > 550,
  },
  {
    name: 'min_p: those of its tokens that are allowed',
    options: { minP: 0.05 },
    isAllowed: (id) => id === 2 || id === 5 || id > 7,
    // 0.35 nats a token: 8 steps are below 5% of the likeliest.
    support: (id) => [2, 5, 8].includes(id),
  },
  {
    name: 'top_k without an allowed token: the likeliest allowed ones',
    options: { topK: 3 },
    isAllowed: (id) => id >= 6,
    support: (id) => [6, 7, 8].includes(id),
  },
  {
    name: 'top_p, wide',
    options: { topP: 0.999, temperature: 1.5 },
    isAllowed: (id) => id !== 0 && id % 2 === 0 && id < 12,
    support: (id) => id !== 0 && id % 2 === 0 && id < 12,
  },
];

describe('a constrained draw', () => {
  test.each(cases)('follows the masked distribution: $name', ({ options, isAllowed, support }) => {
    const sampler = createSampler({ ...neutralSampling, seed: 7, ...options }, vocabTokenCount);
    const constraint = allowing(isAllowed);
    const counts = new Array<number>(vocabTokenCount).fill(0);
    for (let draw = 0; draw < 20_000; draw++) {
      const token = sampler.sample(logits, constraint);
      expect(isAllowed(token)).toBe(true);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    const { statistic, cells } = chiSquared(counts, expected(support, options.temperature ?? 1));
    expect(cells).toBeGreaterThan(1);
    expect(statistic).toBeLessThan(quantile999(cells - 1));
  });

  test('keeps a token that is allowed without looking at others', () => {
    const constraint = allowing(() => true);
    const bound = createSampler({ ...neutralSampling, seed: 3 }, vocabTokenCount);
    const free = createSampler({ ...neutralSampling, seed: 3 }, vocabTokenCount);
    for (let draw = 0; draw < 100; draw++) expect(bound.sample(logits, constraint)).toBe(free.sample(logits));
    expect(constraint).toMatchObject({ checked: 100, masked: 0 });
  });

  test('takes the likeliest allowed token where it is greedy', () => {
    const sampler = createSampler({ ...neutralSampling, temperature: 0 }, vocabTokenCount);
    const near = allowing((id) => id > 4);
    expect(sampler.sample(logits, near)).toBe(5);
    expect(near.masked).toBe(0);
    const far = allowing((id) => id > 600);
    expect(sampler.sample(logits, far)).toBe(601);
    expect(far.masked).toBe(1);
  });

  test('says so where no token may come', () => {
    const sampler = createSampler({ ...neutralSampling, minP: 0.05, seed: 1 }, vocabTokenCount);
    expect(() =>
      sampler.sample(
        logits,
        allowing(() => false),
      ),
    ).toThrow(/No token of this model/);
  });
});
