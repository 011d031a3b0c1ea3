/** Prices in millionths of the currency for a million tokens of each class, so integers all through. */
export interface TokenRates {
  readonly promptMicrosPerMillion: number;
  readonly cachedMicrosPerMillion: number;
  readonly completionMicrosPerMillion: number;
  /** Of prompt tokens that a provider keeps for minutes. Absent: as the prompt. */
  readonly cacheWriteMicrosPerMillion?: number;
  /** Of those that it keeps for an hour. Absent: as those for minutes. */
  readonly longCacheWriteMicrosPerMillion?: number;
}

export interface TokenPrice extends TokenRates {
  readonly currency: string;
  /** What holds for all tokens of a request whose prompt is longer; null: nobody told, so that its cost is unknown. */
  readonly longPrompt?: { readonly aboveTokenCount: number; readonly rates: TokenRates | null };
}

/** This machine's models: nobody sends a bill. Electricity and hardware are `plan/`'s matter, not the ledger's. */
export const localPrice: TokenPrice = {
  currency: 'USD',
  promptMicrosPerMillion: 0,
  cachedMicrosPerMillion: 0,
  completionMicrosPerMillion: 0,
};

export interface TokenClasses {
  /** All prompt tokens, the cached ones and those written into a cache among them. */
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly completionTokenCount: number;
  readonly cacheWriteTokenCount?: number;
  readonly longCacheWriteTokenCount?: number;
}

/**
 * Pure: integer millionths of the price's currency, or null where the price of so long a prompt is not known. Each token
 * is billed in exactly one class; the sum is rounded once, half up. Cached and written tokens beyond the prompt's are
 * billed as the prompt's number.
 */
export function costMicros(tokens: TokenClasses, price: TokenPrice): number | null {
  const { longPrompt } = price;
  const isLong = longPrompt !== undefined && tokens.promptTokenCount > longPrompt.aboveTokenCount;
  const rates = isLong ? longPrompt.rates : price;
  if (rates === null) return null;
  let left = tokens.promptTokenCount;
  const take = (count: number): number => {
    const taken = Math.min(count, left);
    left -= taken;
    return taken;
  };
  const cached = take(tokens.cachedTokenCount);
  const written = take(tokens.cacheWriteTokenCount ?? 0);
  const longWritten = take(tokens.longCacheWriteTokenCount ?? 0);
  const writeRate = rates.cacheWriteMicrosPerMillion ?? rates.promptMicrosPerMillion;
  const total =
    left * rates.promptMicrosPerMillion +
    cached * rates.cachedMicrosPerMillion +
    written * writeRate +
    longWritten * (rates.longCacheWriteMicrosPerMillion ?? writeRate) +
    tokens.completionTokenCount * rates.completionMicrosPerMillion;
  return Math.round(total / 1_000_000);
}

/** Pure: what the same tokens would have cost without any provider's cache, all of the prompt as new; null: not known. */
export function uncachedCostMicros(tokens: TokenClasses, price: TokenPrice): number | null {
  const { promptTokenCount, completionTokenCount } = tokens;
  return costMicros({ promptTokenCount, cachedTokenCount: 0, completionTokenCount }, price);
}
