import { expect, test } from 'vitest';
import type { Question } from './likeness.ts';
import { createQuestionIndex } from './question-index.ts';
import { readPrompt } from './reading.ts';

const questionOf = (text: string): Question => ({
  text,
  reading: readPrompt(text),
  vector: Float32Array.of(1, 0),
});

test('a neighbourhood that lives on forgets the others that are gone', () => {
  const index = createQuestionIndex();
  const question = questionOf('How do I reset the router?');
  index.add('s', { key: 'kept', question, neighbour: null });
  for (let count = 0; count < 100; count += 1) {
    const [near] = index.near('s', question);
    const key = `other-${count}`;
    index.add('s', { key, question, neighbour: { known: near!.known, isSame: false } });
    expect(index.rivalryCount).toBe(1);
    expect(index.near('s', question).every(({ hasRival }) => hasRival)).toBe(true);
    index.remove(key);
    expect(index.rivalryCount).toBe(0);
  }
  expect(index.near('s', question).map(({ hasRival }) => hasRival)).toEqual([false]);
});
