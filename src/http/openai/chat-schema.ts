import { z } from 'zod';
import { reasoningEfforts } from '../../chat/request.ts';
import {
  ignored,
  isOff,
  maxTokens,
  optional,
  topLogprobs,
  unsupported,
  unsupportedMark,
} from '../schema-field.ts';
import { responseFormat } from './response-format.ts';
import { samplingFields } from './sampling-schema.ts';
import { assistantCall, olderField, toolFields } from './tool-schema.ts';

const noImages = 'only text content is supported; this model takes no images, sound or files';

const textPart = z.strictObject({
  type: z.literal('text', { error: noImages }),
  text: z.string(),
  cache_control: ignored('prefixes are found by themselves'),
  prompt_cache_breakpoint: ignored('prefixes are found by themselves'),
});

const content = z.union([z.string(), z.array(textPart).min(1)]);

/** A message that only speaks. What an earlier answer carried besides its text is taken where it is empty. */
const speaking = {
  name: unsupported('participant names are not passed to the model'),
};

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content, ...speaking }),
  z.strictObject({
    role: z.literal('assistant'),
    content: optional(content).meta({ description: 'May be left out beside tool_calls.' }),
    ...speaking,
    refusal: unsupported('refusals are not passed to the model'),
    audio: unsupported(noImages),
    tool_calls: optional(z.array(assistantCall)),
    function_call: olderField('tool_calls'),
    reasoning_content: optional(z.string()).meta({
      description: 'Extension: what an earlier answer thought; for templates that take it.',
    }),
    annotations: ignored('notes on an earlier answer'),
  }),
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string().min(1) }),
  z.looseObject({ role: z.literal('function') }).refine(() => false, {
    error: 'the older form of role "tool" is not supported',
    params: unsupportedMark,
    path: ['role'],
  }),
]);

/** https://platform.openai.com/docs/api-reference/chat/create */
export const chatSchema = z.strictObject({
  ...samplingFields,
  messages: z.array(message).min(1),
  max_completion_tokens: optional(maxTokens),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(topLogprobs),
  continue_final_message: optional(z.boolean()).meta({
    description: 'Extension: whether a last message of the assistant is continued; true where absent.',
  }),
  add_generation_prompt: optional(z.boolean()).meta({
    description: 'Extension: the opposite of continue_final_message, as vLLM has it.',
  }),
  store: unsupported('answers are not stored'),
  ...toolFields,
  functions: olderField('tools'),
  function_call: olderField('tool_choice'),
  response_format: optional(responseFormat),
  modalities: z
    .custom<unknown>(
      (value) => isOff(value) || (Array.isArray(value) && value.every((item) => item === 'text')),
      {
        error: 'only ["text"] is supported',
        params: unsupportedMark,
      },
    )
    .optional(),
  audio: unsupported('sound is not supported'),
  prediction: unsupported('predicted outputs are not supported'),
  reasoning_effort: optional(z.enum(reasoningEfforts)).meta({
    description:
      'Models that cannot reason refuse all but none. Here minimal and low close the thoughts after 256 and 1,024 tokens.',
  }),
  verbosity: unsupported('verbosity is not supported', ['medium']),
  web_search_options: unsupported('web search is not supported'),
  moderation: unsupported('moderation is not supported'),
});

export type ChatBody = z.infer<typeof chatSchema>;
