import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAnthropicReader } from './anthropic-reader.ts';
import { createOpenaiChatReader } from './openai-chat-reader.ts';
import type { WireEvent, WireReader } from './protocol.ts';
import { withRepeats } from './repeated-events.ts';

const text = fc.oneof(
  fc.string(),
  fc.constantFrom('a', ' word', '"', '\\', '\n', 'é', '"content":"x"', '}', ''),
  fc.string({ unit: 'grapheme' }),
);

/** Chunks of OpenAI's as servers write them, and some that change the state between them. */
const chunk = fc.oneof(
  { weight: 6, arbitrary: text.map((content) => ({ choices: [{ index: 0, delta: { content } }] })) },
  text.map((content) => ({ choices: [{ index: 1, delta: { content }, finish_reason: null }] })),
  text.map((content) => ({ choices: [{ index: 0, delta: { content, refusal: content } }] })),
  text.map((content) => ({ choices: [{ delta: { content } }], usage: { prompt_tokens: 3 } })),
  text.map((content) => ({ content, choices: [{ index: 0, delta: { role: 'assistant', content } }] })),
  fc.constant({
    choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'a', function: { name: 'f' } }] } }],
  }),
  fc.constant({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
);

function outcome(reader: WireReader, events: readonly WireEvent[]): readonly unknown[] {
  const seen: unknown[] = [];
  try {
    for (const event of events) seen.push(reader.read(event));
    seen.push(reader.end());
  } catch (thrown) {
    seen.push(String(thrown));
  }
  return seen;
}

test('what is read of a stream is the same with and without the short cut', () => {
  const plain = createOpenaiChatReader('m', 2);
  expect(plain.isDone).toBe(false);
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), fc.boolean(), (chunks, isSpaced) => {
      const events = chunks.map((value): WireEvent => {
        const data = JSON.stringify(value);
        return { event: '', data: isSpaced ? data.replaceAll('":', '": ') : data };
      });
      let repeatCount = 0;
      const quick = withRepeats(createOpenaiChatReader('m', 2), 'content', () => {
        repeatCount += 1;
      });
      const [expected, found] = [outcome(createOpenaiChatReader('m', 2), events), outcome(quick, events)];
      // How many pieces there were is counted elsewhere: usage that was not told is made of it.
      const told = (list: readonly unknown[]): string =>
        JSON.stringify(list).replace(/"completionTokenCount":\d+/, '');
      expect(told(found)).toBe(told(expected));
      expect(repeatCount).toBeLessThanOrEqual(events.length);
    }),
  );
});

const openaiEvent = (content: string): WireEvent => ({
  event: '',
  data: JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
});

test('events that differ in their text alone are not parsed', () => {
  let repeatCount = 0;
  const reader = withRepeats(createOpenaiChatReader('m', 1), 'content', () => {
    repeatCount += 1;
  });
  const read = ['a', 'b', ' c', 'd"', ' e', ' f'].flatMap((content) => reader.read(openaiEvent(content)));
  expect(read.flatMap((part) => (part.type === 'text-delta' ? part.text : []))).toEqual([
    ...['a', 'b', ' c', 'd"', ' e', ' f'],
  ]);
  // The first comes with the start, the second teaches; the quote is read in full, and teaches again.
  expect(repeatCount).toBe(3);
});

test('counts what it skips as the reader would have', () => {
  const usage = (contents: readonly string[]): unknown => {
    const reader = createOpenaiChatReader('m', 1);
    for (const content of contents) reader.read(openaiEvent(content));
    reader.read({ event: '', data: '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}' });
    return reader.end();
  };
  expect(usage(['a', 'b', 'c', 'd'])).toMatchObject([
    { usage: { completionTokenCount: 4, isMeasured: false } },
  ]);
});

test('Anthropic’s pieces of text likewise', () => {
  const delta = (piece: string): WireEvent => ({
    event: 'content_block_delta',
    data: JSON.stringify({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: piece },
    }),
  });
  const reader = createAnthropicReader('m');
  reader.read({ event: 'message_start', data: '{"type":"message_start","message":{"usage":{}}}' });
  const read = ['a', ' b', ' c'].flatMap((piece) => reader.read(delta(piece)));
  expect(read).toEqual(['a', ' b', ' c'].map((piece) => ({ type: 'text-delta', choice: 0, text: piece })));
});
