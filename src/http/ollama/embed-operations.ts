import type { EmbedRequest, EmbedResult } from '../../chat/embedding.ts';
import type { AppDependencies } from '../dependencies.ts';
import { replyEmbedded, vectorsOf } from '../embed-reply.ts';
import { resolveAllowed } from '../allowed-model.ts';
import { readEnvelope } from '../envelope.ts';
import { jsonResponse } from '../json-response.ts';
import { type Call, defineOperation, type Operation } from '../operation.ts';
import {
  ollamaEmbedAnswerSchema,
  ollamaEmbeddingsAnswerSchema,
  ollamaEmbeddingsSchema,
  ollamaEmbedSchema,
  type OllamaEmbedBody,
  type OllamaEmbeddingsBody,
} from './embed-schema.ts';
import { keepAliveSeconds } from './keep-alive.ts';
import { unloadIfRunning } from './unload.ts';

export function ollamaEmbedOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/api/embed',
      dialect: 'ollama',
      summary: 'Make vectors of texts, each of length 1; without a text, load the model.',
      scope: 'use',
      isAnswer: true,
      relay: { protocol: 'ollama', operation: 'embeddings', path: '/api/embed', streamsByDefault: null },
      body: ollamaEmbedSchema,
      answers: { 'application/json': { description: 'The vectors.', schema: ollamaEmbedAnswerSchema } },
      handle(call) {
        const { input = [], truncate, dimensions } = call.body;
        const texts = typeof input === 'string' ? (input === '' ? [] : [input]) : input;
        if (texts.length === 0) {
          return load(dependencies, call, (model) => ({
            model,
            embeddings: [],
            total_duration: 0,
            load_duration: 0,
            prompt_eval_count: 0,
          }));
        }
        const request = requestOf(call, {
          kind: 'embed',
          inputs: texts.map((text) => ({ kind: 'text', text })),
          truncates: truncate ?? true,
          dimensions: dimensions === undefined || dimensions === 0 ? null : dimensions,
          field: 'input',
        });
        return replyEmbedded(dependencies, call, request, embedAnswer);
      },
    }),
    defineOperation({
      method: 'POST',
      path: '/api/embeddings',
      dialect: 'ollama',
      summary: 'Make a vector of one text. Older; /api/embed takes several.',
      scope: 'use',
      isAnswer: true,
      body: ollamaEmbeddingsSchema,
      answers: { 'application/json': { description: 'The vector.', schema: ollamaEmbeddingsAnswerSchema } },
      handle(call) {
        const text = call.body.prompt ?? '';
        if (text === '') return load(dependencies, call, () => ({ embedding: [] }));
        const request = requestOf(call, {
          kind: 'embed',
          inputs: [{ kind: 'text', text }],
          truncates: true,
          dimensions: null,
          field: 'prompt',
        });
        return replyEmbedded(dependencies, call, request, (result) => ({
          embedding: Array.from(vectorsOf(result)[0] ?? []),
        }));
      },
    }),
  ];
}

type AnyCall = Call<OllamaEmbedBody | OllamaEmbeddingsBody>;

function keepAliveOf({ body: { keep_alive: value } }: AnyCall): number | null {
  return value === undefined || value === null ? null : keepAliveSeconds(value);
}

function requestOf(call: AnyCall, task: EmbedRequest['task']): EmbedRequest {
  return {
    ...readEnvelope(call, 'ollama'),
    requestedModel: call.body.model,
    keepAliveSeconds: keepAliveOf(call),
    task,
  };
}

/** Without a text the model is only loaded, or with `keep_alive` 0 unloaded. */
async function load(
  dependencies: AppDependencies,
  call: AnyCall,
  bodyOf: (modelId: string) => object,
): Promise<Response> {
  const id = await resolveAllowed(dependencies, call.caller, call.body.model);
  const keepAlive = keepAliveOf(call);
  if (keepAlive === 0) await unloadIfRunning(dependencies, id);
  else await dependencies.localModels.load(id, { keepAliveSeconds: keepAlive });
  return jsonResponse(bodyOf(id), call, 'ollama');
}

function embedAnswer(result: EmbedResult): object {
  const { timings } = result;
  return {
    model: result.model,
    embeddings: vectorsOf(result).map((vector) => Array.from(vector)),
    total_duration: nanoseconds(timings.totalMs),
    load_duration: nanoseconds(timings.queueMs),
    prompt_eval_count: result.promptTokenCount,
  };
}

function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6);
}
