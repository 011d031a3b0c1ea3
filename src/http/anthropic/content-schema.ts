import { z } from 'zod';
import { ignored, optional, unsupported, unsupportedMark } from '../schema-field.ts';

const otherBlock = 'only text, images, documents, thinking, tools and their results are supported';
const onlyText = 'only text is supported here';
export const cacheControl = ignored('prefixes are found by themselves');

export const textBlock = z.strictObject({
  type: z.literal('text', { error: onlyText }),
  text: z.string(),
  cache_control: cacheControl,
  citations: unsupported('citations are not supported'),
});

const urlSource = z.strictObject({ type: z.literal('url'), url: z.string() });
const fileSource = z
  .looseObject({ type: z.literal('file') })
  .refine(() => false, { error: 'files are not kept here; send base64', params: unsupportedMark });

const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    urlSource,
    fileSource,
  ]),
  cache_control: cacheControl,
});

const documentBlock = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
      z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
      urlSource,
      fileSource,
    ],
    { error: 'only base64, text and url are supported' },
  ),
  title: optional(z.string()),
  context: unsupported('the context of a document is not passed to the model; send it as text'),
  citations: unsupported('citations are not supported'),
  cache_control: cacheControl,
});

export type ResultBlock = z.infer<typeof textBlock> | MediaBlock;
export type MediaBlock = z.infer<typeof imageBlock> | z.infer<typeof documentBlock>;

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
  content: optional(
    z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [textBlock, imageBlock, documentBlock], { error: otherBlock })),
    ]),
  ),
  is_error: optional(z.boolean()),
  cache_control: cacheControl,
});

const thinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: ignored('thoughts are not signed here, and signatures of others are not checked'),
});

const known = ['text', 'image', 'document', 'tool_use', 'tool_result', 'thinking'];

/** Blocks of types that are not known here are told so, whatever else they hold. */
const block = z
  .unknown()
  .refine(
    (value) => typeof value !== 'object' || value === null || !('type' in value) || isKnown(value.type),
    {
      error: otherBlock,
      params: unsupportedMark,
      path: ['type'],
    },
  )
  .pipe(
    z.discriminatedUnion('type', [
      textBlock,
      imageBlock,
      documentBlock,
      toolUseBlock,
      toolResultBlock,
      thinkingBlock,
    ]),
  );

function isKnown(type: unknown): boolean {
  return typeof type !== 'string' || known.includes(type);
}

export const content = z.union([z.string(), z.array(block).min(1)]);
export type Content = z.infer<typeof content>;
