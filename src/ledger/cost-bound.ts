import type { TokenPrice, TokenRates } from './cost.ts';

/**
 * Pure: the most that a request can cost, in millionths, rounded up; null where a price that may hold is not known. Prompt
 * tokens count at the dearest class they can be billed in (read, written into a cache), and where prompts beyond a length
 * have other prices, whichever comes to more.
 */
export function costBoundMicros(
  tokens: { readonly promptTokenCount: number; readonly completionTokenCount: number },
  price: TokenPrice,
): number | null {
  const { longPrompt } = price;
  const mayBeLong = longPrompt !== undefined && tokens.promptTokenCount > longPrompt.aboveTokenCount;
  if (mayBeLong && longPrompt.rates === null) return null;
  const all: readonly TokenRates[] =
    mayBeLong && longPrompt.rates !== null ? [price, longPrompt.rates] : [price];
  const costs = all.map(
    (rates) =>
      tokens.promptTokenCount *
        Math.max(
          rates.promptMicrosPerMillion,
          rates.cachedMicrosPerMillion,
          rates.cacheWriteMicrosPerMillion ?? 0,
          rates.longCacheWriteMicrosPerMillion ?? 0,
        ) +
      tokens.completionTokenCount * rates.completionMicrosPerMillion,
  );
  return Math.ceil(Math.max(...costs) / 1_000_000);
}

/** Whether nothing is ever billed by this price. */
export function isFree({ longPrompt, ...rates }: TokenPrice): boolean {
  const all = [rates, ...(longPrompt === undefined ? [] : [longPrompt.rates])];
  return all.every(
    (known) =>
      known !== null &&
      known.promptMicrosPerMillion === 0 &&
      known.cachedMicrosPerMillion === 0 &&
      known.completionMicrosPerMillion === 0 &&
      (known.cacheWriteMicrosPerMillion ?? 0) === 0 &&
      (known.longCacheWriteMicrosPerMillion ?? 0) === 0,
  );
}
