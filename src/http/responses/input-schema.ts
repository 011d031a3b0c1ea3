import { z } from 'zod';
import { ignored, optional, unsupported } from '../schema-field.ts';

/** Items of a conversation: https://platform.openai.com/docs/api-reference/responses/create */

const onlyText = 'only text is supported here; images and files belong into messages of the user';
const otherItem =
  'only message, function_call, function_call_output, reasoning and item_reference are supported; other items belong to tools that OpenAI runs';

const inputText = z.strictObject({
  type: z.literal('input_text'),
  text: z.string(),
  prompt_cache_breakpoint: ignored('prefixes are found by themselves'),
});

const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: ignored('notes on an earlier answer'),
  logprobs: ignored('notes on an earlier answer'),
});

/** What an earlier answer refused with is what it said. */
const refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: optional(z.string()).meta({ description: 'http(s), or data: with base64.' }),
  detail: optional(z.enum(['auto', 'low', 'high'])),
  file_id: unsupported('files are not kept here; send image_url'),
  prompt_cache_breakpoint: ignored('prefixes are found by themselves'),
});

const inputFile = z.strictObject({
  type: z.literal('input_file'),
  file_data: optional(z.string()).meta({ description: 'data: with base64.' }),
  file_url: optional(z.string()),
  filename: optional(z.string()),
  file_id: unsupported('files are not kept here; send file_data or file_url'),
  detail: ignored('files are given as they are'),
  prompt_cache_breakpoint: ignored('prefixes are found by themselves'),
});

const inputParts = z
  .array(
    z.discriminatedUnion('type', [inputText, inputImage, inputFile], {
      error: 'only input_text, input_image and input_file are supported',
    }),
  )
  .min(1);
export type InputParts = z.infer<typeof inputParts>;

const inputTexts = z.array(z.discriminatedUnion('type', [inputText], { error: onlyText })).min(1);

const ids = {
  id: optional(z.string()),
  status: ignored('how far an earlier answer came'),
};

const message = z.discriminatedUnion('role', [
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.literal('user'),
    content: z.union([z.string(), inputParts]),
    phase: ignored('a label'),
    ...ids,
  }),
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['system', 'developer']),
    content: z.union([z.string(), inputTexts]),
    phase: ignored('a label'),
    ...ids,
  }),
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.literal('assistant'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [outputText, refusal, inputText], { error: onlyText })),
    ]),
    phase: ignored('a label'),
    ...ids,
  }),
]);

const functionCall = z.strictObject({
  type: z.literal('function_call'),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string().meta({ description: 'JSON text, as it came.' }),
  ...ids,
});

const functionCallOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1),
  output: z.union([z.string(), inputParts]),
  ...ids,
});

const reasoning = z.strictObject({
  type: z.literal('reasoning'),
  summary: optional(z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() }))),
  content: optional(z.array(z.strictObject({ type: z.literal('reasoning_text'), text: z.string() }))),
  encrypted_content: ignored('only who encrypted it can read it'),
  ...ids,
});

/** An item that was stored here, by its id. */
const itemReference = z.strictObject({ type: z.literal('item_reference'), id: z.string().min(1) });

const items = [message, functionCall, functionCallOutput, reasoning] as const;
export const inputItem = z.discriminatedUnion('type', items, { error: otherItem });
export const requestItem = z.discriminatedUnion('type', [...items, itemReference], { error: otherItem });

export type InputItem = z.infer<typeof inputItem>;
export type ItemReference = z.infer<typeof itemReference>;
