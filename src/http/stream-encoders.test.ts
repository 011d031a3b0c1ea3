import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatPart } from '../chat/part.ts';
import { anthropicMessage, messageEventEncoder } from './anthropic/messages-response.ts';
import { collectAnswer } from './collected-answer.ts';
import type { PartEncoder } from './event-stream.ts';
import { ollamaAnswer, ollamaLineEncoder } from './ollama/prompt-response.ts';
import { chatChunkEncoder, chatCompletion } from './openai/chat-response.ts';
import { textChunkEncoder, textCompletion } from './openai/completion-response.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

/** A whole answer: texts of several choices in any order, then their ends. */
function answers(maxChoiceCount: number): fc.Arbitrary<readonly ChatPart[]> {
  return fc
    .record({
      choiceCount: fc.integer({ min: 1, max: maxChoiceCount }),
      deltas: fc.array(fc.record({ choice: fc.nat(), text }), { maxLength: 20 }),
    })
    .map(({ choiceCount, deltas }): ChatPart[] => [
      { type: 'start', model: 'm"\n', grade: 'basic', promptTokenCount: 9, cachedTokenCount: 4 },
      ...deltas.map(
        (delta) => ({ type: 'text-delta', choice: delta.choice % choiceCount, text: delta.text }) as const,
      ),
      ...Array.from(
        { length: choiceCount },
        (_, choice) => ({ type: 'choice-end', choice, reason: 'stop' }) as const,
      ),
      {
        type: 'finish',
        usage: { promptTokenCount: 9, cachedTokenCount: 4, completionTokenCount: deltas.length },
        timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
      },
    ]);
}

function choiceCountOf(parts: readonly ChatPart[]): number {
  return parts.filter((part) => part.type === 'choice-end').length;
}

const optionsOf = (parts: readonly ChatPart[]) => ({
  requestId: 'r',
  created: new Date(0),
  choiceCount: choiceCountOf(parts),
  wantsLogprobs: false,
  includesUsage: true,
});

/** The JSON of every `data:` line; whatever is no JSON comes back as it is. */
function sseData(parts: readonly ChatPart[], encode: PartEncoder): unknown[] {
  const wire = parts.map(encode).join('');
  expect(wire.endsWith('\n\n')).toBe(true);
  return wire
    .slice(0, -2)
    .split('\n\n')
    .map(
      (event) =>
        event
          .split('\n')
          .find((line) => line.startsWith('data: '))
          ?.slice(6) ?? '',
    )
    .map((data) => (data === '[DONE]' ? data : (JSON.parse(data) as unknown)));
}

interface Chunk {
  readonly model?: string;
  readonly choices?: readonly {
    index: number;
    text?: string;
    delta?: { content?: string };
    finish_reason: string | null;
  }[];
  readonly usage?: unknown;
}

describe('what is streamed adds up to what is given whole', () => {
  it.each([
    ['chat.completion', chatChunkEncoder, chatCompletion],
    ['text_completion', textChunkEncoder, textCompletion],
  ] as const)('%s', (_name, encoder, whole) => {
    fc.assert(
      fc.property(answers(3), (parts) => {
        const options = optionsOf(parts);
        const data = sseData(parts, encoder(options));
        expect(data.at(-1)).toBe('[DONE]');
        const chunks = data.slice(0, -1) as Chunk[];
        const texts = Array.from({ length: options.choiceCount }, () => '');
        const reasons: (string | null)[] = [];
        for (const chunk of chunks) {
          expect(chunk.model).toBe('m"\n');
          for (const choice of chunk.choices ?? []) {
            texts[choice.index] = `${texts[choice.index] ?? ''}${choice.text ?? choice.delta?.content ?? ''}`;
            if (choice.finish_reason !== null) reasons[choice.index] = choice.finish_reason;
          }
        }
        const { choices } = collectAnswer(parts, options.choiceCount);
        expect(texts).toEqual(choices.map((choice) => choice.text));
        expect(reasons).toEqual(choices.map(() => 'stop'));
        expect(chunks.at(-1)?.usage).toEqual((whole(parts, options) as Chunk).usage);
      }),
    );
  });

  it('message', () => {
    fc.assert(
      fc.property(answers(1), (parts) => {
        const options = { requestId: 'r', maxTokenCount: 100 };
        const events = sseData(parts, messageEventEncoder(options)) as {
          type: string;
          delta?: { text?: string; stop_reason?: string };
          usage?: object;
        }[];
        const message = anthropicMessage(parts, options) as { content: { text: string }[]; usage: object };
        const streamed = events
          .map((event) => (event.type === 'content_block_delta' ? event.delta?.text : ''))
          .join('');
        expect(streamed).toBe(message.content[0]?.text ?? '');
        expect(events.find((event) => event.type === 'message_delta')?.usage).toEqual(message.usage);
        expect(events.at(-1)?.type).toBe('message_stop');
      }),
    );
  });

  it('ollama lines', () => {
    fc.assert(
      fc.property(answers(1), (parts) => {
        const lines = parts
          .map(ollamaLineEncoder('response'))
          .join('')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as { response: string; done: boolean; eval_count?: number });
        const whole = ollamaAnswer(parts, 'response') as { response: string; eval_count: number };
        expect(lines.map((line) => line.response).join('')).toBe(whole.response);
        expect(lines.filter((line) => line.done)).toHaveLength(1);
        expect(lines.at(-1)?.eval_count).toBe(whole.eval_count);
      }),
    );
  });
});
