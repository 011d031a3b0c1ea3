/** Prices in millionths of the currency for a million tokens of each class, so integers all through. */
export interface TokenPrice {
  readonly currency: string;
  readonly promptMicrosPerMillion: number;
  readonly cachedMicrosPerMillion: number;
  readonly completionMicrosPerMillion: number;
}

/** This machine's models: nobody sends a bill. Electricity and hardware are `plan/`'s matter, not the ledger's. */
export const localPrice: TokenPrice = {
  currency: 'USD',
  promptMicrosPerMillion: 0,
  cachedMicrosPerMillion: 0,
  completionMicrosPerMillion: 0,
};

export interface TokenClasses {
  /** All prompt tokens, the cached ones among them. */
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly completionTokenCount: number;
}

/**
 * Pure: integer millionths of the price's currency. Each token is billed in exactly one class; the sum is rounded
 * once, half up. Cached tokens beyond the prompt's are billed as the prompt's number.
 */
export function costMicros(tokens: TokenClasses, price: TokenPrice): number {
  const cached = Math.min(tokens.cachedTokenCount, tokens.promptTokenCount);
  const total =
    (tokens.promptTokenCount - cached) * price.promptMicrosPerMillion +
    cached * price.cachedMicrosPerMillion +
    tokens.completionTokenCount * price.completionMicrosPerMillion;
  return Math.round(total / 1_000_000);
}
