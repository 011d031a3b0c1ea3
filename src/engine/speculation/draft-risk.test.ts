import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedShortfall } from './draft-risk.ts';

const candidate = (rates: readonly number[]) => ({ rates, contextTokenCount: 0 });

/** By every combination of right and wrong tokens. */
function bruteForce(rates: readonly (readonly number[])[], costSteps: number): number {
  const flat = rates.flatMap((own, index) => own.map((rate, position) => ({ index, position, rate })));
  let sum = 0;
  for (let outcome = 0; outcome < 2 ** flat.length; outcome++) {
    let chance = 1;
    const isRight = rates.map((own) => own.map(() => false));
    flat.forEach(({ index, position, rate }, bit) => {
      const right = ((outcome >> bit) & 1) === 1;
      chance *= right ? rate : 1 - rate;
      (isRight[index] as boolean[])[position] = right;
    });
    const accepted = isRight.reduce((count, own) => {
      const wrong = own.indexOf(false);
      return count + (wrong < 0 ? own.length : wrong);
    }, 0);
    sum += chance * Math.max(0, costSteps - 1 - accepted / rates.length);
  }
  return sum;
}

describe('what a step with drafts may lose', () => {
  it('is what every outcome gives, by its chance', () => {
    const rates = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(rates, fc.double({ min: 0.5, max: 6, noNaN: true }), (all, costSteps) => {
        const lengths = all.map(({ length }) => length);
        const found = expectedShortfall(all.map(candidate), lengths, costSteps);
        expect(found).toBeCloseTo(bruteForce(all, costSteps), 9);
      }),
    );
  });

  it('counts what is drafted, not what could be', () => {
    const candidates = [candidate([0.5, 0.5, 0.5])];
    expect(expectedShortfall(candidates, [0], 1)).toBe(0);
    // Wrong at once in half of all cases: two more steps are lost then, and one less for the token that is right.
    expect(expectedShortfall(candidates, [1], 3)).toBeCloseTo(0.5 * 2 + 0.5 * 1);
  });
});
