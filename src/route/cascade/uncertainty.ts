import type { TokenLogprob } from '../../chat/part.ts';

/** What the beginning of an answer says of how sure its model is. Natural logarithms; `null` = nothing to go by. */
export interface Uncertainty {
  readonly tokenCount: number;
  /** Of the tokens that were drawn: 0 at most, and the lower the less sure. */
  readonly meanLogprob: number | null;
  /** In nats a token: 0 where there was no other choice. A lower bound, see `entropyOf`. */
  readonly meanEntropy: number | null;
  /** How alike short answers to the same prompt are, 0 to 1. */
  readonly agreement: number | null;
}

export function uncertaintyOf(tokens: readonly TokenLogprob[], agreement: number | null): Uncertainty {
  return {
    tokenCount: tokens.length,
    meanLogprob: mean(tokens.map(({ logprob }) => logprob)),
    meanEntropy: mean(tokens.map(entropyOf)),
    agreement,
  };
}

/**
 * Entropy of the next token's distribution, of which only the likeliest are known: what is left counts as one token more, which
 * is the least that it can be. In nats.
 */
export function entropyOf({ logprob, token, top }: TokenLogprob): number {
  const known = top.some((one) => one.token === token) ? top : [...top, { logprob }];
  let left = 1;
  let entropy = 0;
  for (const { logprob } of known) {
    const probability = Math.exp(logprob);
    left -= probability;
    if (probability > 0) entropy -= probability * logprob;
  }
  return left > 1e-9 ? entropy - left * Math.log(left) : entropy;
}

/**
 * How alike texts are: the mean over their pairs of the F1 of their words (each word as often as it stands there). 1 where all
 * say the same; `null` for fewer than two.
 */
export function agreementOf(texts: readonly string[]): number | null {
  const counted = texts.map(wordCounts);
  const scores: number[] = [];
  for (const [index, one] of counted.entries())
    for (const other of counted.slice(index + 1)) scores.push(overlap(one, other));
  return mean(scores);
}

function wordCounts(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function overlap(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  const total = [...one.values(), ...other.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return 1;
  let shared = 0;
  for (const [word, count] of one) shared += Math.min(count, other.get(word) ?? 0);
  return (2 * shared) / total;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
