import { describe, expect, it } from 'vitest';
import { requestOf } from '../answer/fakes.ts';
import { askedBody } from './asked-body.ts';
import { askedPrompt } from './asked-prompt.ts';

const bodyOf = (body: Readonly<Record<string, unknown>>) =>
  askedBody({
    body,
    text: JSON.stringify(body),
    maxTokenCount: null,
    choiceCount: 1,
    priority: 'default',
    deadlineAt: null,
  });

const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };

describe('what is asked', () => {
  it('is what the user said last, results of tools between', () => {
    const { text, opening } = askedPrompt(
      requestOf({
        input: {
          kind: 'chat',
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: 'First' },
            { role: 'assistant', content: 'Yes' },
            { role: 'user', content: 'Second' },
            { role: 'tool', content: 'a result', toolCallId: '1', name: 'look' },
          ],
        },
      }),
    );
    expect([text, opening]).toEqual(['Second', 'Be brief.\nFirst']);
  });

  it('is what came before too, where a short message only goes on from it', () => {
    const hard = 'Show how a red-black tree is balanced after a deletion.';
    const chat = (last: string) => ({
      messages: [
        { role: 'user', content: hard },
        { role: 'assistant', content: 'So.' },
        { role: 'user', content: last },
      ],
    });
    for (const last of ['And for n = 7?', 'Continue', 'Can you make it faster?', 'In French.'])
      expect(bodyOf(chat(last)).text).toBe(`${hard}\n${last}`);
    for (const last of ['What is the capital of France?', `Now ${'a long one '.repeat(10)}`])
      expect(bodyOf(chat(last)).text).toBe(last);
    const messages = [
      { role: 'user' as const, content: hard },
      { role: 'assistant' as const, content: 'So.' },
      { role: 'user' as const, content: 'Why?' },
    ];
    expect(askedPrompt(requestOf({ input: { kind: 'chat', messages } })).text).toBe(`${hard}\nWhy?`);
  });

  it('has needs', () => {
    const needs = askedPrompt(
      requestOf({
        outputFormat: { type: 'json_object', field: 'response_format' },
        input: {
          kind: 'chat',
          messages: [
            {
              role: 'user',
              content: '',
              parts: [
                {
                  type: 'image',
                  source: { kind: 'data', mediaType: 'image/png', base64: 'AAAA' },
                  field: 'f',
                },
              ],
            },
          ],
        },
      }),
    );
    expect(needs).toMatchObject({
      text: null,
      needs: { tools: false, media: true, schema: true, tokens: false },
    });
  });

  it.each([
    [{ kind: 'text', text: 'Once upon' } as const, 'Once upon', 3],
    [{ kind: 'tokens', tokens: [1, 2, 3] } as const, null, 3],
  ])('of %j', (input, text, promptTokenCount) => {
    expect(askedPrompt(requestOf({ input }))).toMatchObject({ text, promptTokenCount });
  });
});

describe('the same of bodies that pass as they are', () => {
  it.each([
    [
      {
        messages: [
          { role: 'user', content: 'One' },
          { role: 'assistant', content: 'x' },
          { role: 'user', content: 'Two' },
        ],
      },
      'Two',
    ],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'a' }, picture, { type: 'text', text: 'b' }] },
        ],
      },
      'a\nb',
    ],
    [{ messages: [{ role: 'user', content: [picture] }] }, null],
    // Anthropic's result of a tool is no question of the user's.
    [
      {
        messages: [
          { role: 'user', content: 'Ask' },
          { role: 'user', content: [{ type: 'tool_result', content: 'r' }] },
        ],
      },
      'Ask',
    ],
    [{ input: 'Say it' }, 'Say it'],
    [{ input: [{ role: 'user', content: [{ type: 'input_text', text: 'Say it' }] }] }, 'Say it'],
    [{ prompt: 'Once upon' }, 'Once upon'],
    [{ prompt: [1, 2] }, null],
    [{}, null],
    [{ messages: 'nonsense' }, null],
    [{ messages: [null, 7, { role: 'user' }] }, ''],
  ])('%j asks %j', (body, text) => {
    expect(bodyOf(body).text).toBe(text);
  });

  it.each([
    [{ tools: [{}] }, 'tools'],
    [{ messages: [{ role: 'user', content: [picture] }] }, 'media'],
    [{ messages: [{ role: 'user', content: 'x', images: ['AAAA'] }] }, 'media'],
    [{ response_format: { type: 'json_schema' } }, 'schema'],
    [{ text: { format: { type: 'json_schema' } } }, 'schema'],
    [{ format: 'json' }, 'schema'],
    [{ prompt: [[1, 2]] }, 'tokens'],
  ])('%j needs %s', (body, need) => {
    const { needs } = bodyOf(body);
    expect(Object.entries(needs).flatMap(([name, isNeeded]) => (isNeeded ? [name] : []))).toEqual([need]);
  });

  it('needs nothing where nothing is asked', () => {
    const { needs } = bodyOf({
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [],
      response_format: { type: 'text' },
    });
    expect(Object.values(needs)).toEqual([false, false, false, false]);
  });
});
