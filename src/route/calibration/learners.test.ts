import { describe, expect, test } from 'vitest';
import { createRandom } from '../../engine/sampling/random.ts';
import { fitBlend } from './blend.ts';
import { cutBins, fitBoosting, predictBoosted } from './boosting.ts';
import { blendedScores } from './predictor.ts';
import { createTopicReader, findTopics } from './topics.ts';

const random = createRandom(3);
const rows = Array.from({ length: 1200 }, () => Float32Array.from({ length: 6 }, () => random()));

describe('boosted trees', () => {
  test('find what two columns say only together, on prompts that they had not seen', () => {
    // Exclusive or: neither column tells anything by itself.
    const target = (row: Float32Array): number => (row[0]! > 0.5 === row[1]! > 0.5 ? 1 : 0);
    const model = fitBoosting(cutBins(rows), rows.map(target), 1);
    const fresh = Array.from({ length: 400 }, () => Float32Array.from({ length: 6 }, () => random()));
    const right = fresh.filter((row) => predictBoosted(model, row) > 0.5 === (target(row) === 1));
    expect(right.length / fresh.length).toBeGreaterThan(0.85);
  });

  test('say the mean where nothing can be learned, and the same for the same seed', () => {
    const few = rows.slice(0, 30);
    const model = fitBoosting(
      cutBins(few),
      few.map((_, at) => at % 2),
      1,
    );
    // Leaves need more prompts than there are: nothing is parted.
    for (const row of few) expect(predictBoosted(model, row)).toBeCloseTo(0.5, 1);
    const targets = rows.map((row) => row[2]!);
    expect(fitBoosting(cutBins(rows), targets, 7)).toEqual(fitBoosting(cutBins(rows), targets, 7));
  });

  test('columns in which all prompts are alike part nothing', () => {
    const alike = rows.map(() => Float32Array.of(5, 5));
    const model = fitBoosting(
      cutBins(alike),
      alike.map(() => 1),
      1,
    );
    expect(predictBoosted(model, Float32Array.of(9, -9))).toBeCloseTo(1, 9);
  });
});

test('topics are what the words of prompts have in common', () => {
  const about = (columns: readonly number[]) => ({
    columns: Int32Array.from(columns),
    values: new Float32Array(columns.length).fill(1 / Math.sqrt(columns.length)),
  });
  const prompts = Array.from({ length: 200 }, (_, at) =>
    at % 2 === 0 ? about([0, 1, 2, 10 + (at % 5)]) : about([4, 5, 6, 10 + (at % 5)]),
  );
  const topics = findTopics(prompts, 2, 1);
  const [first, other, second] = [about([0, 1, 2]), about([4, 5, 6]), about([1, 2, 13])].map(
    createTopicReader(topics),
  );
  const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, at) => value - b[at]!));
  expect(distance(first!, second!)).toBeLessThan(distance(first!, other!));
});

test('a blend trusts what tells and gives nothing to what misleads', () => {
  const targets = rows.map((row) => row[0]! - 0.5);
  const blend = fitBlend(
    [targets.map((target) => 2 * target), targets.map((target) => -target), rows.map((row) => row[3]! - 0.5)],
    targets,
  );
  expect(blend[0]).toBeCloseTo(0.5, 3);
  expect(blend[1]).toBe(0);
  expect(blend[2]).toBeLessThan(0.05);
});

test('expected scores stay between 0 and 1, and their differences what they are', () => {
  const of = (offset: number) => ({ offset, differences: [0] });
  expect(blendedScores({ common: 0.95, models: [of(-0.1), of(0.1)] }, [1])).toEqual([
    expect.closeTo(0.8, 9),
    expect.closeTo(1, 9),
  ]);
  expect(blendedScores({ common: 0.02, models: [of(-0.1), of(0.1)] }, [1])).toEqual([
    expect.closeTo(0, 9),
    expect.closeTo(0.2, 9),
  ]);
});
