import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonTexts } from './json-texts.ts';

const all = (value: unknown): string => {
  const { texts, identifiers } = jsonTexts(value);
  return [...texts, ...identifiers].join('\n');
};

describe('the texts of a request', () => {
  test('a message is read by itself, so that it is known when it comes again', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello there' },
    ];
    expect(jsonTexts({ model: 'near', messages }).texts).toEqual(['Be brief.', 'Hello there']);
    expect(jsonTexts({ input: { kind: 'chat', messages }, stop: [] }).texts).toEqual([
      'Be brief.',
      'Hello there',
    ]);
  });

  test('keys stand beside their values', () => {
    const call = {
      type: 'tool_use',
      id: 'toolu_1',
      name: 'pay',
      input: { iban: 'DE89', note: 'x'.repeat(80) },
    };
    const { texts, identifiers } = jsonTexts({ messages: [{ role: 'assistant', content: [call] }] });
    expect(texts.join('\n')).toContain('iban: DE89');
    expect(texts).toContain(`note: ${'x'.repeat(80)}`);
    expect(identifiers).toEqual(['toolu_1']);
  });

  test.each([
    ['OpenAI image', { type: 'image_url', image_url: { url: 'https://x.test/a.png' } }, 'image'],
    ['Responses image', { type: 'input_image', image_url: 'data:image/png;base64,AAAA' }, 'image'],
    [
      'Anthropic image',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      'image',
    ],
    ['audio', { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }, 'audio'],
    ['file', { type: 'file', file: { file_id: 'file-1' } }, 'file'],
    ['document', { type: 'document', source: { type: 'base64', data: 'AAAA' } }, 'file'],
    [
      'our own',
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', base64: 'AA' }, field: 'x' },
      'image',
    ],
  ])('%s is unread', (_, part, kind) => {
    expect([...jsonTexts({ messages: [{ role: 'user', content: [part] }] }).unread]).toEqual([kind]);
  });

  test('pictures of Ollama and prompts of tokens are unread; a document of text is read', () => {
    expect([...jsonTexts({ messages: [{ role: 'user', content: 'a', images: ['AAAA'] }] }).unread]).toEqual([
      'image',
    ]);
    expect([...jsonTexts({ prompt: [1, 2, 3] }).unread]).toEqual(['tokens']);
    expect([...jsonTexts({ input: [[1, 2], [3]] }).unread]).toEqual(['tokens']);
    expect([...jsonTexts({ prompt: 'a', context: [1, 2] }).unread]).toEqual(['tokens']);
    const text = {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'Plain words' },
    };
    const read = jsonTexts({ messages: [{ role: 'user', content: [text] }] });
    expect(read.unread.size).toBe(0);
    expect(read.texts.join('\n')).toContain('Plain words');
  });

  test('bytes in a place of none are not passed over', () => {
    const long = 'A'.repeat(300);
    expect(all({ messages: [{ role: 'user', content: long }] })).toContain(long);
  });

  test('whatever the JSON, every string and every key is read, or it is told that something was not', () => {
    const plain = fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => !/^[a-z][a-z_]{0,31}$/.test(text) && !text.startsWith('data:'));
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        plain,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(
        fc.oneof(fc.constantFrom('content', 'type', 'name', 'image_url', 'id', 'metadata', 'field'), plain),
        tie('value'),
        { maxKeys: 5 },
      ),
    }));
    fc.assert(
      fc.property(json.object, (body) => {
        const { unread } = jsonTexts(body);
        const read = all(body);
        for (const { key, text } of stringsOf(body)) {
          const isWord = /^(?:messages|tools|input|system|prompt)[\w.[\]]*$/.test(text);
          if (!isWord && unread.size === 0) expect(read).toContain(text);
          if (!/^[a-z_]+$/.test(key) && key !== '__proto__') expect(read).toContain(key);
        }
      }),
    );
  });
});

function stringsOf(value: unknown, key = ''): { key: string; text: string }[] {
  if (typeof value === 'string') return [{ key, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    stringsOf(inner, Array.isArray(value) ? key : name),
  );
}
