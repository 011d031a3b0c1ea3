import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatPart } from '../chat/part.ts';
import { messageEventSchema, messageSchema } from './anthropic/answer-schema.ts';
import { anthropicMessage, messageEventEncoder } from './anthropic/messages-response.ts';
import { collectAnswer } from './collected-answer.ts';
import type { PartEncoder } from './event-stream.ts';
import { ollamaChatAnswerSchema } from './ollama/answer-schema.ts';
import { ollamaAnswer, ollamaLineEncoder } from './ollama/prompt-response.ts';
import { chatChunkSchema, chatCompletionSchema } from './openai/answer-schema.ts';
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

/** Reasoning, then texts and whole calls in any order, of one choice. */
const answersWithCalls: fc.Arbitrary<readonly ChatPart[]> = fc
  .record({
    reasoning: fc.array(text, { maxLength: 3 }),
    stretches: fc.array(
      fc.oneof(
        fc.array(text, { maxLength: 3 }).map((texts) => ({ texts, call: null })),
        fc
          .tuple(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), fc.array(fc.nat(20)))
          .map(([values, cuts]) => ({ texts: [], call: { json: JSON.stringify(values), cuts } })),
      ),
      { maxLength: 6 },
    ),
  })
  .map(({ reasoning, stretches }): ChatPart[] => {
    const choice = 0;
    const parts: ChatPart[] = [
      { type: 'start', model: 'm', grade: 'basic', promptTokenCount: 9, cachedTokenCount: 4 },
    ];
    for (const thought of reasoning) parts.push({ type: 'reasoning-delta', choice, text: thought });
    let call = 0;
    for (const stretch of stretches) {
      for (const said of stretch.texts) parts.push({ type: 'text-delta', choice, text: said });
      if (stretch.call === null) continue;
      parts.push({ type: 'tool-call-start', choice, call, id: `call_${call}`, name: 'f' });
      const characters = Array.from(stretch.call.json);
      for (const cut of [...stretch.call.cuts, Infinity]) {
        const piece = characters.splice(0, cut).join('');
        if (piece !== '') parts.push({ type: 'tool-call-delta', choice, call, arguments: piece });
      }
      parts.push({ type: 'tool-call-end', choice, call });
      call += 1;
    }
    parts.push(
      { type: 'choice-end', choice, reason: call > 0 ? 'tool_calls' : 'stop' },
      {
        type: 'finish',
        usage: { promptTokenCount: 9, cachedTokenCount: 4, completionTokenCount: 9, reasoningTokenCount: 1 },
        timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
      },
    );
    return parts;
  });

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

interface Call {
  readonly id: string;
  readonly name: string;
  json: string;
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

  it('calls and reasoning: chat.completion', () => {
    fc.assert(
      fc.property(answersWithCalls, (parts) => {
        const options = optionsOf(parts);
        const message = { content: '', reasoning_content: '', tool_calls: [] as Call[] };
        let reason: string | null = null;
        for (const data of sseData(parts, chatChunkEncoder(options)).slice(0, -1)) {
          const { delta, finish_reason } = chatChunkSchema.parse(data).choices[0] ?? {};
          message.content += delta?.content ?? '';
          message.reasoning_content += delta?.reasoning_content ?? '';
          for (const { index, id, function: called } of delta?.tool_calls ?? []) {
            const call = (message.tool_calls[index] ??= { id: id ?? '', name: called.name ?? '', json: '' });
            call.json += called.arguments;
          }
          reason = finish_reason ?? reason;
        }
        const whole = chatCompletionSchema.parse(chatCompletion(parts, options)).choices[0];
        expect(message).toEqual({
          content: whole?.message.content ?? '',
          reasoning_content: whole?.message.reasoning_content ?? '',
          tool_calls: (whole?.message.tool_calls ?? []).map(({ id, function: called }) => ({
            id,
            name: called.name,
            json: called.arguments,
          })),
        });
        expect(reason).toBe(whole?.finish_reason);
      }),
    );
  });

  it('calls and reasoning: message', () => {
    fc.assert(
      fc.property(answersWithCalls, (parts) => {
        const options = { requestId: 'r', maxTokenCount: 100 };
        const content: object[] = [];
        let json = '';
        let open: number | null = null;
        for (const data of sseData(parts, messageEventEncoder(options))) {
          const event = messageEventSchema.parse(data);
          if (event.type === 'content_block_start') {
            expect(open).toBeNull();
            expect(event.index).toBe(content.length);
            open = event.index;
            content.push({ ...event.content_block });
            json = '';
          } else if (event.type === 'content_block_delta') {
            expect(event.index).toBe(open);
            const block = content[event.index] as { text: string; thinking: string };
            if (event.delta.type === 'text_delta') block.text += event.delta.text;
            else if (event.delta.type === 'thinking_delta') block.thinking += event.delta.thinking;
            else json += event.delta.partial_json;
          } else if (event.type === 'content_block_stop') {
            expect(event.index).toBe(open);
            open = null;
            const block = content[event.index] as { type: string; input: unknown };
            if (block.type === 'tool_use') block.input = JSON.parse(json);
          }
        }
        expect(open).toBeNull();
        const whole = anthropicMessage(parts, options) as { readonly content: unknown };
        messageSchema.parse(whole);
        // Not what the schema gives back: it drops members called __proto__.
        expect(content).toEqual(whole.content);
      }),
    );
  });

  it('calls and reasoning: ollama lines', () => {
    fc.assert(
      fc.property(answersWithCalls, (parts) => {
        const message = { role: 'assistant', content: '', thinking: '', tool_calls: [] as object[] };
        for (const line of parts.map(ollamaLineEncoder('message')).join('').trimEnd().split('\n')) {
          const part = ollamaChatAnswerSchema.parse(JSON.parse(line)).message;
          message.content += part.content;
          message.thinking += part.thinking ?? '';
          message.tool_calls.push(...(part.tool_calls ?? []));
        }
        const whole = ollamaChatAnswerSchema.parse(ollamaAnswer(parts, 'message')).message;
        expect(message).toEqual({ thinking: '', tool_calls: [], ...whole });
      }),
    );
  });
});
