import { requireNumber } from './figure.ts';

/** What a layer keeps of each token. */
export type LayerCache =
  /** One key and one value a head: multi-head (as many as query heads), grouped (fewer) or multi-query (one). */
  | {
      readonly kind: 'heads';
      readonly kvHeadCount: number;
      readonly keyLength: number;
      readonly valueLength: number;
      /** Tokens that are looked back at; `null` = all. */
      readonly windowTokenCount: number | null;
    }
  /** One compressed vector for all heads (DeepSeek-V2, Liu et al. 2024, section 2.1): latent and shared rotary key. */
  | { readonly kind: 'latent'; readonly latentLength: number; readonly rotaryLength: number };

/** Layers that are alike. */
export interface LayerGroup {
  readonly layerCount: number;
  readonly cache: LayerCache;
}

/** Numbers that one layer keeps of one token. */
export function numbersPerToken(cache: LayerCache): number {
  return cache.kind === 'latent'
    ? cache.latentLength + cache.rotaryLength
    : cache.kvHeadCount * (cache.keyLength + cache.valueLength);
}

/**
 * Bytes that one more token takes while it is within every window.
 * @param bytesPerNumber 2 for F16; 34/32 for q8_0, 18/32 for q4_0 (ggml blocks)
 */
export function kvBytesPerToken(groups: readonly LayerGroup[], bytesPerNumber: number): number {
  requireNumber('bytesPerNumber', bytesPerNumber);
  return groups.reduce(
    (sum, { layerCount, cache }) => sum + layerCount * numbersPerToken(cache) * bytesPerNumber,
    0,
  );
}

/**
 * Bytes that a context of `tokenCount` needs: a layer with a window keeps no more than it. What an engine sets aside may be
 * more: nearfar gives windowed layers the full length so that prefixes can be shared (docs/decisions/004).
 */
export function kvBytes(groups: readonly LayerGroup[], tokenCount: number, bytesPerNumber: number): number {
  requireNumber('tokenCount', tokenCount);
  return groups.reduce((sum, { layerCount, cache }) => {
    const kept =
      cache.kind === 'heads' && cache.windowTokenCount !== null
        ? Math.min(tokenCount, cache.windowTokenCount)
        : tokenCount;
    return sum + layerCount * numbersPerToken(cache) * bytesPerNumber * kept;
  }, 0);
}
