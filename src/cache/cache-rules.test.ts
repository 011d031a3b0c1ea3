import { expect, it } from 'vitest';
import { requestOf } from '../answer/fakes.ts';
import type { ContentPart } from '../chat/content.ts';
import { usageOf } from './cache-rules.ts';

it('what shows more than text is not looked up, not even where that is asked for', () => {
  const image: ContentPart = { type: 'image', source: { kind: 'url', url: 'https://x.example' }, field: 'f' };
  const rules = { isOn: true, maxTemperature: 2, upstreams: true };
  const asked = (parts?: readonly ContentPart[]) =>
    requestOf({
      answerCache: 'use',
      input: {
        kind: 'chat',
        messages: [{ role: 'user', content: 'What is this?', ...(parts === undefined ? {} : { parts }) }],
      },
    });
  expect(usageOf(asked(), rules)).toBe('read_and_write');
  expect(usageOf(asked([{ type: 'text', text: 'What is this?' }, image]), rules)).toBe('none');
});
