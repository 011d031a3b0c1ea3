import type { TokenArrival, Transcript } from './transcript.ts';

/**
 * How far two greedy texts of one prompt agree. Other chunk sizes and batches move this model's logits by 0.5-0.7, so
 * two correct servers may part where the two best tokens are that close, and nowhere else.
 */
export interface Agreement {
  readonly identical: boolean;
  /** Tokens in common before they part; the shorter's length where they do not. */
  readonly commonTokenCount: number;
  /**
   * Where they part: the larger of the two gaps, in nats, between a side's own pick and the other's.
   * `null` where they agree, or where a side did not list the other's pick.
   */
  readonly gap: number | null;
  readonly nearTie: boolean;
}

/** Twice the noise of one logit: both candidates move. */
export const nearTieGap = 1.4;

export function compareTranscripts(a: Transcript, b: Transcript): Agreement {
  const shorter = Math.min(a.tokens.length, b.tokens.length);
  let common = 0;
  while (common < shorter && a.tokens[common]?.text === b.tokens[common]?.text) common++;
  const left = a.tokens[common];
  const right = b.tokens[common];
  if (left === undefined || right === undefined) {
    const identical = a.tokens.length === b.tokens.length;
    return { identical, commonTokenCount: common, gap: null, nearTie: identical };
  }
  const gaps = [gapOf(left, right.text), gapOf(right, left.text)];
  if (gaps.includes(null)) return { identical: false, commonTokenCount: common, gap: null, nearTie: false };
  const gap = Math.max(...gaps.map(Number));
  return { identical: false, commonTokenCount: common, gap, nearTie: gap <= nearTieGap };
}

/** How much less likely a side held the other's token than its own, or `null` if it did not list it. */
function gapOf(token: TokenArrival, other: string): number | null {
  const own = token.alternatives.find((alternative) => alternative.text === token.text);
  const others = token.alternatives.find((alternative) => alternative.text === other);
  return own === undefined || others === undefined ? null : own.logprob - others.logprob;
}
