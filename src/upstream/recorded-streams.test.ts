import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from './anthropic.ts';
import { joined, readStream } from './fakes.ts';
import { openaiChat } from './openai-chat.ts';

const folder = path.join(import.meta.dirname, '../../test/fixtures/upstreams');

describe.each([
  ['recorded-llama-server-openai.sse', openaiChat, 0, 0],
  ['recorded-llama-server-anthropic.sse', anthropicMessages, 33, 32],
])('%s', (name, protocol, promptAtStart, cachedAtStart) => {
  const bytes = readFileSync(path.join(folder, name));
  /** The text as the stream's own pieces spell it, found without a parser. */
  const spelt = [...bytes.toString('utf8').matchAll(/"(?:content|text)":"((?:[^"\\]|\\.)*)"/g)]
    .map(([, piece]) => JSON.parse(`"${piece ?? ''}"`) as string)
    .join('');

  it('is read whole, however it is cut', () => {
    expect(spelt.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 9 }), (cuts) => {
        expect(joined(readStream(protocol, bytes, { cuts }))).toEqual([
          {
            type: 'start',
            model: 'up/model',
            grade: 'ungraded',
            promptTokenCount: promptAtStart,
            cachedTokenCount: cachedAtStart,
          },
          { type: 'text-delta', choice: 0, text: spelt },
          { type: 'choice-end', choice: 0, reason: 'length' },
          {
            type: 'finish',
            usage: { promptTokenCount: 33, cachedTokenCount: cachedAtStart, completionTokenCount: 12 },
          },
        ]);
      }),
      { numRuns: 40 },
    );
  });
});
