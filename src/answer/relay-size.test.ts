import { expect, it } from 'vitest';
import { relaySize } from './relay-size.ts';

const sizeOf = (body: Readonly<Record<string, unknown>>) => {
  const { maxTokenCount, choiceCount } = relaySize({ body, text: JSON.stringify(body), operation: 'chat' });
  return [maxTokenCount, choiceCount];
};

it.each<[string, Readonly<Record<string, unknown>>, readonly [number | null, number]]>([
  ['nothing', {}, [null, 1]],
  ['the largest of several', { max_tokens: 5, max_completion_tokens: 9 }, [9, 1]],
  ['a bound of its own place', { options: { num_predict: 7 } }, [7, 1]],
  ['none where Ollama is told so', { options: { num_predict: -1 } }, [null, 1]],
  ['choices', { max_tokens: 5, n: 3 }, [5, 3]],
  ['the best of some, for each prompt', { max_tokens: 5, best_of: 4, prompt: ['a', 'b'] }, [5, 8]],
  ['one prompt of tokens', { max_tokens: 5, prompt: [1, 2, 3] }, [5, 1]],
  // Servers that check by pydantic take these for numbers.
  ['numbers in quotation marks', { max_tokens: '500', n: '8' }, [500, 8]],
  ['what is no number', { max_tokens: 'many', n: '' }, [null, 1]],
])('states %s', (_, body, size) => {
  expect(sizeOf(body)).toEqual(size);
});
