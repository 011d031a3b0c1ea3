import type { z } from 'zod';
import { resolveAllowed } from '../allowed-model.ts';
import type { AppDependencies } from '../dependencies.ts';
import { jsonResponse } from '../json-response.ts';
import { readEnvelope } from '../envelope.ts';
import { type Call, defineOperation, type Operation } from '../operation.ts';
import { replyWhole, replyWithStream } from '../reply.ts';
import { ollamaChatAnswerSchema, ollamaGenerateAnswerSchema } from './answer-schema.ts';
import { ollamaModelOperations } from './model-operations.ts';
import { chatIntent, generateIntent, type OllamaIntent } from './prompt-request.ts';
import { ollamaAnswer, ollamaLineEncoder, ollamaLoadAnswer, type TextField } from './prompt-response.ts';
import { ollamaChatSchema, ollamaGenerateSchema } from './prompt-schema.ts';
import { unloadIfRunning } from './unload.ts';

function answersOf(schema: z.ZodType): Operation['answers'] {
  return {
    'application/x-ndjson': { description: 'One object a line; the last one is done.', schema },
    'application/json': { description: 'One object, with "stream": false.', schema },
  };
}

export function ollamaOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/api/chat',
      dialect: 'ollama',
      summary: 'Answer a conversation; without messages, load or unload the model.',
      scope: 'use',
      isAnswer: true,
      relay: { protocol: 'ollama', operation: 'chat', path: '/api/chat', streamsByDefault: true },
      body: ollamaChatSchema,
      answers: answersOf(ollamaChatAnswerSchema),
      handle: (call) =>
        perform(dependencies, call, chatIntent(call.body, readEnvelope(call, 'ollama')), {
          field: 'message',
          isStream: call.body.stream ?? true,
        }),
    }),
    defineOperation({
      method: 'POST',
      path: '/api/generate',
      dialect: 'ollama',
      summary: 'Answer a prompt; without one, load or unload the model.',
      scope: 'use',
      isAnswer: true,
      relay: {
        protocol: 'ollama',
        operation: 'text_completion',
        path: '/api/generate',
        streamsByDefault: true,
      },
      body: ollamaGenerateSchema,
      answers: answersOf(ollamaGenerateAnswerSchema),
      handle: (call) =>
        perform(dependencies, call, generateIntent(call.body, readEnvelope(call, 'ollama')), {
          field: 'response',
          isStream: call.body.stream ?? true,
        }),
    }),
    ...ollamaModelOperations(dependencies),
  ];
}

async function perform(
  dependencies: AppDependencies,
  call: Call<unknown>,
  intent: OllamaIntent,
  { field, isStream }: { readonly field: TextField; readonly isStream: boolean },
): Promise<Response> {
  switch (intent.kind) {
    case 'answer': {
      const reply = { call, dialect: 'ollama', requests: [intent.request] } as const;
      if (!isStream) return replyWhole(dependencies, reply, (parts) => ollamaAnswer(parts, field));
      return replyWithStream(dependencies, reply, {
        contentType: 'application/x-ndjson',
        // Lines have no comments: such a stream waits in silence.
        keepAliveText: null,
        encode: ollamaLineEncoder(field),
      });
    }
    case 'load': {
      const id = await resolveAllowed(dependencies, call.caller, intent.model);
      await dependencies.localModels.load(id, { keepAliveSeconds: intent.keepAliveSeconds });
      return jsonResponse(ollamaLoadAnswer(id, field, 'load'), call, 'ollama');
    }
    case 'unload': {
      const id = await resolveAllowed(dependencies, call.caller, intent.model);
      await unloadIfRunning(dependencies, id);
      return jsonResponse(ollamaLoadAnswer(id, field, 'unload'), call, 'ollama');
    }
  }
}
