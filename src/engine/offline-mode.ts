/**
 * How an engine computes that nobody reads while it works. `static`: answers start together, go on in lockstep until
 * the last of them has ended, then the next group starts. `continuous`: each takes the place of one that ended.
 */
export interface OfflineMode {
  readonly batching: Batching;
  readonly kv: KvLayout;
}

export type Batching = 'static' | 'continuous';

/** One pool in which prefixes are shared, or a stream of `streamTokenCount` cells for each answer, sharing nothing. */
export type KvLayout =
  | { readonly layout: 'unified' }
  | {
      readonly layout: 'split';
      /** A multiple of 256. */
      readonly streamTokenCount: number;
    };

/** The streams of a split pool and their cells together; `null` = one pool for all. */
export function splitStreams(options: {
  readonly offline?: OfflineMode;
  readonly parallelCount: number;
}): { readonly streamCount: number; readonly cellCount: number } | null {
  const kv = options.offline?.kv;
  if (kv?.layout !== 'split') return null;
  return { streamCount: options.parallelCount, cellCount: options.parallelCount * kv.streamTokenCount };
}
