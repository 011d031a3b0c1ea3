import { z } from 'zod';
import { overflowUsageSchema } from '../context-overflow.ts';

/** What Ollama's routes answer with. Only described and tested by these, not checked at run time. */

const count = z.int().min(0);
const nanoseconds = count.meta({ description: 'Nanoseconds, measured.' });

export const ollamaErrorSchema = z.strictObject({ error: z.string() });

const tokenLogprob = z.strictObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)),
});

const common = {
  model: z.string().meta({ description: 'What answered.' }),
  created_at: z.iso.datetime(),
  logprobs: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })).optional(),
  done: z.boolean(),
  done_reason: z.enum(['stop', 'length', 'load', 'unload']).optional(),
  total_duration: nanoseconds.optional(),
  load_duration: nanoseconds.optional(),
  prompt_eval_count: count.optional(),
  prompt_eval_duration: nanoseconds.optional(),
  eval_count: count.optional(),
  eval_duration: nanoseconds.optional(),
  draft_n: count.optional().meta({ description: 'Extension: tokens drafted, where any were.' }),
  draft_n_accepted: count.optional().meta({ description: 'Extension: of those, tokens that were drawn.' }),
  draft_gain: z
    .number()
    .min(0)
    .optional()
    .meta({ description: 'Extension: speed with drafts over without.' }),
  context_overflow: overflowUsageSchema,
};

export const ollamaChatAnswerSchema = z.strictObject({
  ...common,
  message: z.strictObject({
    role: z.literal('assistant'),
    content: z.string(),
    thinking: z.string().optional(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string(),
          function: z.strictObject({
            index: count,
            name: z.string(),
            arguments: z.record(z.string(), z.unknown()),
          }),
        }),
      )
      .optional(),
  }),
});

export const ollamaGenerateAnswerSchema = z.strictObject({
  ...common,
  response: z.string(),
  thinking: z.string().optional(),
});

const details = z.strictObject({
  parent_model: z.literal(''),
  format: z.literal('gguf'),
  family: z.string(),
  families: z.array(z.string()),
  parameter_size: z.string(),
  quantization_level: z.string(),
});

export const ollamaTagsSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      name: z.string(),
      model: z.string(),
      modified_at: z.iso.datetime(),
      size: count,
      digest: z.string(),
      details,
    }),
  ),
});

export const ollamaPsSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      name: z.string(),
      model: z.string(),
      size: count,
      size_vram: count,
      digest: z.string(),
      details: details.optional(),
      expires_at: z.iso.datetime(),
      context_length: count,
    }),
  ),
});

export const ollamaShowSchema = z.strictObject({
  license: z.string(),
  modelfile: z.string(),
  parameters: z.string(),
  template: z.string(),
  system: z.string(),
  details,
  model_info: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  capabilities: z.array(z.enum(['completion', 'tools', 'embedding'])),
  modified_at: z.iso.datetime(),
});

export const ollamaPullSchema = z.union([
  z.strictObject({
    status: z.string(),
    digest: z.string().optional(),
    total: count.optional(),
    completed: count.optional(),
  }),
  ollamaErrorSchema,
]);
