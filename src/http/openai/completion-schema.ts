import { z } from 'zod';
import { optional, unsupported } from '../schema-field.ts';
import { samplingFields } from './sampling-schema.ts';

/** Checked at one go: item by item, a prompt of a million tokens would take a second. */
export const tokenList = z
  .custom<readonly number[]>(
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => Number.isSafeInteger(item) && item >= 0),
    'expected a list of token ids, whole numbers from 0',
  )
  .meta({ type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 });

/** Most prompts that one request may carry. */
export const maxPromptCount = 64;

/** https://platform.openai.com/docs/api-reference/completions/create */
export const completionSchema = z.strictObject({
  ...samplingFields,
  prompt: z
    .union([
      z.string(),
      z.array(z.string()).min(1).max(maxPromptCount),
      tokenList,
      z.array(tokenList).min(1).max(maxPromptCount),
    ])
    .meta({
      description: `Text or token ids of the answering model; or a list of up to ${maxPromptCount} of either.`,
    }),
  suffix: optional(z.string()).meta({
    description: 'Text after the gap: fill in the middle, where the model can.',
  }),
  logprobs: optional(z.int().min(0).max(20)),
  best_of: optional(z.int().min(1)).meta({ description: 'Only the value of n: nothing is ranked.' }),
  echo: unsupported('the prompt is not repeated in the answer'),
});

export type CompletionBody = z.infer<typeof completionSchema>;
