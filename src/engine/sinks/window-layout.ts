/**
 * Where the tokens of a stream stand in a window that slides (StreamingLLM, Xiao et al. 2023). Pure.
 *
 * The first `keepTokenCount` tokens, the sinks, stay for good. When the window is full, the older half of the others is
 * discarded at once and the rest moves up. Positions count inside the window, so they never exceed it. What is discarded
 * depends on the position alone, so each token sees the same others however the steps were cut.
 */
export interface WindowShape {
  /** Tokens that attention sees at most. */
  readonly windowTokenCount: number;
  /** 0 is a plain sliding window. */
  readonly keepTokenCount: number;
}

/** Attention sinks of a prompt without a system text, as in the paper. */
export const defaultSinkTokenCount = 4;

/** Tokens that go each time: half of what does not stay. */
export function discardTokenCount({ windowTokenCount, keepTokenCount }: WindowShape): number {
  return (windowTokenCount - keepTokenCount) >> 1;
}

/** @throws RangeError where nothing would be left to slide */
export function checkWindow(shape: WindowShape): void {
  const { windowTokenCount, keepTokenCount } = shape;
  if (keepTokenCount >= 0 && discardTokenCount(shape) >= 1) return;
  throw new RangeError(`A window of ${windowTokenCount} tokens cannot keep ${keepTokenCount} of them.`);
}

/** How many times something was discarded before the token at this place of the stream comes in. */
export function discardsBefore(shape: WindowShape, streamPosition: number): number {
  const beyond = streamPosition - shape.windowTokenCount;
  return beyond < 0 ? 0 : Math.floor(beyond / discardTokenCount(shape)) + 1;
}

/** Tokens of the stream that are no longer seen when the token at this place comes in. */
export function discardedBefore(shape: WindowShape, streamPosition: number): number {
  return discardsBefore(shape, streamPosition) * discardTokenCount(shape);
}
