import { z } from 'zod';
import { modelName, optional } from '../schema-field.ts';
import { keepAliveField } from './keep-alive.ts';
import { optionsSchema } from './options-schema.ts';

const maxInputCount = 2_048;
const count = z.int().min(0);

const commonFields = {
  model: modelName,
  options: optional(optionsSchema),
  keep_alive: keepAliveField,
};

/** https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings */
export const ollamaEmbedSchema = z.strictObject({
  ...commonFields,
  input: z
    .union([z.string(), z.array(z.string()).max(maxInputCount)])
    .optional()
    .meta({
      description: `A text, or a list of up to ${maxInputCount}. None, or an empty one: load the model.`,
    }),
  truncate: optional(z.boolean()).meta({
    description: 'Cut what is too long (the default); with false it is a 400.',
  }),
  dimensions: optional(z.int().min(0)).meta({
    description: 'The first numbers only, brought back to length 1. 0: all.',
  }),
});

/** The older route: one text, one vector. */
export const ollamaEmbeddingsSchema = z.strictObject({
  ...commonFields,
  prompt: optional(z.string()),
});

export type OllamaEmbedBody = z.infer<typeof ollamaEmbedSchema>;
export type OllamaEmbeddingsBody = z.infer<typeof ollamaEmbeddingsSchema>;

export const ollamaEmbedAnswerSchema = z.strictObject({
  model: z.string(),
  embeddings: z.array(z.array(z.number())),
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
});

export const ollamaEmbeddingsAnswerSchema = z.strictObject({ embedding: z.array(z.number()) });
