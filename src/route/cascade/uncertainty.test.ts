import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenLogprob } from '../../chat/part.ts';
import { defaultCascadeRules, judge } from './judge.ts';
import { asAsked } from './own-logprobs.ts';
import { agreementOf, entropyOf, uncertaintyOf } from './uncertainty.ts';

function token(probability: number, others: readonly number[] = []): TokenLogprob {
  const one = (id: number, p: number) => ({ token: id, bytes: [], logprob: Math.log(p) });
  return {
    ...one(0, probability),
    top: [one(0, probability), ...others.map((p, index) => one(index + 1, p))],
  };
}

describe('entropy', () => {
  test('of a fair coin is the logarithm of two, of certainty nothing', () => {
    expect(entropyOf(token(0.5, [0.5]))).toBeCloseTo(Math.LN2);
    expect(entropyOf(token(1))).toBe(0);
  });

  test('of what is known only in part is a lower bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 }),
        (weights) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const shares = weights.map((weight) => weight / total).toSorted((a, b) => b - a);
          const whole = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
          const [first = 1, ...rest] = shares;
          const known = entropyOf(token(first, rest.slice(0, 4)));
          expect(known).toBeGreaterThanOrEqual(-1e-9);
          expect(known).toBeLessThanOrEqual(whole + 1e-9);
        },
      ),
    );
  });

  test('counts the token that was drawn though it is none of the likeliest', () => {
    const drawn: TokenLogprob = { ...token(0.5, [0.3]), token: 9, logprob: Math.log(0.2) };
    expect(entropyOf(drawn)).toBeCloseTo(-(0.5 * Math.log(0.5) + 0.3 * Math.log(0.3) + 0.2 * Math.log(0.2)));
  });
});

describe('agreement', () => {
  test.each([
    [1, ['It is Vienna.', 'it is vienna']],
    [0, ['Vienna', 'Graz']],
    [0.5, ['in Vienna', 'in Graz']],
    [1, ['', '']],
    [1 / 3, ['a', 'a', 'b']],
  ])('%f of %j', (expected, texts) => {
    expect(agreementOf(texts)).toBeCloseTo(expected);
  });

  test('of one text is not known', () => {
    expect(agreementOf(['Vienna'])).toBeNull();
  });
});

describe('the judgement', () => {
  const rules = { ...defaultCascadeRules, leastMeanLogprob: -0.5 };
  const seen = (probability: number, agreement: number | null = null) =>
    uncertaintyOf([token(probability), token(probability)], agreement);

  test('is by the mean log-probability', () => {
    expect(judge(seen(0.9), rules)).toMatchObject({ isSure: true });
    expect(judge(seen(0.3), rules)).toEqual({
      isSure: false,
      reason: 'mean log-probability -1.20 over 2 tokens, below -0.5',
    });
  });

  test('of nothing is unsure', () => {
    expect(judge(uncertaintyOf([], null), rules).isSure).toBe(false);
  });

  test('asks the entropy and the samples only where the rules do', () => {
    const entropy = { ...rules, mostMeanEntropy: 0.1 };
    expect(judge(seen(0.9), entropy)).toMatchObject({ isSure: false });
    const samples = { ...rules, sampleCount: 3 };
    expect(judge(seen(0.9, 0.2), samples)).toMatchObject({ isSure: false });
    expect(judge(seen(0.9, null), samples)).toMatchObject({ isSure: false });
    expect(judge(seen(0.9, 0.8), samples)).toMatchObject({ isSure: true });
  });
});

describe('log-probabilities for the judge alone', () => {
  const part = { type: 'text-delta', choice: 0, text: 'x', logprobs: [token(0.5, [0.3, 0.2])] } as const;

  test('never reach a client that did not ask', () => {
    expect(asAsked(null)(part)).toEqual([{ type: 'text-delta', choice: 0, text: 'x' }]);
    expect(asAsked(null)({ ...part, text: '' })).toEqual([]);
  });

  test('are cut to as many alternatives as it asked for', () => {
    const [asked] = asAsked(1)(part);
    expect(asked).toMatchObject({ logprobs: [{ top: [{ token: 0 }] }] });
    expect(asAsked(0)(part)[0]).toMatchObject({ logprobs: [{ top: [] }] });
  });
});
