import { expect, test } from 'vitest';
import { bodyUsageOf, type RuledBody } from './body-rules.ts';

const rules = { isOn: true, maxTemperature: 0, upstreams: true };
const messages = [{ role: 'user', content: 'Hi' }];
const plain = { model: 'big', messages, temperature: 0 };

function usage(body: object, changes: Partial<RuledBody> = {}, settings: Partial<typeof rules> = {}) {
  const asked = { operation: 'chat', protocol: 'openai', answerCache: 'auto', ...changes } as const;
  return bodyUsageOf({ ...asked, body: body as RuledBody['body'] }, { ...rules, ...settings });
}

test.each<[string, object, Partial<RuledBody>?]>([
  ['temperature 0', plain],
  ['a seed', { ...plain, temperature: 1, seed: 5 }],
  ['marks and blocks of text', { ...plain, system: [{ type: 'text', text: 'x', cache_control: {} }] }],
  ['no tools, in words', { ...plain, tools: [], tool_choice: 'none' }],
  ['no thoughts, in words', { ...plain, thinking: { type: 'disabled' } }],
  ['Ollama’s options', { model: 'x', messages, options: { temperature: 0 } }, { protocol: 'ollama' }],
  [
    'a response that is not stored',
    { input: 'x', temperature: 0, store: false },
    { protocol: 'openai-responses' },
  ],
  ['a plain completion', { prompt: 'x', temperature: 0 }, { operation: 'text_completion' }],
])('%s is kept by itself', (_, body, changes) => {
  expect(usage(body, changes)).toBe('read_and_write');
  expect(usage(body, { ...changes, answerCache: 'refresh' })).toBe('write_only');
  expect(usage(body, { ...changes, answerCache: 'off' })).toBe('none');
  expect(usage(body, changes, { upstreams: false })).toBe('none');
  expect(usage(body, changes, { isOn: false })).toBe('none');
});

const tool = { type: 'function', function: { name: 'send' } };

test.each<[string, object, Partial<RuledBody>?]>([
  ['a temperature above the bound', { ...plain, temperature: 0.1 }],
  ['a temperature that nobody stated', { messages }],
  ['Ollama’s temperature in another language', { messages, options: { temperature: 0 } }],
  ['tools', { ...plain, tools: [tool] }],
  ['a member that is not known', { ...plain, web_search_options: {} }],
  ['vectors', { input: ['a', 'b'], temperature: 0 }, { operation: 'embeddings' }],
])('%s is kept only where it is asked for', (_, body, changes) => {
  expect(usage(body, changes)).toBe('none');
  expect(usage(body, { ...changes, answerCache: 'use' })).toBe('read_and_write');
});

const called = { role: 'assistant', content: null, tool_calls: [{ id: '1', function: { name: 'x' } }] };
const result = { type: 'tool_result', tool_use_id: '1', content: 'x' };
const thought = { type: 'thinking', thinking: 'x', signature: 'abc' };

test.each<[string, object, Partial<RuledBody>?]>([
  ['a picture', { ...plain, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
  ['Ollama’s picture', { ...plain, messages: [{ role: 'user', content: 'x', images: ['aa'] }] }],
  ['a call', { ...plain, messages: [...messages, called] }],
  ['a result', { ...plain, messages: [...messages, { role: 'tool', tool_call_id: '1', content: 'x' }] }],
  ['Anthropic’s result', { ...plain, messages: [{ role: 'user', content: [result] }] }],
  ['a signed thought', { ...plain, messages: [{ role: 'assistant', content: [thought] }, ...messages] }],
  ['signed details', { ...plain, messages: [{ role: 'assistant', content: 'x', reasoning_details: [{}] }] }],
  ['what OpenAI stores', { ...plain, store: true }],
  ['a response, which is stored', { input: 'x', temperature: 0 }, { protocol: 'openai-responses' }],
  ['an earlier response', { input: 'x', store: false, previous_response_id: 'resp_1' }],
  ['an encrypted thought', { input: [{ type: 'reasoning', encrypted_content: 'x' }], store: false }],
  ['a stored template', { ...plain, prompt: { id: 'pmpt_1' } }],
  ['a container', { ...plain, container: 'c' }],
  ['a model to be loaded', { model: 'x', messages: [] }, { protocol: 'ollama' }],
])('%s is never kept', (_, body, changes) => {
  expect(usage(body, { ...changes, answerCache: 'use' }, { maxTemperature: 2 })).toBe('none');
});
