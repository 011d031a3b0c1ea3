import { z } from 'zod';

/** What Anthropic's routes answer with. Only described and tested by these, not checked at run time. */

const count = z.int().min(0);

export const anthropicErrorSchema = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});

const usage = z.strictObject({
  input_tokens: count.meta({ description: 'Prompt tokens that were computed.' }),
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count.meta({
    description: 'Prompt tokens that were served from shared prefixes.',
  }),
  output_tokens: count,
});

const stopReason = z.enum(['end_turn', 'max_tokens', 'stop_sequence', 'model_context_window_exceeded']);
const textBlock = z.strictObject({ type: z.literal('text'), text: z.string(), citations: z.null() });

const head = { id: z.string(), type: z.literal('message'), role: z.literal('assistant'), model: z.string() };

export const messageSchema = z.strictObject({
  ...head,
  content: z.array(textBlock),
  stop_reason: stopReason,
  stop_sequence: z.string().nullable(),
  usage,
});

const index = z.literal(0);

export const messageEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message_start'),
    message: z.strictObject({
      ...head,
      content: z.array(z.never()),
      stop_reason: z.null(),
      stop_sequence: z.null(),
      usage,
    }),
  }),
  z.strictObject({ type: z.literal('content_block_start'), index, content_block: textBlock }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({
    type: z.literal('content_block_delta'),
    index,
    delta: z.strictObject({ type: z.literal('text_delta'), text: z.string() }),
  }),
  z.strictObject({ type: z.literal('content_block_stop'), index }),
  z.strictObject({
    type: z.literal('message_delta'),
    delta: z.strictObject({ stop_reason: stopReason, stop_sequence: z.string().nullable() }),
    usage,
  }),
  z.strictObject({ type: z.literal('message_stop') }),
  anthropicErrorSchema,
]);

export const tokenCountSchema = z.strictObject({ input_tokens: count });

export const anthropicModelSchema = z.strictObject({
  type: z.literal('model'),
  id: z.string(),
  display_name: z.string(),
  created_at: z.iso.datetime(),
});

export const anthropicModelListSchema = z.strictObject({
  data: z.array(anthropicModelSchema),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});
