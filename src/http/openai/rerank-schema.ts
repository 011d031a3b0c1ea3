import { z } from 'zod';
import { modelName, optional } from '../schema-field.ts';

/** Most documents that one request may carry, as Cohere documents it. */
export const maxDocumentCount = 1_000;

const document = z.union([z.string().min(1), z.strictObject({ text: z.string().min(1) })]);

/** The fields that Cohere's and Jina's rerank have in common. */
export const rerankSchema = z.strictObject({
  model: modelName,
  query: z.string().min(1),
  documents: z
    .array(document)
    .min(1)
    .max(maxDocumentCount)
    .meta({
      description: `Up to ${maxDocumentCount} texts, or objects with a text.`,
    }),
  top_n: optional(z.int().min(1)).meta({ description: 'How many of the best are sent; absent: all.' }),
  return_documents: optional(z.boolean()).meta({
    description: 'Whether the texts are sent back. Default false.',
  }),
});

export type RerankBody = z.infer<typeof rerankSchema>;

export const rerankAnswerSchema = z.strictObject({
  id: z.string(),
  model: z.string(),
  scoring: z.enum(['rank', 'cosine']).meta({
    description: 'rank: scores of a reranking model, 0 to 1. cosine: of embeddings, -1 to 1.',
  }),
  results: z.array(
    z.strictObject({
      index: z.int().min(0),
      relevance_score: z.number(),
      document: z.strictObject({ text: z.string() }).optional(),
    }),
  ),
  usage: z.strictObject({ prompt_tokens: z.int().min(0), total_tokens: z.int().min(0) }),
});
