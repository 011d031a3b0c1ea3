import { z } from 'zod';
import { balanceModes } from '../balance/choose-replica.ts';
import { presetNames, type PresetName } from '../upstream/traits.ts';

/** One entry of `upstreams`: a server elsewhere that answers. */

const name = z.string().min(1).max(200);
const milliseconds = z.number().int().min(1).max(86_400_000);
const price = z.number().min(0).max(1_000_000);
const tokens = z.number().int().min(1).max(100_000_000);

/** Names stand before a slash in models' ids, so they have none. */
const upstreamName = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/,
    'expected 1 to 64 letters, digits, dots, dashes or underscores',
  );

export const priceSchema = z.strictObject({
  input: price.describe('Of a million tokens of the prompt.'),
  output: price.describe('Of a million tokens of the answer.'),
  cacheRead: price.optional().describe('Of a million tokens served from the cache. Absent: as input.'),
  cacheWrite: price.optional().describe('Of a million tokens kept for minutes. Absent: as input.'),
  cacheWriteLong: price.optional().describe('Of a million tokens kept for an hour. Absent: as cacheWrite.'),
});

const modelSchema = z.strictObject({
  name: name.describe('As the upstream calls it.'),
  contextTokenCount: tokens.nullable().default(null),
  maxTokenCount: tokens.nullable().default(null).describe('Most tokens of one answer.'),
  price: priceSchema
    .optional()
    .describe('In US dollars. Absent: by the price table; unknown where it is not in it.'),
});

const address = z
  .url({ protocol: /^https?$/ })
  .refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username === '' && password === '' && search === '' && hash === '';
  }, 'expected an address without user, query or fragment: keys do not stand in this file')
  .transform((text) => text.replace(/\/+$/, ''));

export const upstreamSchema = z
  .strictObject({
    name: upstreamName,
    protocol: z.enum(['openai', 'openai-responses', 'anthropic', 'ollama']).default('openai'),
    preset: z.enum(presetNames as [PresetName, ...PresetName[]]).default('generic'),
    baseUrl: address,
    replicas: z
      .array(address)
      .max(63)
      .default([])
      .describe('Further servers that serve the same models, alike in everything but their address.'),
    balance: z
      .enum(balanceModes)
      .default('prefix')
      .describe(
        'Which of several is asked: prefix (where the first token is expected soonest, cached prefixes weighed against ' +
          'waiting), least-loaded or round-robin.',
      ),
    hedge: z
      .union([z.enum(['off', 'auto']), z.number().int().min(1).max(3_600_000)])
      .default('off')
      .describe(
        'When a second one is asked beside the first: off, auto (the first token is later than 95% of the last ones) or ' +
          'after so many milliseconds.',
      ),
    env: name.optional().describe('Environment variable that holds the key.'),
    file: name.optional().describe('File that holds the key, readable by its owner only.'),
    keyHeader: z
      .string()
      .regex(/^[a-zA-Z0-9-]{1,64}$/, 'expected the name of a header')
      .nullable()
      .default(null),
    headers: z.record(z.string().regex(/^[a-zA-Z0-9-]{1,64}$/), z.string().max(2000)).default({}),
    boundary: z.enum(['inside', 'outside']).default('outside'),
    forwardClientKey: z.boolean().default(false),
    models: z
      .array(z.union([name.transform((text) => modelSchema.parse({ name: text })), modelSchema]))
      .default([]),
    timeouts: z
      .strictObject({
        connectMs: milliseconds.default(5_000),
        firstTokenMs: milliseconds.default(300_000),
        idleMs: milliseconds.default(60_000),
      })
      .prefault({}),
    retries: z.number().int().min(0).max(10).default(2),
    longestWaitMs: milliseconds.default(20_000),
  })
  .refine((upstream) => upstream.env === undefined || upstream.file === undefined, {
    message: 'expected at most one of `env` and `file` (the key itself never stands in this file)',
  })
  .refine(({ baseUrl, replicas }) => new Set([baseUrl, ...replicas]).size === replicas.length + 1, {
    message: 'an address stands there twice',
    path: ['replicas'],
  })
  .refine((upstream) => new Set(upstream.models.map((model) => model.name)).size === upstream.models.length, {
    message: 'two models have the same name',
    path: ['models'],
  });

export type UpstreamSetting = z.infer<typeof upstreamSchema>;

/** Keys of an entry, to suggest the nearest where one is misspelt. */
export const upstreamKeys = [
  'name',
  'protocol',
  'preset',
  'baseUrl',
  'replicas',
  'balance',
  'hedge',
  'env',
  'file',
  'keyHeader',
  'headers',
  'boundary',
  'forwardClientKey',
  'models',
  'timeouts',
  'retries',
  'longestWaitMs',
] as const;
