import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../engine/sampling/random.ts';
import { chooseModel } from './choose-model.ts';
import { fitProfile } from './fit-profile.ts';
import { assignFolds } from './folds.ts';
import { bestAtCost, cheapestAtQuality } from './mixture.ts';
import type { Outcome } from './outcome.ts';
import { chooseByProfile, createOutcomePredictor, predictOutcomes } from './predict-outcomes.ts';
import { readProfile } from './profile.ts';
import { fitRidge, predict, stackRows } from './ridge.ts';

const subjects = ['tax law', 'football', 'organic chemistry', 'cooking'];

/** The cheap model knows half of the subjects; where it does not, only the dear one is right. */
function traffic(count: number, isPredictable: boolean): Outcome[] {
  const random = createRandom(11);
  return Array.from({ length: count }, (_, index) => {
    const subject = subjects[index % subjects.length]!;
    const isHard = isPredictable ? index % subjects.length < 2 : random() < 0.5;
    const noise = random() < 0.05;
    return {
      prompt: `Question ${index} about ${subject}: what is the rule number ${Math.floor(random() * 1000)}?`,
      models: {
        near: { score: isHard !== noise ? 0 : 1, cost: 0.0001 },
        far: { score: random() < 0.97 ? 1 : 0, cost: 0.01 },
      },
    };
  });
}

describe('a profile', () => {
  test('of traffic that tells: routing pays, and the profile sends each subject where it belongs', async () => {
    const { profile, report } = await fitProfile(traffic(400, true), { seed: 3, resampleCount: 100 });
    expect(report.verdict.pays).toBe(true);
    expect(report.verdict.text).toMatch(/^Routing pays/);
    expect(report.randomAtEqualCost.gainPoints.interval[0]).toBeGreaterThan(0);
    expect(report.cheapestAtEqualQuality.saving.value).toBeGreaterThan(0.2);
    const read = readProfile(JSON.stringify(profile), 'test');
    const expectOf = createOutcomePredictor(read);
    const choose = (text: string) => chooseByProfile(read, expectOf(text))?.name;
    expect(choose('Question about cooking: what is the rule number 5?')).toBe('near');
    expect(choose('Question about tax law: what is the rule number 5?')).toBe('far');
    expect(predictOutcomes(read, 'about football')['near']).toBeLessThan(0.5);
  });

  test('of traffic that tells nothing: routing does not pay, and it is said', async () => {
    const { report } = await fitProfile(traffic(400, false), { resampleCount: 100 });
    expect(report.verdict.pays).toBe(false);
    expect(report.verdict.text).toContain('Routing does not pay here');
  });

  test('is the same for the same seed', async () => {
    const options = { seed: 5, resampleCount: 20, madeAt: '2026-11-30T00:00:00.000Z' };
    const outcomes = traffic(80, true);
    expect(await fitProfile(outcomes, options)).toEqual(await fitProfile(outcomes, options));
  });

  test('without costs, a call of the best model counts 1', async () => {
    const outcomes = traffic(120, true).map(({ prompt, models }) => ({
      prompt,
      models: Object.fromEntries(
        Object.entries(models).map(([name, { score }]) => [name, { score, cost: null }]),
      ),
    }));
    const { report } = await fitProfile(outcomes, { resampleCount: 20 });
    expect(report.costUnit).toBe('relative');
    expect(report.routed.cost.value).toBeCloseTo(report.routed.shares['far']!, 9);
  });

  test('too few prompts or models is an error that says what was expected', async () => {
    await expect(fitProfile(traffic(10, true))).rejects.toThrow(/expected at least 40 prompts/);
    await expect(fitProfile(traffic(50, true), { models: ['near'] })).rejects.toThrow(/at least two models/);
    await expect(fitProfile([])).rejects.toThrow(/at least two models/);
  });

  test('an interrupted calibration ends', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(fitProfile(traffic(80, true), { signal })).rejects.toThrow('enough');
  });

  test('a file that is none, or of other measures, is refused by name', async () => {
    const { profile } = await fitProfile(traffic(80, true), { resampleCount: 10 });
    expect(() => readProfile('{', 'p.json')).toThrow(/p\.json: expected a profile in JSON/);
    expect(() => readProfile(JSON.stringify({ ...profile, version: 99 }), 'p.json')).toThrow(/version/);
    const short = { ...profile, space: { ...profile.space, idf: 'AAAA' } };
    expect(() => readProfile(JSON.stringify(short), 'p.json')).toThrow(/space\.idf: expected \d+ numbers/);
    const other = { ...profile, space: { ...profile.space, features: ['length'] } };
    expect(() => readProfile(JSON.stringify(other), 'p.json')).toThrow(/Calibrate again/);
  });
});

test('the same question is never in two folds', () => {
  const groups = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(groups, fc.integer({ min: 2, max: 6 }), fc.integer(), (groups, count, seed) => {
      const folds = assignFolds(groups, count, seed);
      const seen = new Map<string, number>();
      groups.forEach((group, at) => {
        expect(folds[at]).toBeLessThan(count);
        expect(seen.get(group) ?? folds[at]).toBe(folds[at]);
        seen.set(group, folds[at]!);
      });
    }),
  );
});

test('a dearer candidate is chosen only where it is worth its cost', () => {
  const near = { name: 'near', quality: 0.6, cost: 1 };
  const far = { name: 'far', quality: 0.9, cost: 11 };
  expect(chooseModel([near, far], 0)?.name).toBe('far');
  expect(chooseModel([near, far], 0.029)?.name).toBe('far');
  expect(chooseModel([near, far], 0.031)?.name).toBe('near');
  expect(chooseModel([far, near], Infinity)?.name).toBe('near');
  expect(chooseModel([], 1)).toBeNull();
});

test('two models at random reach what lies between them', () => {
  const points = [
    { name: 'a', quality: 0.5, cost: 1 },
    { name: 'b', quality: 1, cost: 5 },
    { name: 'dominated', quality: 0.6, cost: 4 },
  ];
  expect(bestAtCost(points, 3)).toMatchObject({ first: 'a', second: 'b', secondShare: 0.5, quality: 0.75 });
  expect(cheapestAtQuality(points, 0.625)).toMatchObject({
    first: 'a',
    second: 'b',
    secondShare: 0.25,
  });
  expect(cheapestAtQuality(points, 1.05)).toBeNull();
  expect(bestAtCost(points, 0.5)).toBeNull();
});

test('ridge regression solves the normal equations', () => {
  const rows = [
    [1, 0, 2],
    [0, 1, 1],
    [3, 1, 0],
    [1, 2, 1],
  ].map((values) => ({ columns: Int32Array.of(0, 1, 2), values: Float32Array.from(values) }));
  const targets = [1, 2, 0, 4];
  const model = fitRidge(stackRows(rows, 3), targets, 0.5);
  const errors = rows.map((row, at) => targets[at]! - predict(model, row));
  expect(errors.reduce((sum, error) => sum + error, 0)).toBeCloseTo(0, 6);
  for (let column = 0; column < 3; column++) {
    const slope = rows.reduce((sum, row, at) => sum + row.values[column]! * errors[at]!, 0);
    expect(slope).toBeCloseTo(0.5 * model.weights[column]!, 3);
  }
});
