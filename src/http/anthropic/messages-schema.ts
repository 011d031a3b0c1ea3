import { z } from 'zod';
import { cacheControl, content, textBlock } from './content-schema.ts';
import { contextOverflowField } from '../context-overflow.ts';
import { toolFields } from './tool-schema.ts';
import {
  ignored,
  jsonSchema,
  maxTokens,
  modelName,
  optional,
  stopStrings,
  topK,
  topP,
  unsupported,
} from '../schema-field.ts';

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs */
const jsonOutputFormat = z.strictObject({ type: z.literal('json_schema'), schema: jsonSchema });

/** What counts towards the prompt, and so belongs to count_tokens too. */
const promptFields = {
  model: modelName,
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant', 'system']), content })).min(1),
  system: optional(z.union([z.string(), z.array(textBlock)])),
  cache_control: cacheControl,
  ...toolFields,
  thinking: optional(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('disabled') }),
      z.strictObject({
        type: z.enum(['enabled', 'adaptive']),
        budget_tokens: optional(z.int().min(1)).meta({
          description:
            'Most tokens of thoughts; after so many they are closed. They count towards max_tokens.',
        }),
        display: optional(z.literal('summarized', { error: 'thoughts are always shown, as they are' })),
      }),
    ]),
  ).meta({ description: 'Absent: disabled. Models that cannot think refuse it.' }),
  output_config: optional(
    z.strictObject({
      effort: optional(z.enum(['low', 'medium', 'high', 'xhigh', 'max'])).meta({
        description:
          'How long a model thinks, where thinking is on; models of this machine are held to fewer thoughts by `low`. ' +
          'Without effect on what they say.',
      }),
      format: optional(jsonOutputFormat),
    }),
  ),
  output_format: optional(jsonOutputFormat).meta({ description: 'The older place of output_config.format.' }),
  context_management: unsupported('context management is not supported'),
  mcp_servers: unsupported('tools on other servers are not supported'),
  speed: ignored('there is one speed'),
  user_profile_id: ignored('a label of the caller'),
  workspace_id: ignored('a label of the caller'),
};

/** https://docs.anthropic.com/en/api/messages-count-tokens */
export const countTokensSchema = z.strictObject(promptFields);

/** https://docs.anthropic.com/en/api/messages */
export const messagesSchema = z.strictObject({
  ...promptFields,
  max_tokens: maxTokens,
  context_overflow: contextOverflowField,
  stream: optional(z.boolean()),
  stop_sequences: optional(stopStrings),
  temperature: optional(z.number().min(0).max(1)),
  top_p: optional(topP),
  top_k: optional(topK),
  metadata: ignored('a label of the caller'),
  service_tier: optional(z.enum(['auto', 'standard_only'])).meta({
    description: 'Both are the class default; see the header x-nearfar-priority.',
  }),
  container: unsupported('containers are not supported'),
  diagnostics: ignored('a note on the request'),
  inference_geo: unsupported('answers come from where this gateway stands; no region can be promised'),
});

export type MessagesBody = z.infer<typeof messagesSchema>;
export type CountTokensBody = z.infer<typeof countTokensSchema>;
