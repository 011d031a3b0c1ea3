import { describe, expect, test } from 'vitest';
import type { PassingItem, PassingPart } from '../passing-answer.ts';
import { answerInBytes } from './answer-in-bytes.ts';

const start: PassingPart = {
  type: 'start',
  model: 'up/big',
  grade: 'ungraded',
  promptTokenCount: 1,
  cachedTokenCount: 0,
};
const end: PassingPart = { type: 'choice-end', choice: 0, reason: 'stop' };
const finish: PassingPart = {
  type: 'finish',
  usage: { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 1 },
};
const delta = (text: string): PassingPart => ({ type: 'text-delta', choice: 0, text });

function read(body: unknown, parts: readonly PassingPart[] = [start, end, finish]): string | null {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const items: PassingItem[] = [{ bytes, parts }];
  const said = answerInBytes({ items });
  if (said === null) return null;
  expect(said.at(-1)).toEqual(end);
  return said.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

describe('what an answer in an upstream’s bytes says', () => {
  test.each<[string, object]>([
    ['OpenAI', { choices: [{ message: { role: 'assistant', content: 'Yes.' } }] }],
    [
      'Anthropic',
      {
        type: 'message',
        content: [
          { type: 'thinking', thinking: 'Hm' },
          { type: 'text', text: 'Yes.' },
        ],
      },
    ],
    ['Ollama', { message: { role: 'assistant', content: 'Yes.' }, done: true }],
    [
      'responses',
      {
        output: [
          { type: 'reasoning', summary: [] },
          { type: 'message', content: [{ type: 'output_text', text: 'Yes.' }] },
        ],
      },
    ],
  ])('whole, of %s', (_, body) => {
    expect(read(body)).toBe('Yes.');
  });

  test('in a stream, by its parts', () => {
    expect(read('data: x\n\n', [start, delta('Ye'), delta('s.'), end, finish])).toBe('Yes.');
  });

  test.each<[string, unknown, PassingPart[]?]>([
    ['two choices', { choices: [] }, [start, end, { ...end, choice: 1 }, finish]],
    ['two choices in a body', { choices: [{ message: { content: 'a' } }, { message: { content: 'b' } }] }],
    [
      'a call',
      'x',
      [start, { type: 'tool-call-start', choice: 0, call: 0, id: 'a', name: 'f' }, end, finish],
    ],
    ['no text', { choices: [{ message: { content: null } }] }],
    [
      'two texts',
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    ['a call beside it', { output: [{ type: 'function_call' }, { type: 'message', content: [] }] }],
    ['another language', { answer: 'Yes.' }],
    ['no JSON', 'Yes.'],
    ['no end', { choices: [{ message: { content: 'Yes.' } }] }, [start, finish]],
  ])('is nothing with %s', (_, body, parts) => {
    expect(read(body, parts)).toBeNull();
  });
});
