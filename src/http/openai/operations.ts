import type { AppDependencies } from '../dependencies.ts';
import { readEnvelope } from '../envelope.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { replyWhole, replyWithStream, sseFormat } from '../reply.ts';
import {
  chatChunkSchema,
  chatCompletionSchema,
  textChunkSchema,
  textCompletionSchema,
} from './answer-schema.ts';
import { chatRequest } from './chat-request.ts';
import { chatChunkEncoder, chatCompletion, type ChatResponseOptions } from './chat-response.ts';
import { chatSchema } from './chat-schema.ts';
import { completionRequests } from './completion-request.ts';
import { textChunkEncoder, textCompletion } from './completion-response.ts';
import { completionSchema } from './completion-schema.ts';

export function openaiOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/chat/completions',
      dialect: 'openai',
      summary: 'Answer a conversation.',
      scope: 'use',
      isAnswer: true,
      relay: { protocol: 'openai', operation: 'chat', path: '/chat/completions', streamsByDefault: false },
      body: chatSchema,
      answers: {
        'application/json': { description: 'The whole answer.', schema: chatCompletionSchema },
        'text/event-stream': { description: 'Events; the last one is [DONE].', schema: chatChunkSchema },
      },
      handle(call) {
        const request = chatRequest(call.body, readEnvelope(call, 'openai'));
        const reply = { call, dialect: 'openai', requests: [request] } as const;
        const options: ChatResponseOptions = {
          requestId: call.requestId,
          created: new Date(),
          choiceCount: request.choiceCount,
          wantsLogprobs: request.topLogprobCount !== null,
          includesUsage: call.body.stream_options?.include_usage ?? false,
        };
        return call.body.stream === true
          ? replyWithStream(dependencies, reply, { ...sseFormat, encode: chatChunkEncoder(options) })
          : replyWhole(dependencies, reply, (parts) => chatCompletion(parts, options));
      },
    }),
    defineOperation({
      method: 'POST',
      path: '/v1/completions',
      dialect: 'openai',
      summary: 'Continue a text, or fill the gap between a prompt and a suffix.',
      scope: 'use',
      isAnswer: true,
      relay: {
        protocol: 'openai',
        operation: 'text_completion',
        path: '/completions',
        streamsByDefault: false,
      },
      body: completionSchema,
      answers: {
        'application/json': { description: 'The whole answer.', schema: textCompletionSchema },
        'text/event-stream': { description: 'Events; the last one is [DONE].', schema: textChunkSchema },
      },
      handle(call) {
        const requests = completionRequests(call.body, readEnvelope(call, 'openai'));
        const reply = { call, dialect: 'openai', requests } as const;
        const options: ChatResponseOptions = {
          requestId: call.requestId,
          created: new Date(),
          choiceCount: requests.length * (call.body.n ?? 1),
          wantsLogprobs: typeof call.body.logprobs === 'number',
          includesUsage: call.body.stream_options?.include_usage ?? false,
        };
        return call.body.stream === true
          ? replyWithStream(dependencies, reply, { ...sseFormat, encode: textChunkEncoder(options) })
          : replyWhole(dependencies, reply, (parts) => textCompletion(parts, options));
      },
    }),
  ];
}
