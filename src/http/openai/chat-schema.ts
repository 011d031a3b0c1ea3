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

const noImages = 'only text is supported here; images, sound and files belong into messages of the user';

const cached = {
  cache_control: ignored('prefixes are found by themselves'),
  prompt_cache_breakpoint: ignored('prefixes are found by themselves'),
};

const textPart = z.strictObject({ type: z.literal('text'), text: z.string(), ...cached });

const content = z.union([
  z.string(),
  z.array(z.discriminatedUnion('type', [textPart], { error: noImages })).min(1),
]);

/** Only users show, play and hand over things. */
const userContent = z.union([
  z.string(),
  z
    .array(
      z.discriminatedUnion(
        'type',
        [
          textPart,
          z.strictObject({
            type: z.literal('image_url'),
            image_url: z.strictObject({
              url: z.string().meta({ description: 'http(s), or data: with base64.' }),
              detail: optional(z.enum(['auto', 'low', 'high'])),
            }),
            ...cached,
          }),
          z.strictObject({
            type: z.literal('input_audio'),
            input_audio: z.strictObject({
              data: z.string().meta({ description: 'Base64.' }),
              format: z.enum(['wav', 'mp3']),
            }),
            ...cached,
          }),
          z.strictObject({
            type: z.literal('file'),
            file: z.strictObject({
              file_data: optional(z.string()).meta({ description: 'data: with base64.' }),
              filename: optional(z.string()),
              file_id: unsupported('files are not kept here; send file_data'),
            }),
            ...cached,
          }),
        ],
        { error: 'only text, image_url, input_audio and file are supported' },
      ),
    )
    .min(1),
]);

export type UserContent = z.infer<typeof userContent>;

/** A message that only speaks. What an earlier answer carried besides its text is taken where it is empty. */
const speaking = {
  name: unsupported('participant names are not passed to the model'),
};

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content, ...speaking }),
  z.strictObject({ role: z.literal('user'), content: userContent, ...speaking }),
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
