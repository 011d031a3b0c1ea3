import { describe, expect, it } from 'vitest';
import { withOptions } from './line-options.ts';
import { problemText } from './prompt-line.ts';
import { readLines } from './read-lines.ts';
import { requestDigest } from './request-digest.ts';

const read = (...lines: readonly unknown[]) =>
  readLines(
    Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
  );
const problems = (...lines: readonly unknown[]): string[] => read(...lines).problems.map(problemText);
const batchLine = (more: object = {}) => ({
  custom_id: 'a',
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'near', messages: [{ role: 'user', content: 'Hi' }] },
  ...more,
});

describe('plain lines', () => {
  it('are prompts or messages with any field of a chat beside them', () => {
    const { lines, problems: wrong } = read('\uFEFF{"id":"a","prompt":"Hi"}\r', '', {
      id: 7,
      messages: [{ role: 'user', content: 'Ho' }],
      max_tokens: 3,
    });
    expect(wrong).toEqual([]);
    expect(lines.map(({ lineNumber, id, form }) => [lineNumber, id, form])).toEqual([
      [1, 'a', 'plain'],
      [3, 7, 'plain'],
    ]);
    expect(lines[0]?.body).toEqual({ messages: [{ role: 'user', content: 'Hi' }] });
    expect(lines[1]?.body).toEqual({ messages: [{ role: 'user', content: 'Ho' }], max_tokens: 3 });
  });

  it('name line and field where they are wrong, all of them', () => {
    expect(
      problems(
        { id: 'a', prompt: 'Hi' },
        '{"id":"b","prompt":',
        '[1]',
        { prompt: 'Hi' },
        { id: 'c' },
        { id: 'd', prompt: 'x', messages: [] },
        { id: 'e', prompt: 5 },
        { id: 'f', prompt: 'x', n: 2 },
        { id: 'a', prompt: 'again' },
        { id: 1.5, prompt: 'x' },
        batchLine({ custom_id: 'g' }),
      ),
    ).toEqual([
      expect.stringMatching(/^line 2: is no JSON/),
      'line 3: expected a JSON object',
      'line 4, id: expected a text that is not empty, or a whole number',
      'line 5, prompt: expected a prompt, or messages',
      'line 6, prompt: stands beside messages; expected one of them',
      'line 7, prompt: expected a text that is not empty',
      expect.stringMatching(/^line 8, n: expected 1/),
      'line 9, id: "a" is the id of line 1 already',
      'line 10, id: expected a text that is not empty, or a whole number',
      'line 11, id: expected a text that is not empty, or a whole number',
      expect.stringMatching(/^line 11, custom_id: is no field of this form/),
      'line 11, prompt: expected a prompt, or messages',
    ]);
  });

  it('that are no UTF-8 are named, not mended', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"id":"a","prompt":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n'),
    ]);
    expect(readLines(bytes).problems.map(problemText)).toEqual(['line 1: expected UTF-8']);
  });
});

describe('lines of the OpenAI batch form', () => {
  it('are known by their fields and keep their bodies', () => {
    const { lines, problems: wrong } = read(
      batchLine(),
      batchLine({ custom_id: 'b', url: '/v1/embeddings' }),
    );
    expect(wrong).toEqual([]);
    expect(lines.map(({ id, form, path }) => [id, form, path])).toEqual([
      ['a', 'openai', '/v1/chat/completions'],
      ['b', 'openai', '/v1/embeddings'],
    ]);
  });

  it('name line and field where they are wrong', () => {
    expect(
      problems(
        batchLine({ custom_id: '' }),
        batchLine({ method: 'GET' }),
        batchLine({ url: '/v1/images' }),
        batchLine({ body: 'x' }),
        batchLine({ priority: 1 }),
      ),
    ).toEqual([
      'line 1, custom_id: expected a text that is not empty',
      'line 2, method: expected "POST"',
      'line 3, url: expected one of /v1/chat/completions, /v1/completions, /v1/embeddings',
      'line 4, body: expected an object',
      expect.stringMatching(/^line 5, priority: is no field of this form/),
    ]);
  });
});

describe('options of the command line', () => {
  const [plain] = read({ id: 'a', prompt: 'Hi' }).lines;
  const [batch] = read(
    batchLine({ body: { model: 'm', messages: [], max_completion_tokens: 9, seed: 1 } }),
  ).lines;

  it('fill in what a line does not say; the model answers every line', () => {
    if (plain === undefined || batch === undefined) throw new Error('the lines were read above');
    expect(withOptions(plain, {})).toEqual({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }] });
    const all = { model: 'near', maxTokens: 5, temperature: 0, seed: 2, system: 'Be brief.' };
    expect(withOptions(plain, all)).toEqual({
      model: 'near',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      max_tokens: 5,
      temperature: 0,
      seed: 2,
    });
    expect(withOptions(batch, all)).toEqual({
      model: 'near',
      messages: [{ role: 'system', content: 'Be brief.' }],
      max_completion_tokens: 9,
      temperature: 0,
      seed: 1,
    });
    expect(withOptions(batch, {})['model']).toBe('m');
  });
});

describe('the digest of a request', () => {
  it('is the same whatever the order of fields, and another for another body, model or path', () => {
    const one = requestDigest('/a', { x: 1, y: [{ p: 1, q: 2 }], model: 'auto' }, 'm');
    expect(requestDigest('/a', { y: [{ q: 2, p: 1 }], x: 1, model: 'near' }, 'm')).toBe(one);
    expect(requestDigest('/a', { y: [{ q: 2, p: 1 }], x: 2 }, 'm')).not.toBe(one);
    expect(requestDigest('/a', { x: 1, y: [{ p: 1, q: 2 }] }, 'n')).not.toBe(one);
    expect(requestDigest('/b', { x: 1, y: [{ p: 1, q: 2 }] }, 'm')).not.toBe(one);
  });
});
