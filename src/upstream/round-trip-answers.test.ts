import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatPart } from '../chat/part.ts';
import { messageEventEncoder } from '../http/anthropic/messages-response.ts';
import { ollamaLineEncoder } from '../http/ollama/prompt-response.ts';
import { chatChunkEncoder } from '../http/openai/chat-response.ts';
import { responseEventEncoder } from '../http/responses/responses-answer.ts';
import { anthropicMessages } from './anthropic.ts';
import { joined, readStream } from './fakes.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';

/** An answer that is written in a dialect for a client, and read as an upstream's of that dialect, means the same. */

const spoken = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const toolName = fc.stringMatching(/^[a-z_]{1,12}$/);
const values = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.oneof(spoken, fc.integer(), fc.boolean()),
  { maxKeys: 3 },
);

const usage = fc
  .record({ prompt: fc.nat(9999), cached: fc.nat(9999), completion: fc.nat(9999) })
  .map(({ prompt, cached, completion }) => ({
    promptTokenCount: prompt + cached,
    cachedTokenCount: cached,
    completionTokenCount: completion,
  }));

/** Answers of one choice, in the order that all dialects can say: thoughts, text, calls. */
const answer = fc
  .record({
    thoughts: fc.array(spoken, { maxLength: 2 }),
    texts: fc.array(spoken, { maxLength: 3 }),
    calls: fc.array(fc.record({ name: toolName, values }), { maxLength: 2 }),
    usage,
    isLong: fc.boolean(),
  })
  .map((script): readonly ChatPart[] => [
    { type: 'start', model: 'up/model', grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 },
    ...script.thoughts.map((said): ChatPart => ({ type: 'reasoning-delta', choice: 0, text: said })),
    ...script.texts.map((said): ChatPart => ({ type: 'text-delta', choice: 0, text: said })),
    ...script.calls.flatMap((one, call): ChatPart[] => [
      { type: 'tool-call-start', choice: 0, call, id: `c${call}`, name: one.name },
      { type: 'tool-call-delta', choice: 0, call, arguments: JSON.stringify(one.values) },
      { type: 'tool-call-end', choice: 0, call },
    ]),
    {
      type: 'choice-end',
      choice: 0,
      reason: script.calls.length > 0 ? 'tool_calls' : script.isLong ? 'length' : 'stop',
    },
    {
      type: 'finish',
      usage: script.usage,
      timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
    },
  ]);

const encoders = [
  {
    name: 'openai',
    protocol: openaiChat,
    encoder: () =>
      chatChunkEncoder({
        requestId: 'r',
        created: new Date(0),
        choiceCount: 1,
        wantsLogprobs: false,
        includesUsage: true,
      }),
  },
  {
    name: 'responses',
    protocol: openaiResponses,
    encoder: () => responseEventEncoder({ requestId: 'r', head: () => ({}) }),
  },
  {
    name: 'anthropic',
    protocol: anthropicMessages,
    encoder: () => messageEventEncoder({ requestId: 'r', maxTokenCount: 99_999 }),
  },
  { name: 'ollama', protocol: ollamaChat, encoder: () => ollamaLineEncoder('message') },
] as const;

/** Ollama says nothing of caches; the responses API always says how many tokens were thoughts. */
const toldOtherwise: Readonly<Record<string, object>> = {
  ollama: { cachedTokenCount: 0 },
  responses: { reasoningTokenCount: 0 },
};

describe.each(encoders)('an answer in the dialect of $name', ({ name, protocol, encoder }) => {
  it('means the same after being written and read, however it is cut', () => {
    fc.assert(
      fc.property(
        answer,
        fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 9 }),
        (parts, cuts) => {
          const encode = encoder();
          const bytes = new TextEncoder().encode(parts.map((part) => encode(part)).join(''));
          const read = joined(readStream(protocol, bytes, { cuts }));
          const said = joined(
            parts.map((part) => {
              if (part.type !== 'finish') return part;
              return { type: 'finish', usage: { ...part.usage, ...toldOtherwise[name] } };
            }),
          );
          expect(read).toEqual(said);
        },
      ),
      { numRuns: 150 },
    );
  });
});
