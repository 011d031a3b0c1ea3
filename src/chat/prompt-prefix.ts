/** A place where a prompt's content block ends, so that another prompt may share everything before it. */
export interface PrefixBoundary {
  /** Of everything up to here; eight characters. */
  readonly hash: string;
  /** Estimated, from the beginning. */
  readonly tokenCount: number;
  /** What ends here, so that places of one kind can be learnt about together, e.g. `system-0` or `tail-0:text`. */
  readonly kind: string;
}

/**
 * What may be kept of a prompt where its text may not: keyed hashes that say only whether two prompts begin alike, and
 * only to who holds the key of this machine.
 */
export interface PromptPrefix {
  /** Of the tools and the system text; of the first block where there are none. */
  readonly family: string;
  /** Estimated, of the whole prompt. */
  readonly tokenCount: number;
  /**
   * Of each block the hash of everything up to its end, eight characters each, written one behind the other. A block has
   * 64 tokens (estimated), fewer where a content block ends; the deeper, the longer they are.
   */
  readonly chain: string;
  /** Of the first blocks each by itself, so that what stands behind a changing part is found to be the same. */
  readonly contents: string;
  /** Estimated tokens of the blocks of `contents`. */
  readonly contentTokenCounts: readonly number[];
  /** Where prompts like this one may be marked, in order. */
  readonly boundaries: readonly PrefixBoundary[];
}
