import { expectedShortfall } from './draft-risk.ts';

/** One decoding sequence of the step. */
export interface DraftCandidate {
  /** For each token that could be drafted: the probability that it is right if those before it are, 0-1. */
  readonly rates: readonly number[];
  /** Tokens that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
  /** So many are drafted whatever they are worth, where `rates` and room have them; absent: as far as it pays. */
  readonly fixedTokenCount?: number;
}

export interface DraftView {
  readonly candidates: readonly DraftCandidate[];
  /** Most drafted tokens of the step, over all sequences. */
  readonly limit: number;
  /** Milliseconds of a step by its tokens and the pairs that they read (see StepWork), drafted tokens included. */
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
  /** Milliseconds that go into making drafts of these lengths, before the step; absent: none. */
  readonly draftingMs?: (lengths: readonly number[]) => number;
  /** Milliseconds that step and drafting may take; without any draft it takes what it takes. Absent: no limit. */
  readonly limitMs?: number;
  /** Tokens per millisecond that a draft must promise, over what the step gives without any; above 1 leaves a margin. */
  readonly leastGain: number;
  /** Plain steps that it may be expected to lose where it fails (`expectedShortfall`); absent: no limit. */
  readonly mostShortfall?: number;
}

export interface DraftChoice {
  /** Drafted tokens of each candidate. */
  readonly lengths: readonly number[];
  /** Expected tokens per millisecond over those without drafts, of the best draft there is, chosen or not. */
  readonly bestGain: number;
  /** Predicted milliseconds of drafting and step as chosen, */
  readonly milliseconds: number;
  /** and the tokens expected of them. */
  readonly expectedTokenCount: number;
}

/**
 * How many tokens to draft for whom: the step's expected tokens over all its predicted milliseconds, at its highest
 * within the limit.
 *
 * A sequence whose drafted tokens are right with probabilities a1, a2, ... gives 1 + a1 + a1 a2 + ... tokens (Leviathan
 * et al. 2023, eq. 1, with a rate for each position). The terms fall within a sequence, so the best draft of t tokens
 * over all sequences takes the t largest terms. Every t is weighed, since steps do not cost evenly more: CPU kernels
 * work in rows of four, and GPUs in tiles; and a drafter with a model of its own has rounds to pay.
 */
export function draftLengths(view: DraftView): DraftChoice {
  const { candidates, limit, predictMs, leastGain, draftingMs = () => 0, limitMs = Infinity } = view;
  const { mostShortfall = Infinity } = view;
  const lengths = candidates.map(() => 0);
  /** Probability that the next token of a draft will be drawn. */
  const terms = candidates.map(({ rates }) => rates[0] ?? 0);
  let expectedCount = candidates.length;
  let tokenCount = candidates.length;
  let readPairCount = candidates.reduce((sum, { contextTokenCount }) => sum + contextTokenCount, 0);
  const stepMs = (): number => draftingMs(lengths) + predictMs(tokenCount, readPairCount);

  function change(index: number, by: 1 | -1): void {
    const { rates, contextTokenCount } = candidates[index] as DraftCandidate;
    const length = (lengths[index] as number) + by;
    if (by > 0) expectedCount += terms[index] ?? 0;
    lengths[index] = length;
    terms[index] = rates.slice(0, length + 1).reduce((product, rate) => product * rate, 1);
    if (length >= rates.length) terms[index] = 0;
    if (by < 0) expectedCount -= terms[index] ?? 0;
    tokenCount += by;
    readPairCount += by * contextTokenCount;
  }

  let drafted = 0;
  candidates.forEach(({ rates, fixedTokenCount = 0 }, index) => {
    const wanted = Math.min(fixedTokenCount, rates.length);
    for (let length = 0; length < wanted && drafted < limit; length++) {
      change(index, 1);
      drafted++;
      if (stepMs() <= limitMs) continue;
      change(index, -1);
      drafted--;
      break;
    }
  });
  candidates.forEach(({ fixedTokenCount }, index) => {
    if (fixedTokenCount !== undefined) terms[index] = 0;
  });

  const plainMs = stepMs();
  const plainSpeed = expectedCount / plainMs;
  const plain = { lengths: lengths.slice(), milliseconds: plainMs, expectedTokenCount: expectedCount };
  let best = { ...plain, gain: 0 };
  for (; drafted < limit; drafted++) {
    const next = indexOfLargest(terms);
    if ((terms[next] ?? 0) <= 0) break;
    change(next, 1);
    const milliseconds = stepMs();
    const gain = expectedCount / milliseconds / plainSpeed;
    if (gain <= best.gain || milliseconds > limitMs) continue;
    if (
      mostShortfall === Infinity ||
      expectedShortfall(candidates, lengths, milliseconds / plainMs) <= mostShortfall
    )
      best = { lengths: lengths.slice(), milliseconds, expectedTokenCount: expectedCount, gain };
  }
  const { gain: bestGain, ...bestChoice } = best;
  return { ...(bestGain >= leastGain ? bestChoice : plain), bestGain };
}

/** Expected tokens per millisecond. */
export function speedOf({ expectedTokenCount, milliseconds }: DraftChoice): number {
  return expectedTokenCount / milliseconds;
}

function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[largest] as number)) largest = index;
  }
  return largest;
}
