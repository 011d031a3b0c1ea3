/** One decoding sequence of the step. */
export interface DraftCandidate {
  /** For each token that its drafter offers: the probability that it is right if those before it are, 0-1. */
  readonly rates: readonly number[];
  /** Tokens that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
}

export interface DraftView {
  readonly candidates: readonly DraftCandidate[];
  /** Most drafted tokens of the step, over all sequences. */
  readonly limit: number;
  /** Milliseconds of a step by its tokens and the pairs that they read (see StepWork), drafted tokens included. */
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
  /** Tokens per millisecond that a draft must promise, over what the step gives without any; above 1 leaves a margin. */
  readonly leastGain: number;
}

export interface DraftChoice {
  /** Drafted tokens of each candidate. */
  readonly lengths: readonly number[];
  /** Expected tokens per millisecond over those without drafts, of the best draft there is, chosen or not. */
  readonly bestGain: number;
}

/**
 * How many tokens to draft for whom: the step's expected tokens over its predicted milliseconds, at its highest.
 *
 * A sequence whose drafted tokens are right with probabilities a1, a2, ... gives 1 + a1 + a1 a2 + ... tokens (Leviathan
 * et al. 2023, eq. 1, with a rate for each position). The terms fall within a sequence, so the best draft of t tokens
 * over all sequences takes the t largest terms. Every t is weighed, since steps do not cost evenly more: CPU kernels
 * work in rows of four, and GPUs in tiles.
 */
export function draftLengths(view: DraftView): DraftChoice {
  const { candidates, limit, predictMs, leastGain } = view;
  const plainCount = candidates.length;
  const plainPairCount = candidates.reduce((sum, { contextTokenCount }) => sum + contextTokenCount, 0);
  const plainSpeed = plainCount / predictMs(plainCount, plainPairCount);

  const lengths = candidates.map(() => 0);
  const terms = candidates.map(({ rates }) => rates[0] ?? 0);
  let best = { lengths: lengths.slice(), gain: 0 };
  let expectedCount = plainCount;
  let readPairCount = plainPairCount;
  for (let drafted = 1; drafted <= limit; drafted++) {
    const next = indexOfLargest(terms);
    const term = terms[next] ?? 0;
    if (term <= 0) break;
    const candidate = candidates[next] as DraftCandidate;
    const length = (lengths[next] as number) + 1;
    lengths[next] = length;
    terms[next] = term * (candidate.rates[length] ?? 0);
    expectedCount += term;
    readPairCount += candidate.contextTokenCount;
    const gain = expectedCount / predictMs(plainCount + drafted, readPairCount) / plainSpeed;
    if (gain > best.gain) best = { lengths: lengths.slice(), gain };
  }
  return {
    lengths: best.gain >= leastGain ? best.lengths : candidates.map(() => 0),
    bestGain: best.gain,
  };
}

function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[largest] as number)) largest = index;
  }
  return largest;
}
