import type { AppDependencies } from '../dependencies.ts';
import { readEnvelope } from '../envelope.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { replyWhole, replyWithStream, sseFormat } from '../reply.ts';
import { responseEventSchema, responseSchema } from './answer-schema.ts';
import { responseEventEncoder, wholeResponse } from './responses-answer.ts';
import { responseHead } from './response-head.ts';
import { responsesRequest } from './responses-request.ts';
import { responsesSchema } from './responses-schema.ts';

export function responsesOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/responses',
      dialect: 'openai',
      summary: 'Answer a conversation of items.',
      scope: 'use',
      isAnswer: true,
      relay: {
        protocol: 'openai-responses',
        operation: 'chat',
        path: '/responses',
        streamsByDefault: false,
      },
      body: responsesSchema,
      answers: {
        'application/json': { description: 'The whole answer.', schema: responseSchema },
        'text/event-stream': {
          description: 'Events; the last one is response.completed, .incomplete or .failed.',
          schema: responseEventSchema,
        },
      },
      handle(call) {
        const request = responsesRequest(call.body, readEnvelope(call, 'openai'));
        const reply = { call, dialect: 'openai', requests: [request] } as const;
        const options = {
          requestId: call.requestId,
          head: responseHead(call.body, request, { createdAt: new Date(), isStored: false }),
        };
        return request.isStreamed
          ? replyWithStream(dependencies, reply, { ...sseFormat, encode: responseEventEncoder(options) })
          : replyWhole(dependencies, reply, (parts) => wholeResponse(parts, options));
      },
    }),
  ];
}
