import type { TokenPrice } from '../ledger/cost.ts';

/** How long a provider keeps what a mark wrote. */
export type Lifetime = '5m' | '30m' | '1h';

export interface LifetimeRule {
  readonly name: Lifetime;
  readonly durationMs: number;
  /** Index of the odds in `horizonsMs`. */
  readonly horizon: number;
  /** Price of a written token, that of a plain one being 1. */
  readonly writeRate: number;
}

/** What a provider documents of its cache, and what it charges, as far as a plan depends on it. */
export interface CacheRules {
  /** Most marks of one request. */
  readonly markLimit: number;
  /** A shorter prefix is not kept, marked or not. */
  readonly minimumTokenCount: number;
  /** From a mark so many positions are looked at for what earlier requests wrote, itself counted. */
  readonly lookbackPositionCount: number;
  /** Price of a token that is read from the cache, that of a plain one being 1. */
  readonly readRate: number;
  /** Longest first: what is kept longer must be marked first. */
  readonly lifetimes: readonly LifetimeRule[];
}

/**
 * Least tokens of a prefix that Anthropic keeps, by model.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#cache-limitations, as quoted in October 2026.
 * Haiku 5.5 and Sonnet 5.5 stand in none of the quotations that were at hand: they get the most that any model has.
 */
const minimums: readonly (readonly [RegExp, number])[] = [
  [/^claude-(opus-5|fable-5|mythos-5)/, 512],
  [/^claude-(opus-4-8|sonnet-5(?!-5)|sonnet-4|opus-4-1|opus-4($|-20))/, 1024],
  [/^claude-(opus-4-7|mythos-preview|haiku-3|3-5-haiku|3-haiku)/, 2048],
  [/^claude-3/, 1024],
];
const largestMinimum = 4096;

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching#1-hour-cache-duration */
const shortMs = 5 * 60_000;
const longMs = 60 * 60_000;
/** https://developers.openai.com/api/docs/guides/prompt-caching: of GPT-5.6 and later. */
const openaiMs = 30 * 60_000;

/**
 * Pure: the rules of Anthropic's cache for one of its models, at these prices; null where caching is not known to be
 * cheaper to read. A price that says nothing of writing is the provider's documented multiple: 1.25 and 2.
 */
export function anthropicRules(model: string, price: TokenPrice | null): CacheRules | null {
  const read = readRateOf(price);
  if (price === null || read === null) return null;
  const { promptMicrosPerMillion: plain } = price;
  const short = (price.cacheWriteMicrosPerMillion ?? plain * 1.25) / plain;
  const long = (price.longCacheWriteMicrosPerMillion ?? plain * 2) / plain;
  return {
    markLimit: 4,
    minimumTokenCount: minimums.find(([pattern]) => pattern.test(model))?.[1] ?? largestMinimum,
    lookbackPositionCount: 20,
    readRate: read,
    lifetimes: [
      { name: '1h', durationMs: longMs, horizon: 2, writeRate: long },
      { name: '5m', durationMs: shortMs, horizon: 0, writeRate: short },
    ],
  };
}

const hasBreakpoints = /^gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)/;

/**
 * Pure: those of OpenAI's cache for models that charge for writing (GPT-5.6 and later), whose breakpoints may be placed;
 * null for the others, which keep every prefix by themselves and for nothing.
 */
export function openaiRules(model: string, price: TokenPrice | null): CacheRules | null {
  // Older ones refuse the fields, whatever is charged for them.
  if (!hasBreakpoints.test(model)) return null;
  const read = readRateOf(price);
  const write = price?.cacheWriteMicrosPerMillion;
  if (price === null || read === null || write === undefined) return null;
  return {
    markLimit: 4,
    minimumTokenCount: 1024,
    // The latest 80 breakpoints are looked at, however far back they stand.
    lookbackPositionCount: Infinity,
    readRate: read,
    lifetimes: [
      { name: '30m', durationMs: openaiMs, horizon: 1, writeRate: write / price.promptMicrosPerMillion },
    ],
  };
}

function readRateOf(price: TokenPrice | null): number | null {
  if (price === null || price.promptMicrosPerMillion <= 0) return null;
  const rate = price.cachedMicrosPerMillion / price.promptMicrosPerMillion;
  return rate < 1 ? rate : null;
}
