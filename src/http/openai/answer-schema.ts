import { z } from 'zod';
import { overflowUsageSchema } from '../context-overflow.ts';

/** What OpenAI's routes answer with. Only described and tested by these, not checked at run time. */

const count = z.int().min(0);

export const openaiErrorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

const usage = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.strictObject({ cached_tokens: count }),
  completion_tokens_details: z
    .strictObject({ reasoning_tokens: count })
    .optional()
    .meta({ description: 'Where the model can reason.' }),
  context_overflow: overflowUsageSchema,
});

export const timings = z
  .strictObject({
    cache_n: count,
    prompt_n: count,
    prompt_ms: z.number().min(0),
    predicted_n: count,
    predicted_ms: z.number().min(0),
    draft_n: count.optional(),
    draft_n_accepted: count.optional(),
    draft_gain: z.number().min(0).optional(),
  })
  .meta({
    description: "Extension, llama-server's: tokens and milliseconds of prompt and answer, and of drafts.",
  });

const tokenLogprob = z.strictObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)),
});

const logprobs = z
  .strictObject({
    content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })),
    refusal: z.null(),
  })
  .nullable();

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter']);

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});
const reasoningContent = z.string().optional().meta({ description: 'Extension: what the model thought.' });

const envelope = {
  id: z.string(),
  created: count,
  model: z.string().meta({ description: 'What answered.' }),
};

export const chatCompletionSchema = z.strictObject({
  ...envelope,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.strictObject({
      index: count,
      message: z.strictObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        annotations: z.array(z.never()),
        tool_calls: z.array(toolCall).optional(),
        reasoning_content: reasoningContent,
      }),
      logprobs,
      finish_reason: finishReason,
    }),
  ),
  usage,
  timings,
});

export const chatChunkSchema = z.strictObject({
  ...envelope,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        refusal: z.null().optional(),
        reasoning_content: reasoningContent,
        tool_calls: z
          .array(
            z.strictObject({
              index: count,
              id: z.string().optional(),
              type: z.literal('function').optional(),
              function: z.strictObject({ name: z.string().optional(), arguments: z.string() }),
            }),
          )
          .optional(),
      }),
      logprobs,
      finish_reason: finishReason.nullable(),
    }),
  ),
  usage: usage.nullable().optional(),
  timings: timings.optional(),
});

const textChoice = {
  index: count,
  text: z.string(),
  logprobs: z
    .strictObject({
      tokens: z.array(z.string()),
      token_logprobs: z.array(z.number()),
      top_logprobs: z.array(z.record(z.string(), z.number())),
      text_offset: z.array(count),
    })
    .nullable(),
};

export const textCompletionSchema = z.strictObject({
  ...envelope,
  object: z.literal('text_completion'),
  choices: z.array(z.strictObject({ ...textChoice, finish_reason: finishReason })),
  usage,
  timings,
});

export const textChunkSchema = z.strictObject({
  ...envelope,
  object: z.literal('text_completion'),
  choices: z.array(z.strictObject({ ...textChoice, finish_reason: finishReason.nullable() })),
  usage: usage.nullable().optional(),
  timings: timings.optional(),
});

export const openaiModelSchema = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: count,
  owned_by: z.string().meta({ description: 'nearfar, or the upstream that it belongs to.' }),
  grade: z.enum(['smoke test', 'basic', 'assistant', 'ungraded']),
  license: z.string().nullable(),
  context_length: count.nullable(),
  answered_by: z.string(),
  parent: z.string().optional(),
});

export const openaiModelListSchema = z.strictObject({
  object: z.literal('list'),
  data: z.array(openaiModelSchema),
});
