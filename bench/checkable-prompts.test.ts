import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auroc } from './auroc.ts';
import { seededRandom } from '../src/random/seeded-random.ts';
import { bootstrapInterval } from './bootstrap.ts';
import { checkablePrompts, isAnsweredRight } from './workloads/checkable-prompts.ts';

test('500 different prompts of ten kinds, the same for the same seed', () => {
  const prompts = checkablePrompts(500, seededRandom(1));
  expect(prompts).toHaveLength(500);
  expect(new Set(prompts.map(({ prompt }) => prompt)).size).toBe(500);
  expect(new Set(prompts.map(({ kind }) => kind)).size).toBe(10);
  expect(checkablePrompts(500, seededRandom(1))).toEqual(prompts);
  expect(checkablePrompts(500, seededRandom(2))).not.toEqual(prompts);
});

test('an empty answer is never right', () => {
  for (const prompt of checkablePrompts(300, seededRandom(3)))
    expect(isAnsweredRight(prompt, '')).toBe(false);
});

test('what is asked has the answer that is checked', () => {
  const sums = checkablePrompts(300, seededRandom(4)).filter(({ kind }) => kind === 'addition');
  for (const prompt of sums) {
    const [one = 0, other = 0] = prompt.prompt.match(/\d+/g)?.map(Number) ?? [];
    expect(isAnsweredRight(prompt, `It is ${one + other}.`)).toBe(true);
    expect(isAnsweredRight(prompt, String(one + other + 1))).toBe(false);
  }
});

test('AUROC is the odds that a right one scores above a wrong one', () => {
  const one = fc.record({ score: fc.integer({ min: 0, max: 5 }), isRight: fc.boolean() });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), (cases) => {
      const [right, wrong] = [true, false].map((kind) => cases.filter(({ isRight }) => isRight === kind));
      const pairs = (right ?? []).flatMap((r) =>
        (wrong ?? []).map((w) => (r.score > w.score ? 1 : r.score === w.score ? 0.5 : 0)),
      );
      const expected = pairs.reduce<number>((sum, value) => sum + value, 0) / pairs.length;
      if (pairs.length === 0) expect(auroc(cases)).toBeNaN();
      else expect(auroc(cases)).toBeCloseTo(expected);
    }),
  );
});

test('an interval holds the figure of a sample that it is of', () => {
  const random = seededRandom(5);
  const values = Array.from({ length: 200 }, () => random());
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [low, high] = bootstrapInterval(values, mean);
  expect(low).toBeLessThan(mean(values));
  expect(high).toBeGreaterThan(mean(values));
  expect(high - low).toBeLessThan(0.12);
});
