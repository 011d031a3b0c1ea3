import { requireNumber } from './figure.ts';

/** Prices of a million prompt tokens, in one currency. */
export interface CachePrices {
  readonly input: number;
  readonly cacheRead: number;
  /** Of tokens that are written into the cache; `input` where writing costs nothing more. */
  readonly cacheWrite: number;
}

/**
 * How often a prefix must be read again within its time before writing it was cheaper than not caching it:
 * (write - input) / (input - read). `Infinity` where reading saves nothing; 0 where writing costs nothing more.
 */
export function breakEvenReuseCount({ input, cacheRead, cacheWrite }: CachePrices): number {
  for (const [name, price] of Object.entries({ input, cacheRead, cacheWrite })) requireNumber(name, price);
  const extra = cacheWrite - input;
  if (extra <= 0) return 0;
  return cacheRead >= input ? Infinity : extra / (input - cacheRead);
}

/**
 * Share of the prefix's cost that caching saves when requests with it come at random, `perHour` on average (Poisson), and the
 * cache keeps it for `ttlMs` after each use: a request finds it with probability 1 - exp(-rate x ttl).
 * Negative where it costs more than it saves.
 */
export function expectedCacheSaving(prices: CachePrices, perHour: number, ttlMs: number): number {
  requireNumber('perHour', perHour);
  requireNumber('ttlMs', ttlMs);
  const hitRate = 1 - Math.exp((-perHour * ttlMs) / 3_600_000);
  if (prices.input === 0) return 0;
  const cost = hitRate * prices.cacheRead + (1 - hitRate) * prices.cacheWrite;
  return 1 - cost / prices.input;
}
