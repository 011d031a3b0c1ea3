import { describe, expect, test } from 'vitest';
import { questionInBody } from './question-in-body.ts';

const text = 'How do I reset the password of the router?';
const other = 'What is the password of the router?';
const said = (content: unknown = text, role = 'user') => ({ role, content });
const plain = { model: 'big', temperature: 0, messages: [said()] };

function ask(body: object, changes: object = {}, origin: object = {}) {
  return questionInBody(
    {
      ...{ operation: 'chat', protocol: 'openai', path: '/chat/completions', answerCache: 'auto' },
      ...{ tenant: 't', privacy: 'open', isStreamed: false, headers: {} },
      text: JSON.stringify(body),
      body: body as Readonly<Record<string, unknown>>,
      ...changes,
    },
    { modelId: 'up/big', clientKey: null, ...origin },
  );
}

describe('one question', () => {
  test.each<[string, object]>([
    ['alone', plain],
    ['behind a system text', { ...plain, messages: [said('Be brief.', 'system'), said()] }],
    ['behind two', { ...plain, messages: [said('Be brief.', 'system'), said('x', 'developer'), said()] }],
    ['in a block', { ...plain, messages: [said([{ type: 'text', text }])] }],
    [
      'of Anthropic’s',
      { model: 'x', system: 'Be brief.', max_tokens: 5, temperature: 0, messages: [said()] },
    ],
    ['of the responses API', { model: 'x', temperature: 0, store: false, input: text }],
    ['there in a list', { model: 'x', store: false, input: [said([{ type: 'input_text', text }])] }],
    ['with no tools, in words', { ...plain, tools: [], tool_choice: 'none', n: 1, logprobs: false }],
  ])('%s is found, and all that differ in it alone have one scope', (_, body) => {
    const found = ask(body);
    expect(found?.text).toBe(text);
    const written = JSON.stringify(body).replaceAll(text, other);
    const changed = ask(JSON.parse(written) as object);
    expect(changed).toEqual({ text: other, scope: found?.scope });
  });

  test('has another scope where anything else differs', () => {
    const scopes = [
      ask(plain),
      ask(plain, { tenant: 'u' }),
      ask(plain, { privacy: 'local_only' }),
      ask(plain, { isStreamed: true }),
      ask(plain, {}, { modelId: 'up/small' }),
      ask({ ...plain, max_tokens: 5 }),
      ask({ ...plain, seed: 9007199254740993n.toString() }),
      ask({ ...plain, unknown: 1 }),
      ask({ ...plain, messages: [said('Be brief.', 'system'), said()] }),
      ask({ ...plain, messages: [said('Be long.', 'system'), said()] }),
      ask({ ...plain, messages: [{ ...said(), name: 'ana' }] }),
      ask({ ...plain, messages: [said([{ type: 'text', text }])] }),
    ].map((found) => found?.scope);
    expect(scopes).not.toContain(undefined);
    expect(new Set(scopes).size).toBe(scopes.length);
  });

  test('keeps numbers apart that JSON readers take for one', () => {
    const withSeed = (seed: string) =>
      ask(plain, { text: JSON.stringify(plain).replace('{', `{"seed":${seed},`) })?.scope;
    expect(withSeed('9007199254740993')).not.toBe(withSeed('9007199254740992'));
  });
});

describe('not one question', () => {
  test.each<[string, object, object?]>([
    ['two turns', { ...plain, messages: [said('Hi'), said('Hello', 'assistant'), said()] }],
    ['two questions', { ...plain, messages: [said('Hi'), said()] }],
    ['no question', { ...plain, messages: [said(text, 'assistant')] }],
    ['a beginning of the answer', { ...plain, messages: [said(), said('The', 'assistant')] }],
    [
      'two texts in one',
      {
        ...plain,
        messages: [
          said([
            { type: 'text', text },
            { type: 'text', text: other },
          ]),
        ],
      },
    ],
    ['a picture', { ...plain, messages: [said([{ type: 'image_url', image_url: { url: 'x' } }])] }],
    ['the same text twice', { ...plain, messages: [said(text, 'system'), said()] }],
    ['tools', { ...plain, tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['several answers', { ...plain, n: 2 }],
    ['odds of tokens', { ...plain, logprobs: true }],
    ['odds of the responses API', { model: 'x', store: false, input: text, top_logprobs: 2 }],
    ['an answer that goes on', { ...plain, ignore_eos: true }],
    ['a long text', { ...plain, messages: [said('Please. '.repeat(80))] }],
    ['an empty text', { ...plain, messages: [said('  ')] }],
    ['raw text', { model: 'x', temperature: 0, prompt: text }, { operation: 'text_completion' }],
    ['texts to embed', { model: 'x', input: text }, { operation: 'embeddings' }],
    ['a list of texts', { model: 'x', store: false, input: [text] }],
  ])('is %s', (_, body, changes = {}) => {
    expect(ask(body, changes)).toBeNull();
  });
});
