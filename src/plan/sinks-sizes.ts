/** What a sinks context has. */
export interface SinksSizes {
  /** Tokens that one stream sees at most. */
  readonly windowTokenCount: number;
  readonly parallelCount: number;
  /** A window for each stream, in the 256s that libllama rounds to. */
  readonly cellCount: number;
  /** Most tokens of one decode. */
  readonly batchTokenCount: number;
}

/** Enough for a long answer to keep its thread; twice as many cost twice the memory. */
const defaultWindowTokenCount = 4_096;
const batchTokenLimit = 512;

/**
 * The window of each stream is what the settings ask for or 4,096 tokens, and no more than a request may have in the
 * context of the answers. Pure.
 * @param contextTokenCount most tokens of a request elsewhere
 */
export function chooseSinksSizes(
  contextTokenCount: number,
  asked: { readonly windowTokenCount: number | null; readonly parallelCount: number },
): SinksSizes {
  const windowTokenCount = Math.min(contextTokenCount, asked.windowTokenCount ?? defaultWindowTokenCount);
  const { parallelCount } = asked;
  return {
    windowTokenCount,
    parallelCount,
    cellCount: Math.ceil((windowTokenCount * parallelCount) / 256) * 256,
    batchTokenCount: Math.min(batchTokenLimit, windowTokenCount),
  };
}
