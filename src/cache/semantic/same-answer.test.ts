import { describe, expect, test, vi } from 'vitest';
import { endPart, finishPart, startPart, textPart } from '../../answer/fakes.ts';
import type { ChatPart } from '../../chat/part.ts';
import { sameAnswer, type EmbedTexts } from './same-answer.ts';

const answer = (text: string): readonly ChatPart[] => [startPart, textPart(text), endPart(), finishPart];
const cut = (text: string): readonly ChatPart[] => [
  startPart,
  textPart(text),
  { type: 'choice-end', choice: 0, reason: 'length' },
  finishPart,
];
/** All texts are near. */
const near: EmbedTexts = (texts) => Promise.resolve(texts.map(() => Float32Array.from([1, 0])));

describe('two answers are the same', () => {
  test.each([
    ['Paris.', 'paris'],
    ['**Paris**', 'Paris'],
    ['{"a":1,"b":2}', '{ "b": 2, "a": 1 }'],
  ])('by their text: %s / %s', async (one, other) => {
    expect(await sameAnswer(answer(one), answer(other), 'text', near)).toBe(true);
  });

  test('by their meaning, where all that counts agrees', async () => {
    const [one, other] = ['The capital of France is Paris.', 'Paris is the capital of France.'];
    expect(await sameAnswer(answer(one), answer(other), 'text', near)).toBe(false);
    expect(await sameAnswer(answer(one), answer(other), 'meaning', near)).toBe(true);
  });
});

describe('two answers are not the same', () => {
  test.each([
    ['It takes 5 minutes to boil the egg.', 'It takes 6 minutes to boil the egg.'],
    ['The capital of the country is Rome.', 'The capital of the country is Oslo.'],
    ['You should eat the red mushrooms.', 'You should not eat the red mushrooms.'],
    ['Open the settings and enable the option.', 'Open the settings and disable the option.'],
    ['Use the command `git reset` to do that.', 'Use the command `git revert` to do that.'],
    ['{"a":1}', '{"a":2}'],
    ['Bread needs flour and water.', 'The quick fox jumps over fences.'],
  ])('%s / %s', async (one, other) => {
    expect(await sameAnswer(answer(one), answer(other), 'meaning', near)).toBe(false);
  });

  test('where their vectors are far apart, or cannot be had', async () => {
    const [one, other] = ['The sky is blue because of the air.', 'Because of the air the sky is blue.'];
    const far: EmbedTexts = () => Promise.resolve([Float32Array.from([1, 0]), Float32Array.from([0, 1])]);
    expect(await sameAnswer(answer(one), answer(other), 'meaning', far)).toBe(false);
    expect(await sameAnswer(answer(one), answer(other), 'meaning', () => Promise.resolve(null))).toBe(false);
  });

  test('where one was cut off, or both and not after the same text', async () => {
    const embed = vi.fn(near);
    expect(await sameAnswer(answer('It is blue.'), cut('It is blue.'), 'meaning', embed)).toBe(false);
    expect(await sameAnswer(cut('The sky is blue'), cut('The blue sky is'), 'meaning', embed)).toBe(false);
    expect(await sameAnswer(cut('The sky is'), cut('The sky is'), 'meaning', embed)).toBe(true);
    expect(embed).not.toHaveBeenCalled();
  });
});
