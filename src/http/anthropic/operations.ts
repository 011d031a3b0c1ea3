import type { AppDependencies } from '../dependencies.ts';
import { resolveAllowed } from '../allowed-model.ts';
import { readEnvelope } from '../envelope.ts';
import { jsonResponse } from '../json-response.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { replyWhole, replyWithStream, sseFormat } from '../reply.ts';
import { messageEventSchema, messageSchema, tokenCountSchema } from './answer-schema.ts';
import { conversationOf } from './conversation.ts';
import { messagesRequest } from './messages-request.ts';
import { anthropicMessage, messageEventEncoder } from './messages-response.ts';
import { countTokensSchema, messagesSchema } from './messages-schema.ts';

export function anthropicOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/messages',
      dialect: 'anthropic',
      summary: 'Answer a conversation.',
      scope: 'use',
      isAnswer: true,
      relay: { protocol: 'anthropic', operation: 'chat', path: '/v1/messages', streamsByDefault: false },
      body: messagesSchema,
      answers: {
        'application/json': { description: 'The whole message.', schema: messageSchema },
        'text/event-stream': { description: 'Events in the documented order.', schema: messageEventSchema },
      },
      handle(call) {
        const request = messagesRequest(call.body, readEnvelope(call, 'anthropic'));
        const reply = { call, dialect: 'anthropic', requests: [request] } as const;
        const options = { requestId: call.requestId, maxTokenCount: call.body.max_tokens };
        return call.body.stream === true
          ? replyWithStream(dependencies, reply, { ...sseFormat, encode: messageEventEncoder(options) })
          : replyWhole(dependencies, reply, (parts) => anthropicMessage(parts, options));
      },
    }),
    defineOperation({
      method: 'POST',
      path: '/v1/messages/count_tokens',
      dialect: 'anthropic',
      summary: "Count a prompt's tokens by the model's own tokenizer and chat template.",
      scope: 'use',
      body: countTokensSchema,
      answers: { 'application/json': { description: 'The count.', schema: tokenCountSchema } },
      async handle(call) {
        const input = { kind: 'chat', ...conversationOf(call.body) } as const;
        const { id, privacy, tenant, session } = readEnvelope(call, 'anthropic');
        const about = { id, privacy, tenant, ...(session === undefined ? {} : { session }) };
        await dependencies.readText?.(
          { ...about, requestedModel: call.body.model, body: call.body },
          call.caller,
        );
        const modelId = await resolveAllowed(dependencies, call.caller, call.body.model);
        const tokenCount = await dependencies.countTokens(modelId, input, call.signal);
        return jsonResponse({ input_tokens: tokenCount }, call, 'anthropic');
      },
    }),
  ];
}
