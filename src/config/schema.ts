// Over 300 lines: every setting stands here, once.
import { z } from 'zod';
import { overflowPolicies } from '../chat/overflow.ts';
import { kvTypes } from '../engine/kv-type.ts';
import { litellmPricesUrl } from '../ledger/litellm-prices.ts';
import { kernelSettings } from '../kernels/kernel-setting.ts';
import { adaptersSchema } from './adapter-schema.ts';
import { captureFields } from './capture-fields.ts';
import { budgetsSchema, keySchema } from './key-schema.ts';
import { limitsSchema } from './limits-schema.ts';
import { pagesSchema } from './pages-schema.ts';
import { qualityFields } from './quality-fields.ts';
import { responsesSchema } from './responses-schema.ts';
import { midField, routeSchema } from './route-schema.ts';
import { sharedAnswerFields, upstreamAnswersField } from './cache-fields.ts';
import { privacySchema } from './privacy-schema.ts';
import { semanticCacheSchema } from './semantic-cache-schema.ts';
import { speculationFields } from './speculation-fields.ts';
import { stateFields } from './state-fields.ts';
import { upstreamSchema } from './upstream-schema.ts';

/**
 * Every setting, its default and what it means, once. `nearfar config init` prints these descriptions as the
 * comments of the file, so they are written for the person who edits it.
 */

const name = z.string().min(1).max(200);

const milliseconds = z.number().int().min(1).max(86_400_000);
const bytes = z.number().int().min(0);

/** What a class of requests is promised; both in milliseconds. */
const classTarget = (firstTokenMs: number, interTokenMs: number | null) =>
  z
    .strictObject({
      firstTokenMs: milliseconds.default(firstTokenMs),
      interTokenMs: z.number().min(1).max(60_000).nullable().default(interTokenMs),
    })
    .prefault({});

const engineSchema = z.strictObject({
  contextTokenCount: z
    .number()
    .int()
    .min(256)
    .nullable()
    .default(null)
    .describe('Tokens of context shared by all requests under way. null: chosen from memory and the model.'),
  parallelCount: z
    .number()
    .int()
    .min(1)
    .max(128)
    .default(16)
    .describe('Most requests that are decoded at the same time, 1-128.'),
  queueLimit: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(256)
    .describe('Waiting requests beyond which the next one is answered 429.'),
  targetInterTokenMs: z
    .union([z.literal('auto'), z.number().min(1).max(60_000)])
    .default('auto')
    .describe(
      'Longest gap, in milliseconds, that a reader should see between two tokens while others prefill. ' +
        'auto: the shortest that leaves prompts 90% of their speed, at most 250, by measuring.',
    ),
  ...speculationFields,
  classes: z
    .strictObject({
      voice: classTarget(50, null),
      interactive: classTarget(500, null),
      default: classTarget(5000, null),
      bulk: classTarget(60_000, 1000),
    })
    .prefault({})
    .describe(
      'Targets of the priority classes: milliseconds to the first token, and between two tokens ' +
        '(null: targetInterTokenMs). voice is refused where its firstTokenMs cannot be kept; default and bulk get their ' +
        'turn when they were passed for theirs.',
    ),
  threadCount: z
    .number()
    .int()
    .min(1)
    .max(1024)
    .nullable()
    .default(null)
    .describe('Threads that compute. null: chosen by measuring.'),
  gpuLayerCount: z
    .union([z.literal('auto'), z.number().int().min(0)])
    .default('auto')
    .describe('Layers of the model on the GPU. auto: as many as fit its free memory.'),
  backend: z
    .enum(['auto', 'cpu', 'cuda', 'vulkan', 'metal'])
    .default('auto')
    .describe('Build of the inference library: auto, cpu, cuda, vulkan or metal.'),
  kernels: z
    .enum(kernelSettings)
    .default('auto')
    .describe(
      'CPU kernels: shipped, built (by nearfar kernels build), or auto: the built ones in formats that they are measured to be faster in.',
    ),
  kvType: z
    .enum(kvTypes)
    .default('f16')
    .describe('KV cache: f16 (loses nothing), q8_0 (53% of its memory) or q4_0 (28%). See nearfar measure.'),
  kvTypes: z
    .record(name, z.enum(kvTypes))
    .default({})
    .describe('KV cache of single models, by id, in place of kvType, e.g. {qwen2.5-7b-instruct: q8_0}.'),
  hostCacheBytes: bytes
    .default(512 * 1024 * 1024)
    .describe('Bytes of host memory for prefixes of finished prompts.'),
  diskCacheBytes: bytes
    .default(4 * 1024 * 1024 * 1024)
    .describe('Bytes of disk for prefixes that left host memory, of all models together. 0: none is kept.'),
  embeddingContextTokenCount: z
    .number()
    .int()
    .min(16)
    .max(1_048_576)
    .nullable()
    .default(null)
    .describe(
      'Most tokens of one text to embed or rank. null: what the model takes, up to 2048 or 8192 by its kind.',
    ),
  contextOverflow: z
    .enum(overflowPolicies)
    .default('error')
    .describe(
      'What is longer than the context, unless a request says otherwise: error (400), truncate_middle (the middle of ' +
        'the prompt is left out) or sinks (read and written through a window that slides).',
    ),
  contextOverflows: z
    .record(name, z.enum(overflowPolicies))
    .default({})
    .describe('The same for single models, by id, e.g. {smollm2-135m-instruct: sinks}.'),
  sinksWindowTokenCount: z
    .number()
    .int()
    .min(64)
    .max(1_048_576)
    .nullable()
    .default(null)
    .describe(
      "Tokens that an answer with sinks sees at most. null: 4096, or the context's of one request if that is less.",
    ),
  sinksParallelCount: z
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe('Most answers with sinks at the same time, 1-16; each has a window of cells to itself.'),
  memoryBudgetBytes: bytes
    .nullable()
    .default(null)
    .describe("Bytes that all models in memory may take together. null: 80% of this machine's memory."),
  maxLoadedModels: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(3)
    .describe('Models in memory at the same time, as far as the budget holds them.'),
  maxLoadedAdapters: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('LoRA adapters in memory beside one model; others wait for one of them to be free.'),
  keepAliveSeconds: z
    .number()
    .int()
    .min(-1)
    .default(300)
    .describe('Seconds after its last answer before a model leaves memory; -1: never. `near` always stays.'),
  watchdogMs: milliseconds
    .default(60_000)
    .describe('Milliseconds without a sign of life after which a hung engine is killed and started again.'),
});

const cacheSchema = z.strictObject({
  exact: z
    .boolean()
    .default(true)
    .describe(
      'Whether the same request by the same key gets the answer that was made for it before. Clients can ask otherwise: ' +
        'see x-nearfar-cache.',
    ),
  exactBytes: bytes.default(64 * 1024 * 1024).describe('Bytes of memory for answers.'),
  exactTtlSeconds: z
    .number()
    .int()
    .min(1)
    .max(31_536_000)
    .default(3600)
    .describe('Seconds for which an answer is given again.'),
  exactMaxTemperature: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe(
      'Answers drawn at a higher temperature, without a seed, are not kept unless the client asks for it.',
    ),
  upstreams: upstreamAnswersField,
  ...sharedAnswerFields,
  semantic: semanticCacheSchema,
});

const promptCacheSchema = z.strictObject({
  plan: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe(
      'auto: what is sent to upstreams is marked for their prompt caches where that pays (docs/prompt-caching.md). ' +
        'off: it is not.',
    ),
});

const hubSchema = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .default('https://huggingface.co')
    .describe('Where `hf:` models come from. HF_ENDPOINT sets it too.'),
  tokenEnv: name.default('HF_TOKEN').describe('Environment variable that holds the access token of the hub.'),
});

export const settingsSchema = z.strictObject({
  host: name
    .default('127.0.0.1')
    .describe('Address to listen on. Anything but loopback needs at least one key below.'),
  port: z.number().int().min(0).max(65_535).default(4242).describe('Port to listen on. 0: any free one.'),
  near: name
    .default('smollm2-135m-instruct')
    .describe('The model on this machine that `near`, and `auto` without a route.policy, stand for.'),
  far: name
    .nullable()
    .default(null)
    .describe(
      'The model of an upstream that `far` stands for, e.g. openai/gpt-6-sol. null: the first there is.',
    ),
  ...midField,
  fastestFormat: z
    .boolean()
    .default(true)
    .describe(
      'Whether the first start weighs a faster weight format for the default model and uses it if better.',
    ),
  aliases: z
    .record(name, name)
    .default({})
    .describe('Other names for models, so that clients need no change, e.g. {gpt-4o: auto}.'),
  adapters: adaptersSchema,
  upstreams: z
    .array(upstreamSchema)
    .default([])
    .describe(
      'Servers elsewhere that answer. OPENAI_API_KEY and ANTHROPIC_API_KEY add one each. See docs/upstreams.md.',
    ),
  fallbacks: z
    .record(name, z.array(name).min(1))
    .default({})
    .describe(
      'Models that are asked in turn where one fails before it answers, e.g. {far: [claude-haiku-5-5, near]}.',
    ),
  groups: z
    .record(name, z.array(name).min(2))
    .default({})
    .describe(
      'Names for models of which any will do, such as one model at several upstreams: each request goes to the one that is ' +
        'expected to cost the least, what its provider holds of the conversation counted; the others are asked where it ' +
        'fails. E.g. {sonnet: [anthropic/claude-sonnet-5, openrouter/claude-sonnet-5]}.',
    ),
  keys: z
    .array(keySchema)
    .default([])
    .describe(
      'Who may ask, beside the keys of `nearfar keys`. None at all: anyone on this machine, with all rights. See docs/keys.md.',
    ),
  requireKeys: z
    .boolean()
    .default(false)
    .describe(
      'Whether nobody may ask without a key, before the first one is made too; needed beyond loopback without `keys` here.',
    ),
  allowedHosts: z
    .array(name)
    .default([])
    .describe(
      'Host names, besides loopback, under which clients may call. Beyond loopback, empty takes any.',
    ),
  allowedOrigins: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe('Web pages that may call from a browser (CORS), e.g. [https://app.example.com]. Empty: none.'),
  logLevel: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('How much is logged, on standard error: error, warn, info or debug. Never prompts or secrets.'),
  logFormat: z
    .enum(['text', 'json'])
    .default('text')
    .describe('text: lines for people. json: one object a line, for machines.'),
  ...stateFields,
  ...captureFields,
  ...qualityFields,
  pricesUrl: z
    .url({ protocol: /^https?$/ })
    .default(litellmPricesUrl)
    .describe(
      "Where nearfar prices update finds newer prices, in nearfar's form or LiteLLM's (docs/costs.md): https, or on this machine.",
    ),
  route: routeSchema.prefault({}).describe('Which model answers `auto`.'),
  engine: engineSchema.prefault({}).describe('The inference engine.'),
  cache: cacheSchema.prefault({}).describe('Answers that are given again.'),
  promptCache: promptCacheSchema.prefault({}).describe("Upstreams' prompt caches."),
  budgets: budgetsSchema.prefault({}).describe('What keys may spend.'),
  privacy: privacySchema.prefault({}).describe('What must not leave this machine. See docs/privacy.md.'),
  responses: responsesSchema.prefault({}).describe('Responses that clients go on from.'),
  pages: pagesSchema.prefault({}).describe('What web pages get beside answers. See docs/browser-models.md.'),
  limits: limitsSchema.prefault({}).describe('What a client may ask of the gateway.'),
  hub: hubSchema.prefault({}).describe('The model hub.'),
});

/** All settings, complete. `home` is not among them: it says where the settings file itself may be. */
export type Settings = z.infer<typeof settingsSchema>;

/** One setting that a flag, an environment variable or a line of the file can give. */
export interface SettingLeaf {
  /** E.g. `engine.parallelCount`. */
  readonly path: string;
  readonly schema: z.ZodType;
  readonly description: string;
}

/** Groups of settings that have settings of their own inside. */
const groups: Readonly<Record<string, z.ZodObject>> = {
  route: routeSchema,
  engine: engineSchema,
  cache: cacheSchema,
  promptCache: promptCacheSchema,
  budgets: budgetsSchema,
  privacy: privacySchema,
  responses: responsesSchema,
  pages: pagesSchema,
  limits: limitsSchema,
  hub: hubSchema,
};

/** Every setting in the order of the schema, groups last. */
export function settingLeaves(): readonly SettingLeaf[] {
  return Object.entries(settingsSchema.shape).flatMap(([key, schema]): SettingLeaf[] => {
    const group = groups[key];
    if (group === undefined) return [{ path: key, schema, description: schema.description ?? '' }];
    return Object.entries(group.shape).map(([inner, leaf]) => ({
      path: `${key}.${inner}`,
      schema: leaf as z.ZodType,
      description: (leaf as z.ZodType).description ?? '',
    }));
  });
}

/** What stands over a group of settings in the file. */
export function groupDescription(group: string): string {
  const schema: z.ZodType | undefined = settingsSchema.shape[group as keyof typeof settingsSchema.shape];
  return schema.description ?? '';
}

/** `engine.parallelCount` -> `NEARFAR_ENGINE_PARALLEL_COUNT`. */
export function environmentName(path: string): string {
  const words = path.replaceAll('.', '_').replaceAll(/([a-z])([A-Z])/g, '$1_$2');
  return `NEARFAR_${words.toUpperCase()}`;
}

export const defaultSettings: Settings = settingsSchema.parse({});
