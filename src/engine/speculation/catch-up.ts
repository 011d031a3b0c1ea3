/** What reading ahead for a draft model would bring one answer. */
export interface CatchUpView {
  /** Tokens that the draft model has not read yet. */
  readonly unreadTokenCount: number;
  /** Expected speed with its drafts over the speed without. */
  readonly gain: number;
  /** Milliseconds of a token without drafts. */
  readonly plainMs: number;
  readonly answeredTokenCount: number;
  readonly remainingTokenCount: number;
  /** Milliseconds of this step without the reading, */
  readonly stepMs: number;
  /** and with it at most. */
  readonly limitMs: number;
  readonly predictReadMs: (tokenCount: number) => number;
}

/** Where an answer will end nobody knows: as long again as it is, and at least so many tokens. */
const leastExpectedTokenCount = 32;
/** Fewer at a time would only be slow. */
const leastPieceTokenCount = 16;

/**
 * How many tokens to read now; 0 = none. Reading begins once what drafts would save over the rest of the answer, taken to
 * be as long as it is already, makes up for it: so at most about as much time is lost as reading from the start would
 * have cost (the rule of ski rental). A piece takes no longer than the step itself, and both stay within the limit.
 */
export function catchUpTokenCount(view: CatchUpView): number {
  const { unreadTokenCount, gain, plainMs, stepMs, limitMs, predictReadMs } = view;
  const expectedCount = Math.min(
    view.remainingTokenCount,
    Math.max(leastExpectedTokenCount, view.answeredTokenCount),
  );
  if (gain <= 1) return 0;
  const savedMs = (1 - 1 / gain) * plainMs * expectedCount;
  if (gain !== Infinity && savedMs < predictReadMs(unreadTokenCount)) return 0;
  const budgetMs = Math.min(limitMs - stepMs, stepMs);
  let tokenCount = unreadTokenCount;
  while (tokenCount > leastPieceTokenCount && predictReadMs(tokenCount) > budgetMs)
    tokenCount = Math.max(leastPieceTokenCount, Math.floor(tokenCount / 2));
  return stepMs + predictReadMs(tokenCount) <= limitMs ? tokenCount : 0;
}
