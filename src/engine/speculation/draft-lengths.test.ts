import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draftLengths } from './draft-lengths.ts';

const candidate = (...rates: number[]) => ({ rates, contextTokenCount: 100 });
const flat = () => 10;
const linear = (tokenCount: number) => 10 * tokenCount;

describe('the length of drafts', () => {
  it('is all that is offered where more tokens cost nothing, and none where each costs a step', () => {
    const candidates = [candidate(0.5, 0.5, 0.5)];
    expect(draftLengths({ candidates, limit: 16, predictMs: flat, leastGain: 1.03 }).lengths).toEqual([3]);
    expect(draftLengths({ candidates, limit: 16, predictMs: linear, leastGain: 1.03 }).lengths).toEqual([0]);
  });

  it('goes to the sequences that are surest, within the limit', () => {
    const candidates = [candidate(0.2, 0.9), candidate(0.9, 0.9, 0.9), candidate()];
    const { lengths } = draftLengths({ candidates, limit: 3, predictMs: flat, leastGain: 1 });
    expect(lengths).toEqual([0, 3, 0]);
  });

  it('sees beyond a width that is dear to one that is cheap', () => {
    const predictMs = (tokenCount: number) => (tokenCount === 1 ? 10 : tokenCount < 4 ? 30 : 20);
    const candidates = [candidate(0.95, 0.95, 0.95)];
    expect(draftLengths({ candidates, limit: 16, predictMs, leastGain: 1.03 }).lengths).toEqual([3]);
  });

  it('is never worse than another choice of lengths, and nothing where the gain is below the least', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 8 }),
        fc.double({ min: 1, max: 1.5, noNaN: true }),
        (rates, increments, limit, leastGain) => {
          const predictMs = (tokenCount: number) =>
            increments.slice(0, tokenCount).reduce((sum, one) => sum + one, 0);
          const candidates = rates.map((own) => candidate(...own));
          const { lengths } = draftLengths({ candidates, limit, predictMs, leastGain });
          const speed = (chosen: readonly number[]) => {
            const expected = rates.map((own, index) => {
              let [sum, product] = [1, 1];
              for (const rate of own.slice(0, chosen[index])) sum += product *= rate;
              return sum;
            });
            const count = chosen.reduce((sum, length) => sum + length, rates.length);
            return expected.reduce((sum, value) => sum + value, 0) / predictMs(count);
          };
          const plain = speed(rates.map(() => 0));
          const total = lengths.reduce((sum, length) => sum + length, 0);
          expect(total).toBeLessThanOrEqual(limit);
          if (total > 0) expect(speed(lengths)).toBeGreaterThanOrEqual(plain * leastGain * (1 - 1e-9));
          for (const other of allLengths(rates, limit)) {
            const gain = speed(other) / plain;
            if (gain > leastGain * (1 + 1e-9))
              expect(speed(lengths)).toBeGreaterThanOrEqual(speed(other) * (1 - 1e-9));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

function allLengths(rates: readonly (readonly number[])[], limit: number): number[][] {
  let found: number[][] = [[]];
  for (const own of rates) {
    found = found.flatMap((head) => Array.from({ length: own.length + 1 }, (_, length) => [...head, length]));
  }
  return found.filter((lengths) => lengths.reduce((sum, length) => sum + length, 0) <= limit);
}
