import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import { createSampler } from './sampler.ts';

const logits = Float32Array.of(2, 1.5, 1, 0.2, -0.5, -1, 2.4, 0, 0.1, -3, 1.1, -40);

function options(changes: Partial<SamplingOptions>): SamplingOptions {
  return { ...neutralSampling, seed: 11, ...changes };
}

function drawn(changes: Partial<SamplingOptions>, count: number, source = logits): number[] {
  const sampler = createSampler(options(changes), source.length);
  return Array.from({ length: count }, () => sampler.sample(source));
}

function softmax(source: readonly number[]): number[] {
  const max = Math.max(...source);
  const weights = source.map((value) => Math.exp(value - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Pearson's statistic over the tokens that can occur; the seed is fixed, so this cannot fail by chance. */
function chiSquared(tokens: readonly number[], probabilities: readonly number[]): number {
  let sum = 0;
  probabilities.forEach((p, token) => {
    const count = tokens.filter((drawnToken) => drawnToken === token).length;
    const expected = p * tokens.length;
    if (expected < 1e-6) expect(count).toBe(0);
    else sum += (count - expected) ** 2 / expected;
  });
  return sum;
}

describe('createSampler', () => {
  it('takes the largest logit, the lowest id of equal ones, at temperature 0', () => {
    expect(drawn({ temperature: 0 }, 3)).toEqual([6, 6, 6]);
    expect(drawn({ temperature: 0 }, 1, Float32Array.of(1, 5, 5, 5))).toEqual([1]);
    expect(drawn({ topK: 1 }, 3)).toEqual([6, 6, 6]);
    for (const temperature of [1e-3, 1e-7, Number.MIN_VALUE]) expect(drawn({ temperature }, 1)).toEqual([6]);
  });

  // 10 degrees of freedom: 99.9 % lie below 29.6.
  it.each([0.3, 0.7, 1, 1.9])('draws the softmax at temperature %d', (temperature) => {
    const probabilities = softmax([...logits].map((logit) => logit / temperature));
    expect(chiSquared(drawn({ temperature }, 20_000), probabilities)).toBeLessThan(29.6);
  });

  it('draws the same distribution through the candidate path', () => {
    const probabilities = softmax([...logits].map((logit) => logit / 0.8));
    const tokens = drawn({ temperature: 0.8, topK: logits.length - 1 }, 20_000);
    expect(chiSquared(tokens, probabilities)).toBeLessThan(29.6);
  });

  it('draws among what the filters leave, in their proportions', () => {
    const tokens = drawn({ temperature: 1, topK: 4, minP: 0.3 }, 20_000);
    const kept = new Set([6, 0, 1]);
    const probabilities = softmax([...logits].map((logit, id) => (kept.has(id) ? logit : -Infinity)));
    expect(chiSquared(tokens, probabilities)).toBeLessThan(13.8);
  });

  it('draws the same tokens for the same seed, others for another choice', () => {
    const draw = (seed: number, choiceIndex: number): number[] => {
      const sampler = createSampler(options({ seed }), logits.length, { choiceIndex });
      return Array.from({ length: 40 }, () => sampler.sample(logits));
    };
    expect(draw(5, 0)).toEqual(draw(5, 0));
    expect(draw(5, 1)).toEqual(draw(6, 0));
    expect(draw(5, 0)).not.toEqual(draw(5, 1));
  });

  it('never draws a banned token and always one that is forced', () => {
    const banned = new Map([
      [6, -100],
      [0, -100],
    ]);
    expect(drawn({ logitBias: banned }, 2_000).filter((token) => banned.has(token))).toEqual([]);
    expect(drawn({ logitBias: banned, temperature: 0 }, 1)).toEqual([1]);
    expect(new Set(drawn({ logitBias: new Map([[9, 100]]) }, 200))).toEqual(new Set([9]));
    const all = new Map([...logits.keys()].map((token) => [token, -100]));
    expect(() => drawn({ logitBias: all }, 1)).toThrow('logit_bias');
  });

  it('refuses biases for tokens that do not exist', () => {
    for (const token of [-1, 12, 0.5]) {
      expect(() => drawn({ logitBias: new Map([[token, 1]]) }, 0)).toThrow('integers from 0 to 11');
    }
  });

  it('penalizes what was seen, inside the window, and divides or multiplies by sign', () => {
    const source = Float32Array.of(2, 1.9, -1, -1.1);
    const sampler = createSampler(options({ temperature: 0, repetitionPenalty: 1.2, penaltyWindow: 1 }), 4);
    expect(sampler.sample(source)).toBe(0);
    sampler.accept(0);
    expect(sampler.sample(source)).toBe(1);
    sampler.accept(1);
    expect(sampler.sample(source)).toBe(0);

    const negative = createSampler(
      options({
        temperature: 0,
        repetitionPenalty: 1.2,
        logitBias: new Map([
          [0, -100],
          [1, -100],
        ]),
      }),
      4,
    );
    negative.accept(2);
    expect(negative.sample(source)).toBe(3);
  });

  it('counts the prompt for repetition, not for presence and frequency', () => {
    const source = Float32Array.of(2, 1.9);
    const setup = { promptTokens: [0, 0, 0] };
    const first = (changes: Partial<SamplingOptions>): number =>
      createSampler(options({ temperature: 0, ...changes }), 2, setup).sample(source);
    expect(first({ repetitionPenalty: 1.2 })).toBe(1);
    expect(first({ repetitionPenalty: 1.2, penaltyWindow: 0 })).toBe(0);
    expect(first({ presencePenalty: 1 })).toBe(0);
    expect(first({ frequencyPenalty: 1 })).toBe(0);
  });

  it('subtracts presence once and frequency each time', () => {
    const source = Float32Array.of(2, 1.3);
    const presence = createSampler(options({ temperature: 0, presencePenalty: 0.5 }), 2);
    presence.accept(0);
    presence.accept(0);
    expect(presence.sample(source)).toBe(0);
    const frequency = createSampler(options({ temperature: 0, frequencyPenalty: 0.5 }), 2);
    frequency.accept(0);
    expect(frequency.sample(source)).toBe(0);
    frequency.accept(0);
    expect(frequency.sample(source)).toBe(1);
  });

  it('never writes the logits and never draws what has no weight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 40 }),
        fc.record({
          temperature: fc.double({ min: 0, max: 2, noNaN: true }),
          topK: fc.nat(10),
          topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
          typicalP: fc.double({ min: 0.01, max: 1, noNaN: true }),
          minP: fc.double({ min: 0, max: 1, noNaN: true }),
          repetitionPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
          frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
          penaltyWindow: fc.integer({ min: -1, max: 5 }),
          seed: fc.integer(),
        }),
        (numbers, changes) => {
          const source = Float32Array.from([...numbers, -Infinity]);
          const before = source.slice();
          const sampler = createSampler(options(changes), source.length);
          for (let draw = 0; draw < 8; draw += 1) {
            const token = sampler.sample(source);
            expect(source[token]).toBeGreaterThan(-Infinity);
            sampler.accept(token);
          }
          expect(source).toEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reports broken logits', () => {
    expect(() => drawn({}, 1, Float32Array.of(1, NaN))).toThrow('NaN');
    expect(() => drawn({ temperature: 0 }, 1, Float32Array.of(NaN, 1))).toThrow('NaN');
    expect(() => createSampler(options({}), 3).sample(logits)).toThrow(RangeError);
  });
});
