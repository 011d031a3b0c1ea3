/**
 * What becomes of a prompt that does not fit the context, or of an answer that would run past its end.
 * `error`: the prompt is refused with both counts, the answer ends with `length`. `truncate_middle`: the middle of the
 * prompt is left out, at the borders of messages where that is possible. `sinks`: prompt and answer go through a window
 * that slides, while the first tokens stay (StreamingLLM, Xiao et al. 2023).
 */
export const overflowPolicies = ['error', 'truncate_middle', 'sinks'] as const;
export type OverflowPolicy = (typeof overflowPolicies)[number];

/** That a request was longer than the context, and what the model did not see because of it. */
export interface ContextOverflow {
  readonly policy: Exclude<OverflowPolicy, 'error'>;
  /** Of the prompt, tokens that were left out; with `sinks`, of prompt and answer those that have left the window. */
  readonly omittedTokenCount: number;
  /** Whole messages of the prompt that were left out; 0 with `sinks`. */
  readonly omittedMessageCount: number;
}
