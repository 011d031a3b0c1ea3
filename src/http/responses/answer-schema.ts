import { z } from 'zod';
import { overflowUsageSchema } from '../context-overflow.ts';
import { timings } from '../openai/answer-schema.ts';

/** What /v1/responses answers with. Only described and tested by these, not checked at run time. */

const count = z.int().min(0);
const status = z.enum(['in_progress', 'completed', 'incomplete']);
const tokenLogprob = z.strictObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)),
});
const logprobs = z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) }));

const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.never()),
  logprobs,
});
const reasoningText = z.strictObject({ type: z.literal('reasoning_text'), text: z.string() });

const outputItem = z.discriminatedUnion('type', [
  z.strictObject({
    id: z.string(),
    type: z.literal('message'),
    status,
    role: z.literal('assistant'),
    content: z.array(outputText),
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal('reasoning'),
    status,
    summary: z.array(z.never()),
    content: z.array(reasoningText).meta({ description: 'The thoughts as they are.' }),
    encrypted_content: z.null(),
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal('function_call'),
    status,
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
]);

const usage = z.strictObject({
  input_tokens: count,
  input_tokens_details: z.strictObject({ cached_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.strictObject({
    reasoning_tokens: count.meta({ description: '0 also where the model does not tell.' }),
  }),
  total_tokens: count,
  context_overflow: overflowUsageSchema,
});

const repeated = z.unknown().meta({ description: 'As it was asked, or its default.' });

export const responseSchema = z.strictObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: count,
  completed_at: count.nullable(),
  status: z.enum(['in_progress', 'completed', 'incomplete', 'failed']),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.strictObject({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
  model: z.string().meta({ description: 'What answered.' }),
  output: z.array(outputItem),
  usage: usage.nullable(),
  timings: timings.optional(),
  background: z.literal(false),
  previous_response_id: z.string().nullable(),
  store: z.boolean(),
  instructions: repeated,
  max_output_tokens: repeated,
  max_tool_calls: z.null(),
  metadata: repeated,
  parallel_tool_calls: repeated,
  prompt_cache_key: repeated,
  reasoning: repeated,
  safety_identifier: repeated,
  service_tier: repeated,
  temperature: repeated,
  text: repeated,
  tool_choice: repeated,
  tools: repeated,
  top_logprobs: repeated,
  top_p: repeated,
  truncation: repeated,
  user: repeated,
});

const sequence = { sequence_number: count };
const inItem = { ...sequence, output_index: count, item_id: z.string() };
const inPart = { ...inItem, content_index: count };
const part = z.union([outputText, reasoningText]);

const stateEvent = <Type extends string>(type: Type) =>
  z.strictObject({ type: z.literal(type), ...sequence, response: responseSchema });

export const responseEventSchema = z.discriminatedUnion('type', [
  stateEvent('response.created'),
  stateEvent('response.in_progress'),
  stateEvent('response.completed'),
  stateEvent('response.incomplete'),
  stateEvent('response.failed'),
  z.strictObject({
    type: z.literal(['response.output_item.added', 'response.output_item.done']),
    ...sequence,
    output_index: count,
    item: outputItem,
  }),
  z.strictObject({
    type: z.literal(['response.content_part.added', 'response.content_part.done']),
    ...inPart,
    part,
  }),
  z.strictObject({
    type: z.literal('response.output_text.delta'),
    ...inPart,
    delta: z.string(),
    logprobs,
  }),
  z.strictObject({ type: z.literal('response.output_text.done'), ...inPart, text: z.string(), logprobs }),
  z.strictObject({ type: z.literal('response.reasoning_text.delta'), ...inPart, delta: z.string() }),
  z.strictObject({ type: z.literal('response.reasoning_text.done'), ...inPart, text: z.string() }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.delta'),
    ...inItem,
    delta: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.done'),
    ...inItem,
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    type: z.literal('error'),
    ...sequence,
    code: z.string(),
    message: z.string(),
    param: z.string().nullable(),
  }),
]);
