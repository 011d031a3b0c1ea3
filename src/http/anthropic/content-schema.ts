import { z } from 'zod';
import { ignored, optional, unsupported, unsupportedMark } from '../schema-field.ts';

const noImages = 'only text and results of tools are supported; there are no images or documents yet';
export const cacheControl = ignored('prefixes are found by themselves');

export const textBlock = z.strictObject({
  type: z.literal('text', { error: noImages }),
  text: z.string(),
  cache_control: cacheControl,
  citations: unsupported('citations are not supported'),
});

const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  caller: ignored('who called is not passed to the model'),
  cache_control: cacheControl,
});

const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: optional(z.union([z.string(), z.array(textBlock)])),
  is_error: optional(z.boolean()),
  cache_control: cacheControl,
});

const thinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: ignored('thoughts are not signed here, and signatures of others are not checked'),
});

const known = ['text', 'tool_use', 'tool_result', 'thinking'];

/** Blocks of types that are not known here are told so, whatever else they hold. */
const block = z
  .unknown()
  .refine(
    (value) => typeof value !== 'object' || value === null || !('type' in value) || isKnown(value.type),
    {
      error: noImages,
      params: unsupportedMark,
      path: ['type'],
    },
  )
  .pipe(z.discriminatedUnion('type', [textBlock, toolUseBlock, toolResultBlock, thinkingBlock]));

function isKnown(type: unknown): boolean {
  return typeof type !== 'string' || known.includes(type);
}

export const content = z.union([z.string(), z.array(block).min(1)]);
export type Content = z.infer<typeof content>;
