import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { isRight } from './check-answer.ts';
import { evaluationItems } from './evaluation-items.ts';
import { outputItems } from './items/code.ts';
import { problems } from './items/reasoning.ts';

test('about forty of each task, each prompt once', () => {
  const tasks = Map.groupBy(evaluationItems, ({ task }) => task);
  expect([...tasks.keys()]).toEqual([
    'classification',
    'simple_qa',
    'code',
    'creative',
    'reasoning',
    'low_resource',
  ]);
  for (const items of tasks.values()) {
    expect(items.length).toBeGreaterThanOrEqual(38);
    expect(items.length).toBeLessThanOrEqual(44);
  }
  expect(new Set(evaluationItems.map(({ prompt }) => prompt)).size).toBe(evaluationItems.length);
});

test.each(outputItems)('what is said of %j is what it prints', (source, output) => {
  const printed: string[] = [];
  vm.runInNewContext(source, { console: { log: (value: unknown) => printed.push(String(value)) } });
  expect(printed.join('\n')).toBe(output);
});

test.each(problems)('%s = %s', (_problem, calculation, answer) => {
  expect(vm.runInNewContext(calculation)).toBeCloseTo(answer);
});

test('the right option is one of the options, and no other is contained in it', () => {
  for (const { id, check } of evaluationItems)
    if (check.type === 'choice') {
      expect(check.options, id).toContain(check.answer);
      expect(isRight(check.answer, check), id).toBe(true);
      for (const other of check.options)
        if (other !== check.answer) expect(isRight(other, check), `${id} ${other}`).toBe(false);
    }
});

test('nothing is right for free', () => {
  for (const { id, check } of evaluationItems)
    for (const empty of ['', 'I do not know.', 'Sorry, I cannot help with that.'])
      if (check.type !== 'form') expect(isRight(empty, check), id).toBe(false);
  for (const { id, check } of evaluationItems) expect(isRight('', check), id).toBe(false);
});

describe('a check', () => {
  const options = ['positive', 'negative'];
  test.each([
    ['Positive.', true],
    ['**positive**', true],
    ['The sentiment is positive.', true],
    ['positive, not negative', true],
    ['It could be positive or negative.', false],
    ['negative', false],
    ['<think>negative? no</think>positive', true],
  ])('choice: %s', (answer, expected) => {
    expect(isRight(answer, { type: 'choice', options, answer: 'positive' })).toBe(expected);
  });

  test.each([
    ['So she has 17 stickers.', true],
    ['14 - 5 = 9, 9 + 8 = 17', true],
    ['17 stickers, and 5 for Leo', false],
    ['none', false],
  ])('number: %s', (answer, expected) => {
    expect(isRight(answer, { type: 'number', value: 17 })).toBe(expected);
  });

  test('number with thousands', () => {
    expect(isRight('It is 1,200.', { type: 'number', value: 1200 })).toBe(true);
  });

  test('exact: whatever quotes and fences stand around it', () => {
    const check = { type: 'exact', answers: ['0\n2'] } as const;
    expect(isRight('```\n0\n2\n```', check)).toBe(true);
    expect(isRight('0 2', check)).toBe(true);
    expect(isRight('0\n1\n2', check)).toBe(false);
  });

  test('json: in any order of keys, with text around it', () => {
    const check = { type: 'json', value: { a: 1, b: ['X'] } } as const;
    expect(isRight('Here: {"b": ["x"], "a": 1}', check)).toBe(true);
    expect(isRight('{"a": 1}', check)).toBe(false);
    expect(isRight('{a: 1, b: ["X"]}', check)).toBe(false);
  });

  test('mentions: whole words, and no more of them than allowed', () => {
    const check = { type: 'mentions', all: [['Au']], mostWords: 5 } as const;
    expect(isRight('It is Au.', check)).toBe(true);
    expect(isRight('Austria', check)).toBe(false);
    expect(isRight('It is Au and that is what everybody says', check)).toBe(false);
  });

  test('form', () => {
    const poem = 'Still the sea\nUnder stars\nNobody sails';
    expect(
      isRight(poem, {
        type: 'form',
        rules: [
          { rule: 'initials', letters: 'SUN' },
          { rule: 'lines', count: 3 },
        ],
      }),
    ).toBe(true);
    expect(isRight(poem, { type: 'form', rules: [{ rule: 'lines', count: 4 }] })).toBe(false);
    expect(isRight('- a\n- b', { type: 'form', rules: [{ rule: 'items', count: 2 }] })).toBe(true);
    expect(
      isRight('One. Two!', {
        type: 'form',
        rules: [
          { rule: 'sentences', count: 2 },
          { rule: 'ends', text: '!' },
        ],
      }),
    ).toBe(true);
    expect(
      isRight('the oak', {
        type: 'form',
        rules: [
          { rule: 'avoids', words: ['tree'] },
          { rule: 'words', most: 2 },
        ],
      }),
    ).toBe(true);
  });
});
