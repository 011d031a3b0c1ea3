import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDifficulty } from './create-difficulty.ts';
import { featureNames, readFeatures } from './features.ts';
import { fitDifficulty } from './fit-difficulty.ts';
import { readShape } from './prompt-shape.ts';
import { readWords } from './read-words.ts';
import { rawDifficulty, shareBelow } from './weights.ts';
import shipped from './weights.json' with { type: 'json' };
import { findWord } from './word-table.ts';
import table from './words.json' with { type: 'json' };

describe('the shape of a prompt', () => {
  test('answers to choose from are no part of the question', () => {
    const shape = readShape('Which is largest?\nA. Jupiter\nB. Mars,\nthe red one\nC. Venus\nAnswer:');
    expect(shape).toEqual({ stem: 'Which is largest?', options: ['Jupiter', 'Mars,\nthe red one', 'Venus'] });
    expect(readShape('Choose:\n(a) x').options).toEqual([]);
    expect(readShape('Steps:\n1. mix\n2) bake\n').options).toEqual(['mix', 'bake']);
  });

  test('a list in the middle of a text is part of the question', () => {
    const text = 'I have:\n1. eggs\n2. flour\nand a hot oven.\nSo what\ndo I bake?\nTell me.';
    expect(readShape(text)).toEqual({ stem: text, options: [] });
  });
});

describe('difficulty', () => {
  const difficulty = createDifficulty();

  test('is above 0 and below 1 for any text, and the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const value = difficulty(text);
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThan(1);
        expect(difficulty(text)).toBe(value);
      }),
    );
  });

  test('small talk is below 0.3, a long task with many conditions above 0.7', () => {
    for (const text of [
      'hi',
      'thanks!',
      'What is the capital of France?',
      'Translate "good morning" to Dutch.',
    ])
      expect(difficulty(text), text).toBeLessThan(0.3);
    const task =
      'A farmer, who had leased his land to a neighbour under a contract that could be ended only if either of them gave notice ' +
      'before March, died in February, after he had written to his son, whom he trusted, that the land, unless it was sold, should ' +
      'be given to whichever of his three children would live on it; the letter arrived, however, when the son had already moved ' +
      'in, and his sisters, who were told about it by the neighbour, had agreed to sell. If the court holds that the letter (which ' +
      'was not signed) counts as a will, and that the agreement does not bind anyone who had not seen it, who owns the land, and ' +
      'what would change if the neighbour, assuming that he knew of the death, had given notice in March?';
    expect(difficulty(task)).toBeGreaterThan(0.7);
  });

  test('answers that are alike are harder to choose from than as many others', () => {
    const ask = (options: readonly string[]): number =>
      difficulty(
        `Which is it?\n${options.map((one, at) => `${'ABCD'[at] ?? ''}. ${one}`).join('\n')}\nAnswer:`,
      );
    const alike = ['the cat sat on a mat', 'the cat sat on a hat', 'the cat sat on a bat'];
    const others = ['the cat sat on a mat', 'some dog lay in my hat', 'few men run by our bat'];
    expect(ask(alike)).toBeGreaterThan(ask(others));
  });

  test('work and special knowledge are harder than what everybody knows, at the same length', () => {
    const work = 'Compute the statutory depreciation of the leased equipment.';
    const common = 'Name the longest river in the whole of the African continent.';
    expect(work.length).toBeLessThan(common.length);
    expect(difficulty(work)).toBeGreaterThan(difficulty(common));
  });

  test('the longest prompts take no longer than those that are read whole', () => {
    const long = 'word, (and another) if it is. '.repeat(100_000);
    const features = readFeatures(long);
    expect(featureNames.every((name) => Number.isFinite(features[name]))).toBe(true);
    expect(features.commaCount).toBe(readFeatures(long.slice(0, 20_000)).commaCount);
  });

  test('shares rise strictly, beyond what was seen too', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.double({ min: 0.001, max: 50, noNaN: true }),
        (raw, more) => {
          const of = (one: number) => shareBelow(one, shipped.percentiles);
          expect(of(raw + more)).toBeGreaterThan(of(raw));
        },
      ),
    );
  });
});

describe('the words of a prompt', () => {
  test('names are not read, the first word of a sentence is', () => {
    expect(readWords('we met Xanthippe and Thrasymachus there').rareShare).toBe(0);
    expect(readWords('we met. Thaumaturgy was there').rareShare).toBeGreaterThan(0);
  });

  test('of a text that is not in English rarity says nothing', () => {
    const german = 'Bitte erkläre mir kurz, weshalb gestern abend niemand geantwortet hat.';
    const dutch = 'Leg mij eens uit waarom gisteravond niemand antwoord heeft gegeven.';
    expect(readWords(german).rareShare).toBe(readWords(dutch).rareShare);
    expect(readWords(german).rareShare).toBeLessThan(0.3);
  });

  test('a few words say less than many', () => {
    const { demand } = readWords('compute');
    expect(demand).toBeGreaterThan(0);
    expect(readWords('compute compute compute compute').demand).toBeGreaterThan(demand);
    expect(readWords('')).toEqual({ demand: 0, rareShare: 0 });
  });

  test('the table is whole: a demand for each word, each word once', () => {
    const words = table.words.split(' ');
    expect(table.demands).toHaveLength(words.length);
    expect(new Set(words).size).toBe(words.length);
    expect(findWord('the')).toMatchObject({ rank: 1 });
    expect(findWord('calculus')?.demand).toBeGreaterThan(findWord('folklore')?.demand ?? 0);
    expect(findWord('qqqq')).toBeUndefined();
  });
});

describe('training', () => {
  const features = Array.from({ length: 400 }, (_, index) =>
    readFeatures(`${'word '.repeat(5 + (index % 40))}${'this, '.repeat(index % 7)}${'5 '.repeat(index % 5)}`),
  );

  test('keeps the amount that goes with the gain and leaves out the one that goes against it', () => {
    const gains = features.map((one) => one.commaCount + 0.3 * one.stemLength - one.numberCount);
    const { amounts } = fitDifficulty([{ features, openFeatures: features, gains }]);
    expect(amounts).toContain('commaCount');
    expect(amounts).not.toContain('numberCount');
  });

  test('percentiles rise, and the middle of the questions is at one half', () => {
    const weights = fitDifficulty([
      { features, openFeatures: features, gains: features.map((one) => one.stemLength) },
    ]);
    expect(weights.percentiles).toHaveLength(99);
    weights.percentiles.forEach((value, at) => {
      if (at > 0) expect(value).toBeGreaterThan(weights.percentiles[at - 1]!);
    });
    const shares = features
      .map((one) => shareBelow(rawDifficulty(one, weights), weights.percentiles))
      .sort((a, b) => a - b);
    expect(shares[200]!).toBeCloseTo(0.5, 1);
  });
});
