import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from './anthropic.ts';
import { joined, readStream } from './fakes.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';

const folder = path.join(import.meta.dirname, '../../test/fixtures/upstreams');
const bytesOf = (name: string): Uint8Array => readFileSync(path.join(folder, name));

const start = { type: 'start', model: 'up/model', grade: 'ungraded' };
const call = (index: number, id: string, name: string, text: string) => [
  { type: 'tool-call-start', choice: 0, call: index, id, name },
  { type: 'tool-call-delta', choice: 0, call: index, arguments: text },
  { type: 'tool-call-end', choice: 0, call: index },
];

const streams = [
  {
    name: 'documented-openai-text.sse',
    protocol: openaiChat,
    parts: [
      { ...start, promptTokenCount: 0, cachedTokenCount: 0 },
      { type: 'text-delta', choice: 0, text: 'Grüße 👋' },
      { type: 'choice-end', choice: 0, reason: 'stop' },
      {
        type: 'finish',
        usage: {
          promptTokenCount: 1120,
          cachedTokenCount: 1024,
          completionTokenCount: 70,
          reasoningTokenCount: 64,
        },
      },
    ],
  },
  {
    name: 'documented-openai-tools.sse',
    protocol: openaiChat,
    parts: [
      { ...start, promptTokenCount: 0, cachedTokenCount: 0 },
      ...call(0, 'call_a', 'weather', '{"city":"Oslo"}'),
      ...call(1, 'call_b', 'clock', '{}'),
      { type: 'choice-end', choice: 0, reason: 'tool_calls' },
      {
        type: 'finish',
        usage: {
          promptTokenCount: 80,
          cachedTokenCount: 0,
          completionTokenCount: 31,
          reasoningTokenCount: 0,
        },
      },
    ],
  },
  {
    name: 'documented-anthropic-tools.sse',
    protocol: anthropicMessages,
    parts: [
      { ...start, promptTokenCount: 2373, cachedTokenCount: 2048 },
      { type: 'reasoning-delta', choice: 0, text: 'Which city?' },
      { type: 'text-delta', choice: 0, text: 'I will look.' },
      ...call(0, 'toolu_01', 'weather', '{"city": "Oslo"}'),
      { type: 'choice-end', choice: 0, reason: 'tool_calls' },
      {
        type: 'finish',
        usage: {
          promptTokenCount: 2373,
          cachedTokenCount: 2048,
          completionTokenCount: 89,
          cacheWriteTokenCount: 200,
          longCacheWriteTokenCount: 100,
        },
      },
    ],
  },
  {
    name: 'documented-ollama.ndjson',
    protocol: ollamaChat,
    parts: [
      { ...start, promptTokenCount: 0, cachedTokenCount: 0 },
      { type: 'reasoning-delta', choice: 0, text: 'Hm.' },
      { type: 'text-delta', choice: 0, text: 'It is cold.' },
      ...call(0, 'call_0_0', 'weather', '{"city":"Oslo"}'),
      { type: 'choice-end', choice: 0, reason: 'tool_calls' },
      {
        type: 'finish',
        usage: { promptTokenCount: 26, cachedTokenCount: 0, completionTokenCount: 282 },
      },
    ],
  },
  {
    name: 'documented-responses.sse',
    protocol: openaiResponses,
    parts: [
      { ...start, promptTokenCount: 0, cachedTokenCount: 0 },
      { type: 'reasoning-delta', choice: 0, text: 'Look it up.' },
      { type: 'text-delta', choice: 0, text: 'One moment.' },
      ...call(0, 'call_a', 'weather', '{"city":"Oslo"}'),
      { type: 'choice-end', choice: 0, reason: 'tool_calls' },
      {
        type: 'finish',
        usage: {
          promptTokenCount: 90,
          cachedTokenCount: 64,
          completionTokenCount: 40,
          reasoningTokenCount: 12,
        },
      },
    ],
  },
] as const;

describe.each(streams)('$name', ({ name, protocol, parts }) => {
  it('says what its documentation says it means', () => {
    expect(joined(readStream(protocol, bytesOf(name)))).toEqual(parts);
  });

  it('means the same however its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }), (cuts) => {
        expect(joined(readStream(protocol, bytesOf(name), { cuts }))).toEqual(parts);
      }),
      { numRuns: 50 },
    );
  });

  it('is an error wherever it is cut off before the end of its choice', () => {
    const bytes = bytesOf(name);
    const endMark = { events: /finish_reason":"|message_delta|response.completed/, lines: /"done":true/ }[
      protocol.framing
    ];
    const text = Buffer.from(bytes).toString('latin1');
    const endAt = text.search(endMark);
    expect(endAt).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: endAt }), (length) => {
        expect(() => readStream(protocol, bytes.subarray(0, length))).toThrow(
          expect.objectContaining({ kind: 'upstream_failed' }),
        );
      }),
      { numRuns: 60 },
    );
  });
});
