import type { TokenPrice, TokenRates } from './cost.ts';

/** US dollars for a million tokens, as providers write their lists. */
export interface ListPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly cacheWriteLong?: number | undefined;
}

/** Pure: a list price in the ledger's units. What is not listed costs what it would cost without it. */
export function tokenPrice(list: ListPrice): TokenPrice {
  return { currency: 'USD', ...tokenRates(list) };
}

function tokenRates({ input, output, cacheRead, cacheWrite, cacheWriteLong }: ListPrice): TokenRates {
  return {
    promptMicrosPerMillion: micros(input),
    cachedMicrosPerMillion: micros(cacheRead ?? input),
    completionMicrosPerMillion: micros(output),
    ...(cacheWrite === undefined ? {} : { cacheWriteMicrosPerMillion: micros(cacheWrite) }),
    ...(cacheWriteLong === undefined ? {} : { longCacheWriteMicrosPerMillion: micros(cacheWriteLong) }),
  };
}

function micros(dollars: number): number {
  return Math.round(dollars * 1_000_000);
}

/** A provider's public list for its standard tier. */
export interface PriceList {
  /** Host that the prices hold for; whoever resells a model has prices of his own. */
  readonly host: string;
  /** The day for which they were read. */
  readonly date: string;
  readonly source: string;
  readonly models: Readonly<Record<string, ListedModelPrice>>;
}

interface ListedModelPrice extends ListPrice {
  readonly contextTokenCount: number;
  readonly maxTokenCount: number;
  /** Prompts above so many tokens have prices of their own; null: not known here. */
  readonly long?: { readonly above: number; readonly price: ListPrice | null };
}

const million = { contextTokenCount: 1_000_000, maxTokenCount: 128_000 };
const openaiWide = { contextTokenCount: 1_050_000, maxTokenCount: 128_000 };
const openaiNarrow = { contextTokenCount: 400_000, maxTokenCount: 128_000 };
/** OpenAI's rule for prompts above 272,000 tokens where its list states it: twice the input, half as much again the output. */
const doubled = ({ input, output, cacheRead = input, cacheWrite = input }: ListPrice) => ({
  above: 272_000,
  price: { input: input * 2, output: output * 1.5, cacheRead: cacheRead * 2, cacheWrite: cacheWrite * 2 },
});
const astra: ListPrice = { input: 10, cacheRead: 1, cacheWrite: 12.5, output: 50 };
const sol: ListPrice = { input: 2, cacheRead: 0.2, cacheWrite: 2.5, output: 10 };
const luna: ListPrice = { input: 0.1, cacheRead: 0.01, cacheWrite: 0.125, output: 0.5 };
const untold = { above: 270_000, price: null };
const opus: ListPrice = { input: 5, cacheRead: 0.5, cacheWrite: 6.25, cacheWriteLong: 10, output: 25 };
const olderSonnet: ListPrice = { input: 3, cacheRead: 0.3, cacheWrite: 3.75, cacheWriteLong: 6, output: 15 };
const haiku = { contextTokenCount: 200_000, maxTokenCount: 64_000 };

export const priceLists: readonly PriceList[] = [
  {
    host: 'api.openai.com',
    date: '2026-11-05',
    source:
      'https://developers.openai.com/api/docs/pricing, by what release notes of September to November 2026 repeat of it',
    models: {
      'gpt-6-astra': { ...astra, ...openaiWide, long: doubled(astra) },
      'gpt-6-sol': { ...sol, ...openaiWide, long: doubled(sol) },
      'gpt-6-luna': { ...luna, ...openaiWide, long: doubled(luna) },
      'gpt-5.6-sol': { input: 4, cacheRead: 0.4, output: 20, ...openaiWide, long: untold },
      'gpt-5.6-terra': { input: 2, cacheRead: 0.2, output: 12, ...openaiWide, long: untold },
      'gpt-5.6-luna': { input: 0.2, cacheRead: 0.02, output: 1.2, ...openaiWide, long: untold },
      'gpt-5.5': { input: 5, cacheRead: 0.5, output: 30, ...openaiWide, long: untold },
      'gpt-5.4': { input: 2.5, cacheRead: 0.25, output: 15, ...openaiWide, long: untold },
      'gpt-5.4-mini': { input: 0.75, cacheRead: 0.075, output: 4.5, ...openaiNarrow, long: untold },
      'gpt-5.4-nano': { input: 0.2, cacheRead: 0.02, output: 1.25, ...openaiNarrow, long: untold },
    },
  },
  {
    host: 'api.anthropic.com',
    date: '2026-10-24',
    source: 'https://platform.claude.com/docs/en/about-claude/pricing and its pages of the models',
    models: {
      'claude-fable-5-1': {
        input: 10,
        cacheRead: 0.25,
        cacheWrite: 12.5,
        cacheWriteLong: 20,
        output: 50,
        ...million,
      },
      'claude-opus-5-5': {
        input: 4,
        cacheRead: 0.2,
        cacheWrite: 5,
        cacheWriteLong: 8,
        output: 20,
        ...million,
      },
      'claude-opus-5': { ...opus, ...million },
      'claude-opus-4-8': { ...opus, ...million },
      'claude-opus-4-7': { ...opus, ...million },
      'claude-opus-4-6': { ...opus, ...million },
      'claude-sonnet-5-5': {
        input: 2,
        cacheRead: 0.1,
        cacheWrite: 2.5,
        cacheWriteLong: 4,
        output: 10,
        ...million,
      },
      'claude-sonnet-5': {
        input: 2,
        cacheRead: 0.2,
        cacheWrite: 2.5,
        cacheWriteLong: 4,
        output: 10,
        ...million,
      },
      'claude-sonnet-4-6': { ...olderSonnet, ...million },
      'claude-haiku-5-5': {
        input: 0.1,
        cacheRead: 0.01,
        cacheWrite: 0.125,
        cacheWriteLong: 0.2,
        output: 0.5,
        ...million,
        long: {
          above: 100_000,
          price: { input: 0.5, cacheRead: 0.05, cacheWrite: 0.625, cacheWriteLong: 1, output: 2.5 },
        },
      },
      'claude-haiku-4-5': {
        input: 1,
        cacheRead: 0.1,
        cacheWrite: 1.25,
        cacheWriteLong: 2,
        output: 5,
        ...haiku,
      },
    },
  },
];

export interface PriceEntry {
  readonly price: TokenPrice;
  readonly contextTokenCount: number;
  readonly maxTokenCount: number;
  readonly date: string;
  readonly source: string;
}

/**
 * Pure: what a provider's list says of one of its models, snapshots with a date behind the name included; null where it
 * is not in it: an unknown cost, never none.
 */
export function listedPrice(host: string, model: string): PriceEntry | null {
  const list = priceLists.find((candidate) => candidate.host === host);
  if (list === undefined) return null;
  const name = model.replace(/-(\d{4}-\d{2}-\d{2}|20\d{6})$/, '');
  const entry = Object.hasOwn(list.models, name) ? list.models[name] : undefined;
  if (entry === undefined) return null;
  const { long, contextTokenCount, maxTokenCount } = entry;
  return {
    price: {
      ...tokenPrice(entry),
      ...(long === undefined
        ? {}
        : {
            longPrompt: {
              aboveTokenCount: long.above,
              rates: long.price === null ? null : tokenRates(long.price),
            },
          }),
    },
    contextTokenCount,
    maxTokenCount,
    date: list.date,
    source: list.source,
  };
}
