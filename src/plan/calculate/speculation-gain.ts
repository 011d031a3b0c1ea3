import { requireNumber } from './figure.ts';

export interface DraftingFacts {
  /** Probability that a drafted token is accepted, each by itself; 0 to 1. */
  readonly acceptanceRate: number;
  /** Tokens drafted a round. */
  readonly draftTokenCount: number;
  /** What drafting one token costs, as a share of a step of the large model; 0 for prompt lookup. */
  readonly costRatio: number;
  /**
   * What verifying `draftTokenCount + 1` tokens costs, as a multiple of a step of one. 1 where memory bounds it, as the paper
   * assumes; measured on this machine it is more.
   */
  readonly verifyRatio?: number;
}

/**
 * Tokens that a round is expected to give: (1 - a^(n+1)) / (1 - a) (Leviathan et al. 2023, equation 1).
 * @throws RangeError
 */
export function expectedTokenCount(acceptanceRate: number, draftTokenCount: number): number {
  requireNumber('acceptanceRate', acceptanceRate, 0, 1);
  requireNumber('draftTokenCount', draftTokenCount, 0, 1000);
  if (acceptanceRate === 1) return draftTokenCount + 1;
  return (1 - acceptanceRate ** (draftTokenCount + 1)) / (1 - acceptanceRate);
}

/** Speed with over speed without (Leviathan et al. 2023, theorem 3.8, with the cost of verifying in the place of 1). */
export function draftingGain(facts: DraftingFacts): number {
  const { acceptanceRate, draftTokenCount, costRatio, verifyRatio = 1 } = facts;
  requireNumber('costRatio', costRatio);
  requireNumber('verifyRatio', verifyRatio, 0.01);
  return expectedTokenCount(acceptanceRate, draftTokenCount) / (draftTokenCount * costRatio + verifyRatio);
}

/**
 * The length that gains most, with what it gains; 0 and 1 where drafting does not pay.
 * @param verifyRatioOf what verifying so many tokens costs
 */
export function bestDraft(
  acceptanceRate: number,
  costRatio: number,
  verifyRatioOf: (tokenCount: number) => number = () => 1,
  longest = 32,
): { readonly draftTokenCount: number; readonly gain: number } {
  let best = { draftTokenCount: 0, gain: 1 };
  for (let draftTokenCount = 1; draftTokenCount <= longest; draftTokenCount++) {
    const verifyRatio = verifyRatioOf(draftTokenCount + 1);
    const gain = draftingGain({ acceptanceRate, draftTokenCount, costRatio, verifyRatio });
    if (gain > best.gain) best = { draftTokenCount, gain };
  }
  return best;
}
