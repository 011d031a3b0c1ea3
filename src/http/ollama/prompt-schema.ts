import { z } from 'zod';
import { jsonSchema, modelName, optional, topLogprobs, unsupported } from '../schema-field.ts';
import { keepAliveField } from './keep-alive.ts';
import { overflowFields } from './overflow.ts';
import { optionsSchema } from './options-schema.ts';
import { ollamaCall, ollamaToolChoice, ollamaTools } from './tool-schema.ts';

const commonFields = {
  model: modelName,
  stream: optional(z.boolean()),
  options: optional(optionsSchema),
  keep_alive: keepAliveField,
  ...overflowFields,
  logprobs: optional(z.boolean()),
  top_logprobs: optional(topLogprobs),
  format: z
    .union([z.literal(['json', '']), jsonSchema, z.null()])
    .optional()
    .meta({
      description: 'json, or a JSON Schema.',
    }),
  think: optional(z.union([z.boolean(), z.enum(['low', 'medium', 'high'])])).meta({
    description:
      "Absent: as the model's template has it. Models that cannot think refuse all but false. Here low closes the " +
      'thoughts after 1,024 tokens.',
  }),
};

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: optional(z.string()).meta({ description: 'May be left out beside tool_calls.' }),
  thinking: optional(z.string()).meta({
    description: 'What an earlier answer thought; for templates that take it.',
  }),
  images: optional(z.array(z.string())).meta({ description: 'Of the user: base64, behind the text.' }),
  tool_calls: optional(z.array(ollamaCall)),
  tool_name: optional(z.string()).meta({ description: 'Of a result: the tool that was called.' }),
  tool_call_id: optional(z.string()).meta({ description: 'Of a result: the call, where it had an id.' }),
});

/** https://github.com/ollama/ollama/blob/main/docs/api.md */
export const ollamaChatSchema = z.strictObject({
  ...commonFields,
  messages: optional(z.array(message)).meta({
    description: 'None: load the model; or unload it, with keep_alive 0.',
  }),
  tools: ollamaTools,
  tool_choice: ollamaToolChoice,
});

export const ollamaGenerateSchema = z.strictObject({
  ...commonFields,
  prompt: optional(z.string()).meta({
    description: 'None: load the model; or unload it, with keep_alive 0.',
  }),
  suffix: optional(z.string()).meta({
    description: 'Text after the gap: fill in the middle, where the model can.',
  }),
  system: optional(z.string()),
  raw: optional(z.boolean()).meta({ description: 'Continue the prompt as it is, without a chat template.' }),
  template: unsupported("the chat template is the model's own"),
  context: unsupported('earlier token contexts are not supported; send the conversation to /api/chat'),
  images: optional(z.array(z.string())).meta({ description: 'Base64, behind the prompt.' }),
  width: unsupported('images are not generated'),
  height: unsupported('images are not generated'),
  steps: unsupported('images are not generated'),
});

export type OllamaChatBody = z.infer<typeof ollamaChatSchema>;
export type OllamaGenerateBody = z.infer<typeof ollamaGenerateSchema>;
