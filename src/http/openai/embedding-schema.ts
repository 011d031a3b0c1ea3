import { z } from 'zod';
import { ignored, modelName, optional } from '../schema-field.ts';
import { tokenList } from './completion-schema.ts';

/** Most texts that one request may carry, as OpenAI documents it. */
export const maxInputCount = 2_048;

const text = z.string().min(1, 'expected a text that is not empty');

/** https://platform.openai.com/docs/api-reference/embeddings/create */
export const embeddingSchema = z.strictObject({
  model: modelName,
  input: z
    .union([
      text,
      z.array(text).min(1).max(maxInputCount),
      tokenList,
      z.array(tokenList).min(1).max(maxInputCount),
    ])
    .meta({
      description: `Text or token ids of the answering model; or a list of up to ${maxInputCount} of either.`,
    }),
  encoding_format: optional(z.enum(['float', 'base64'])).meta({
    description: 'float: numbers. base64: the same as 32-bit floats, little-endian.',
  }),
  dimensions: optional(z.int().min(1)).meta({
    description:
      'The first numbers only, brought back to length 1: lengths that the model was trained for. Else 400.',
  }),
  user: ignored('it is a name for statistics'),
});

export type EmbeddingBody = z.infer<typeof embeddingSchema>;

export const embeddingListSchema = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      object: z.literal('embedding'),
      index: z.int().min(0),
      embedding: z.union([z.array(z.number()), z.base64()]),
    }),
  ),
  model: z.string(),
  usage: z.strictObject({ prompt_tokens: z.int().min(0), total_tokens: z.int().min(0) }),
});
