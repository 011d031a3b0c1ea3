import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apgr, places, routerCurve } from './apgr.ts';
import fixture from './fixtures/apgr.json' with { type: 'json' };

test("is the reference program's number, with ties and with scores between 0 and 1", () => {
  expect(fixture.cases.length).toBeGreaterThan(3);
  for (const { scores, strong, weak, apgr: expected } of fixture.cases)
    expect(apgr(scores, strong, weak)).toBeCloseTo(expected, 12);
});

test('by hand: the curve of a perfect order over four prompts', () => {
  expect(apgr([4, 3, 2, 1], [1, 1, 1, 0], [0, 0, 1, 0])).toBeCloseTo(0.25 * (0.25 + 0.75 + 1 + 1), 12);
  expect(routerCurve([0, 0], [1, 1], [0, 0])).toEqual({ strongShares: [0, 1], qualities: [0, 1] });
  expect(apgr([1, 2], [0, 0], [1, 0])).toBeNaN();
});

test('places give the same area as the curve', () => {
  const prompt = fc.record({ score: fc.integer({ min: 0, max: 5 }), weak: fc.constantFrom(0, 1) });
  fc.assert(
    fc.property(fc.array(prompt, { minLength: 2, maxLength: 40 }), (prompts) => {
      const scores = prompts.map(({ score }) => score);
      const weak = [...prompts.map((one) => one.weak), 0].slice(0, scores.length);
      const strong = weak.map((one, at) => (at % 3 === 0 ? 1 : one));
      const order = places(scores);
      const gains = strong.map((one, at) => one - weak[at]!);
      const total = gains.reduce((sum, one) => sum + one, 0);
      if (total <= 0) return;
      const weighted = gains.reduce((sum, gain, at) => sum + gain * order[at]!, 0);
      expect(weighted / total).toBeCloseTo(apgr(scores, strong, weak), 9);
    }),
  );
});
