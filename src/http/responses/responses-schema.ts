import { z } from 'zod';
import { reasoningEfforts } from '../../chat/request.ts';
import { contextOverflowField, truncationField } from '../context-overflow.ts';
import {
  ignored,
  jsonSchema,
  maxTokens,
  modelName,
  optional,
  temperature,
  topLogprobs,
  topP,
  unsupported,
} from '../schema-field.ts';
import { requestItem } from './input-schema.ts';
import { toolFields } from './tool-schema.ts';

const summary = optional(z.enum(['auto', 'concise', 'detailed']));

const reasoning = z.strictObject({
  effort: optional(z.enum(reasoningEfforts)).meta({
    description:
      'Models that cannot reason refuse all but none. Here minimal and low close the thoughts after 256 and 1,024 tokens.',
  }),
  summary: summary.meta({
    description: 'Thoughts of models that are here are given as they are, not summed up.',
  }),
  generate_summary: summary.meta({ description: 'The older name of summary.' }),
  context: unsupported('which earlier thoughts are shown is up to the template', ['auto']),
  mode: unsupported('there are no modes of reasoning', ['standard']),
});

const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
    description: optional(z.string()),
    schema: jsonSchema,
    strict: optional(z.boolean()).meta({ description: 'The schema is enforced either way.' }),
  }),
]);

/** More of what an answer holds. All but the logprobs is of tools that are not here, or always given. */
const include = z.enum([
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'message.input_image.image_url',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
]);

/** https://platform.openai.com/docs/api-reference/responses/create */
export const responsesSchema = z.strictObject({
  model: modelName,
  input: z.union([z.string().min(1), z.array(requestItem).min(1)]),
  instructions: optional(z.string()).meta({ description: 'System text that stands before everything else.' }),
  stream: optional(z.boolean()),
  stream_options: optional(z.strictObject({ include_obfuscation: ignored('nothing is padded') })),
  store: optional(z.boolean()).meta({
    description: 'Whether the response is kept, to be gone on from. Absent: as responses.store says.',
  }),
  previous_response_id: optional(z.string().min(1)).meta({
    description: 'A stored response; this one goes on from it, without its instructions.',
  }),
  max_output_tokens: optional(maxTokens).meta({ description: 'Thoughts and calls count too.' }),
  temperature: optional(temperature),
  top_p: optional(topP),
  top_logprobs: optional(topLogprobs),
  include: optional(z.array(include)),
  text: optional(
    z.strictObject({
      format: optional(textFormat),
      verbosity: unsupported('verbosity is not supported', ['medium']),
    }),
  ),
  reasoning: optional(reasoning),
  ...toolFields,
  truncation: truncationField,
  context_overflow: contextOverflowField,
  service_tier: optional(z.enum(['auto', 'default', 'flex', 'scale', 'priority'])).meta({
    description: 'flex: the class bulk; priority: interactive; the others: default.',
  }),
  metadata: optional(z.record(z.string(), z.string())).meta({ description: 'Repeated in the answer.' }),
  user: optional(z.string()),
  safety_identifier: optional(z.string()),
  prompt_cache_key: optional(z.string()),
  prompt_cache_retention: ignored('prefixes are kept while there is room'),
  prompt_cache_options: ignored('prefixes are found by themselves'),
  client_metadata: ignored('a label of the client, which Codex sends'),
  max_tool_calls: ignored('bounds tools that OpenAI runs'),
  background: unsupported('answers are not made in the background'),
  conversation: unsupported('conversations are not kept; send previous_response_id'),
  prompt: unsupported('prompts of the OpenAI platform are not here'),
  context_management: unsupported('send truncation or context_overflow'),
  moderation: unsupported('moderation is not supported'),
});

export type ResponsesBody = z.infer<typeof responsesSchema>;
