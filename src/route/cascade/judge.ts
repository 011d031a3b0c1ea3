import type { Uncertainty } from './uncertainty.ts';

/** When the near model's beginning is good enough to be shown. */
export interface CascadeRules {
  /** Tokens of its answer that are read before it is judged; a shorter answer is judged whole. At least 1. */
  readonly tokenCount: number;
  /** Judged by what is there after so long, in milliseconds from its start; nothing there is unsure. */
  readonly holdMs: number;
  /** Unsure below this mean log-probability of a token, at most 0. */
  readonly leastMeanLogprob: number;
  /** Unsure above this mean entropy, in nats a token; `null` = not asked. */
  readonly mostMeanEntropy: number | null;
  /** Short answers drawn beside it, whose agreement is read; 0 = none, which costs nothing. 2 or more. */
  readonly sampleCount: number;
  /** Tokens of each of them. */
  readonly sampleTokenCount: number;
  /** Unsure below this agreement, 0 to 1. */
  readonly leastAgreement: number;
}

/**
 * The limit is the one that `bench -- cascade` chose on 200 prompts for SmolLM2-135M in Q4_1 (2026-11-30; in Q4_0 it is worth less:
 * docs/routing.md). On 500 others that hands on 94% of the answers, and 80% of the rest are right, of all 18%. With -0.8 it were 30%
 * and 19%: no better than no limit.
 */
export const defaultCascadeRules: CascadeRules = {
  tokenCount: 24,
  holdMs: 3000,
  leastMeanLogprob: -0.28,
  mostMeanEntropy: null,
  sampleCount: 0,
  sampleTokenCount: 16,
  leastAgreement: 0.5,
};

export interface Judgement {
  readonly isSure: boolean;
  /** One clause for the ledger: the figure and its limit. */
  readonly reason: string;
}

/** Pure. */
export function judge(seen: Uncertainty, rules: CascadeRules): Judgement {
  const { tokenCount, meanLogprob, meanEntropy, agreement } = seen;
  if (meanLogprob === null) return { isSure: false, reason: `no token within ${rules.holdMs} ms` };
  const over = `over ${tokenCount} token${tokenCount === 1 ? '' : 's'}`;
  const logprob = `mean log-probability ${meanLogprob.toFixed(2)} ${over}`;
  if (meanLogprob < rules.leastMeanLogprob)
    return { isSure: false, reason: `${logprob}, below ${rules.leastMeanLogprob}` };
  if (rules.mostMeanEntropy !== null && (meanEntropy ?? 0) > rules.mostMeanEntropy)
    return {
      isSure: false,
      reason: `mean entropy ${(meanEntropy ?? 0).toFixed(2)} nats ${over}, above ${rules.mostMeanEntropy}`,
    };
  if (rules.sampleCount > 0) {
    if (agreement === null) return { isSure: false, reason: `no short samples within ${rules.holdMs} ms` };
    const agreed = `agreement of ${rules.sampleCount} short samples ${agreement.toFixed(2)}`;
    if (agreement < rules.leastAgreement)
      return { isSure: false, reason: `${agreed}, below ${rules.leastAgreement}` };
    return { isSure: true, reason: `${logprob}, ${agreed}` };
  }
  return { isSure: true, reason: logprob };
}
