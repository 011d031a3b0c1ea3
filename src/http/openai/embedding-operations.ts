import type { AppDependencies } from '../dependencies.ts';
import { replyEmbedded } from '../embed-reply.ts';
import { readEnvelope } from '../envelope.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { embeddingList, embeddingRequest } from './embedding.ts';
import { embeddingListSchema, embeddingSchema } from './embedding-schema.ts';
import { rerankAnswer, rerankRequest } from './rerank.ts';
import { rerankAnswerSchema, rerankSchema } from './rerank-schema.ts';

/** Texts in, vectors or an order out. */
export function embeddingOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/embeddings',
      dialect: 'openai',
      summary: 'Make vectors of texts, each of length 1.',
      scope: 'use',
      isAnswer: true,
      relay: { protocol: 'openai', operation: 'embeddings', path: '/embeddings', streamsByDefault: null },
      body: embeddingSchema,
      answers: { 'application/json': { description: 'The vectors.', schema: embeddingListSchema } },
      handle: (call) =>
        replyEmbedded(
          dependencies,
          call,
          embeddingRequest(call.body, readEnvelope(call, 'openai')),
          (result) => embeddingList(result, call.body.encoding_format ?? 'float'),
        ),
    }),
    defineOperation({
      method: 'POST',
      path: '/v1/rerank',
      dialect: 'openai',
      summary: 'Order documents by how well they answer a query.',
      scope: 'use',
      isAnswer: true,
      body: rerankSchema,
      answers: { 'application/json': { description: 'The best first.', schema: rerankAnswerSchema } },
      handle: (call) =>
        replyEmbedded(dependencies, call, rerankRequest(call.body, readEnvelope(call, 'openai')), (result) =>
          rerankAnswer(result, call.body, call.requestId),
        ),
    }),
  ];
}
