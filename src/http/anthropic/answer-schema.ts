import { z } from 'zod';
import { overflowUsageSchema } from '../context-overflow.ts';

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
  context_overflow: overflowUsageSchema,
});

const stopReason = z.enum([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'refusal',
  'model_context_window_exceeded',
]);
const contentBlock = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string(), citations: z.null() }),
  z.strictObject({
    type: z.literal('thinking'),
    thinking: z.string(),
    signature: z.literal('').meta({ description: 'Thoughts are not signed.' }),
  }),
  z.strictObject({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
]);

const head = { id: z.string(), type: z.literal('message'), role: z.literal('assistant'), model: z.string() };

export const messageSchema = z.strictObject({
  ...head,
  content: z.array(contentBlock),
  stop_reason: stopReason,
  stop_sequence: z.string().nullable(),
  usage,
});

const index = count;

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
  z.strictObject({ type: z.literal('content_block_start'), index, content_block: contentBlock }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({
    type: z.literal('content_block_delta'),
    index,
    delta: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text_delta'), text: z.string() }),
      z.strictObject({ type: z.literal('thinking_delta'), thinking: z.string() }),
      z.strictObject({ type: z.literal('input_json_delta'), partial_json: z.string() }),
    ]),
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
