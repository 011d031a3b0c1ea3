import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { ChatRequest } from '../chat/request.ts';
import { messagesRequest } from '../http/anthropic/messages-request.ts';
import { messagesSchema } from '../http/anthropic/messages-schema.ts';
import type { Envelope } from '../http/envelope.ts';
import { chatIntent } from '../http/ollama/prompt-request.ts';
import { ollamaChatSchema } from '../http/ollama/prompt-schema.ts';
import { chatRequest } from '../http/openai/chat-request.ts';
import { chatSchema } from '../http/openai/chat-schema.ts';
import { inputItems, responsesRequest } from '../http/responses/responses-request.ts';
import { responsesSchema } from '../http/responses/responses-schema.ts';
import { anthropicMessages } from './anthropic.ts';
import { anthropicBody, ollamaBody, openaiBody, responsesBody } from './fixtures/request-bodies.ts';
import { ollamaChat } from './ollama.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { presets } from './traits.ts';

/**
 * What a client says in a dialect, read by the inbound converter, written by the outbound one of the same dialect and read
 * again, means the same. The inbound schemas refuse unknown fields, so that nothing is made up.
 */

const envelope: Envelope = {
  id: 'r',
  dialect: 'openai',
  privacy: 'open',
  tenant: 't',
  deadlineAt: null,
  priority: null,
  answerCache: 'auto',
};

const target: WireTarget = {
  model: 'm',
  traits: presets.nearfar,
  maxTokenCount: null,
  contextTokenCount: null,
};

interface Dialect {
  readonly name: string;
  readonly protocol: WireProtocol;
  readonly body: fc.Arbitrary<unknown>;
  readonly read: (body: unknown) => ChatRequest;
}

function parsed<Schema extends z.ZodType>(schemaOf: Schema, body: unknown): z.infer<Schema> {
  const result = schemaOf.safeParse(body);
  if (!result.success) throw new Error(`${result.error.message}: ${JSON.stringify(body)}`);
  return result.data;
}

const dialects: readonly Dialect[] = [
  {
    name: 'openai',
    protocol: openaiChat,
    body: openaiBody,
    read: (body) => chatRequest(parsed(chatSchema, body), envelope),
  },
  {
    name: 'responses',
    protocol: openaiResponses,
    body: responsesBody,
    read: (body) => {
      const sent = parsed(responsesSchema, body);
      const own = inputItems(sent).filter((item) => item.type !== 'item_reference');
      return responsesRequest(sent, own, envelope);
    },
  },
  {
    name: 'anthropic',
    protocol: anthropicMessages,
    body: anthropicBody,
    read: (body) => messagesRequest(parsed(messagesSchema, body), envelope),
  },
  {
    name: 'ollama',
    protocol: ollamaChat,
    body: ollamaBody,
    read: (body) => {
      const intent = chatIntent(parsed(ollamaChatSchema, body), envelope);
      if (intent.kind !== 'answer') throw new Error('no answer was asked for');
      return intent.request;
    },
  },
];

/** Where parts stood in the client's body is for errors only. */
function withoutPlaces(input: ChatRequest['input']): unknown {
  if (input.kind !== 'chat') return input;
  const messages = input.messages.map((message) =>
    'parts' in message
      ? { ...message, parts: message.parts.map((part) => ({ ...part, field: '' })) }
      : message,
  );
  return { ...input, messages };
}

/** What a request means to an upstream: its defaults, its stream and the model's name are the upstream's own matter. */
function meaning(request: ChatRequest): object {
  const stated = [...(request.statedSampling ?? [])].map(([option]): [string, unknown] => {
    const value: unknown = request.sampling[option];
    return [option, value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value];
  });
  return {
    ...request,
    input: withoutPlaces(request.input),
    requestedModel: '',
    isStreamed: true,
    sampling: Object.fromEntries(stated) as object,
    statedSampling: null,
    // What is not said means the same here, where nothing is left out unasked.
    contextOverflow: request.contextOverflow ?? 'error',
  };
}

describe.each(dialects)('a request in the dialect of $name', ({ protocol, body, read }) => {
  it('means the same after being read and written', () => {
    fc.assert(
      fc.property(body, (sent) => {
        const request = read(sent);
        const written = JSON.parse(JSON.stringify(protocol.request(request, target).body)) as unknown;
        expect(meaning(read(written))).toEqual(meaning(request));
      }),
      { numRuns: 200 },
    );
  });
});
