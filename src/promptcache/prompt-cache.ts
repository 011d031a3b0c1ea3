import type { Usage } from '../chat/part.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest, PrivacyLabel } from '../chat/request.ts';
import type { TokenPrice } from '../ledger/cost.ts';
import { anthropicBlocks } from './anthropic-blocks.ts';
import { anthropicRules, openaiRules, type CacheRules, type LifetimeRule } from './cache-rules.ts';
import { chatBlocks } from './chat-blocks.ts';
import { createHeldPrefixes } from './held-prefixes.ts';
import { createKeyedHash, keptHash, type KeyedHash } from './keyed-hash.ts';
import { openaiBlocks } from './openai-blocks.ts';
import { createMarkPlanner } from './mark-planner.ts';
import type { MarkPlan } from './plan-marks.ts';
import { hashPrompt, type HashedBlock } from './prefix-hashes.ts';
import { isObject, type PromptBlocks } from './prompt-block.ts';
import { createReuseMemory, type ReuseMemory } from './reuse-memory.ts';

export type CacheProtocol = 'anthropic' | 'openai' | 'openai-responses';

/** A prompt on its way to an upstream, as its body says it. */
export interface CachedRequest {
  /** The id of the model, e.g. `anthropic/claude-opus-5`. */
  readonly modelId: string;
  /** As the upstream calls it. */
  readonly model: string;
  readonly protocol: CacheProtocol;
  /** Whether the upstream knows `prompt_cache_key`. */
  readonly takesCacheKey: boolean;
  readonly tenant: string;
  readonly privacy: PrivacyLabel;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A member that is put into an object of the body; a text there is first written as a content block of `textType`. */
export interface BodyMark {
  readonly path: readonly (string | number)[];
  readonly member: string;
  readonly value: unknown;
  readonly textType: string;
}

export interface PromptPlan {
  /** For the ledger; null where not even hashes may be kept. */
  readonly prefix: PromptPrefix | null;
  readonly marks: readonly BodyMark[];
  /** Further members of the body itself. */
  readonly members: Readonly<Record<string, unknown>>;
  /** To be told, once, what the upstream says it read and wrote. */
  settle(usage: Usage): void;
  /** In place of it: the upstream refused, or could not be reached, so that nothing was written. */
  abandon(): void;
}

/** Plans the use of providers' caches, and learns from what is asked. Keeps no text. */
export interface PromptCache {
  plan(request: CachedRequest): PromptPlan;
  /** Hashes of a prompt that stays here, for the ledger; null where there are none to keep. */
  prefixOf(request: Pick<ChatRequest, 'input' | 'tenant' | 'privacy'>): PromptPrefix | null;
  /** Takes in what an earlier run saw. @param at milliseconds since the epoch; in the order of their times */
  recall(prefix: PromptPrefix, at: number, tenant: string): void;
  /** Tokens (estimated) of the prompt that a model's provider is believed to hold at the moment. */
  heldTokenCount(request: CachedRequest): number;
}

export interface PromptCacheDependencies {
  /** Off: nothing is marked and no key is sent; hashes are kept all the same. */
  readonly isOn: boolean;
  /** Key of the hashes: this machine's. */
  readonly key: Uint8Array;
  readonly priceOf: (modelId: string) => TokenPrice | null;
  readonly memory?: ReuseMemory;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

const untouched: PromptPlan = {
  prefix: null,
  marks: [],
  members: {},
  settle: () => undefined,
  abandon: () => undefined,
};

export function createPromptCache(dependencies: PromptCacheDependencies): PromptCache {
  const { isOn, key, priceOf, memory = createReuseMemory(), now = Date.now } = dependencies;
  const held = createHeldPrefixes();
  const planner = createMarkPlanner(memory, held);
  const hash = createKeyedHash(key);
  const repeatedHash = keptHash(hash);

  function rulesOf({ protocol, model, modelId, takesCacheKey }: CachedRequest): CacheRules | null {
    const price = priceOf(modelId);
    if (protocol === 'anthropic') return anthropicRules(model, price);
    return takesCacheKey ? openaiRules(model, price) : null;
  }

  return {
    recall: (prefix, at, tenant) => {
      memory.observe(prefix, at, tenant);
    },

    prefixOf: ({ input, tenant, privacy }) =>
      privacy === 'open' ? (hashPrompt(chatBlocks(input), tenant, hash, repeatedHash)?.prefix ?? null) : null,

    heldTokenCount(request) {
      const hashed = hashPrompt(blocksOf(request), request.tenant, hash, repeatedHash);
      const at = now();
      const deepest = hashed?.blocks.findLast(
        ({ hash }) => held.lifetimeOf(request.modelId, hash, at) !== null,
      );
      return deepest?.endTokenCount ?? 0;
    },

    plan(request) {
      // Not even hashes of what may not leave: whoever has the key could try what it said.
      if (request.privacy !== 'open') return untouched;
      const prompt = blocksOf(request);
      const hashed = hashPrompt(prompt, request.tenant, hash, repeatedHash);
      if (hashed === null) return untouched;
      const { blocks, prefix } = hashed;
      const sentAt = now();
      if (isCachedByRule(request)) memory.observe(prefix, sentAt, request.tenant);
      const rules = isOn && !prompt.hasMarks ? rulesOf(request) : null;
      const members = isOn ? keyMember(request, prefix, hash) : {};
      if (rules === null) return { ...untouched, prefix, members };
      const destination = { modelId: request.modelId, tenant: request.tenant, rules };
      const plan = planner.plan(hashed, destination, sentAt);
      if (plan === null) return { ...untouched, prefix, members };
      let isSettled = false;
      return {
        prefix,
        ...written(request, blocks, plan, members),
        settle(usage) {
          if (isSettled || usage.isMeasured === false) return;
          isSettled = true;
          planner.settle(hashed, destination, plan, sentAt, usage);
        },
        abandon() {
          if (isSettled) return;
          isSettled = true;
          planner.abandon(destination, plan);
        },
      };
    },
  };
}

/** Whether it is known how the upstream caches. Of others nothing is asked, so how their prompts repeat decides nothing. */
function isCachedByRule({ protocol, takesCacheKey }: CachedRequest): boolean {
  return protocol === 'anthropic' || takesCacheKey;
}

function blocksOf({ protocol, body }: CachedRequest): PromptBlocks {
  return protocol === 'anthropic' ? anthropicBlocks(body) : openaiBlocks(body);
}

/**
 * OpenAI sends requests of one key to the machine that holds their prefix. A key is made of the tenant and the family
 * under this machine's secret, so that it tells neither, and no two tenants have one.
 */
function keyMember(
  { takesCacheKey, protocol, tenant, body }: CachedRequest,
  { family }: PromptPrefix,
  hash: KeyedHash,
): Readonly<Record<string, unknown>> {
  if (!takesCacheKey || protocol === 'anthropic' || body['prompt_cache_key'] !== undefined) return {};
  return { prompt_cache_key: `nf-${hash(`cache key\n${tenant}\n${family}`, 32)}` };
}

function written(
  { protocol, body }: CachedRequest,
  blocks: readonly HashedBlock[],
  plan: MarkPlan,
  members: Readonly<Record<string, unknown>>,
): Pick<PromptPlan, 'marks' | 'members'> {
  const marksOf = (
    member: string,
    value: (lifetime: LifetimeRule) => unknown,
    textType: string,
  ): BodyMark[] =>
    plan.marks.flatMap(({ place, lifetime }) => {
      const block = blocks[place];
      return block === undefined ? [] : [{ path: block.path, member, value: value(lifetime), textType }];
    });
  if (protocol === 'anthropic') {
    return {
      members,
      marks: marksOf(
        'cache_control',
        ({ name }) => ({ type: 'ephemeral', ...(name === '5m' ? {} : { ttl: name }) }),
        'text',
      ),
    };
  }
  // The end of the prompt is OpenAI's own mark; where that does not pay, none is made but those that do.
  const end = blocks.length - 1;
  const isEndMarked = plan.marks.some(({ place }) => place === end);
  const textType = protocol === 'openai' ? 'text' : 'input_text';
  const marks = marksOf('prompt_cache_breakpoint', () => ({ mode: 'explicit' }), textType);
  const options = body['prompt_cache_options'];
  return {
    marks: isEndMarked ? marks.slice(0, -1) : marks,
    members: isEndMarked
      ? members
      : { ...members, prompt_cache_options: { ...(isObject(options) ? options : {}), mode: 'explicit' } },
  };
}
