import type { TokenRates } from '../ledger/cost.ts';

export interface ExpectedPrompt {
  /** Of the whole prompt. */
  readonly tokenCount: number;
  /** Of its beginning, as many as this upstream or replica is believed to hold. */
  readonly heldTokenCount: number;
  /** The odds that it still does, 0 to 1. */
  readonly heldOdds: number;
  /** How many tokens it will be made to write where it does not hold them; 0 where it keeps for nothing. */
  readonly writtenTokenCount: number;
  readonly rates: TokenRates;
}

/**
 * Pure: what the prompt is expected to cost at one upstream, in millionths of its currency, not rounded. A session moves
 * where this plus what waiting costs is less, and stays otherwise: no rule says that it must do either.
 *
 * For whoever chooses among upstreams that bill differently: what is held there `PromptCache.heldTokenCount` tells, the odds
 * the planner's memory. Replicas of one upstream cost the same; among them `balance/` weighs time.
 */
export function expectedPromptCost(prompt: ExpectedPrompt): number {
  const { tokenCount, rates } = prompt;
  const held = Math.min(prompt.heldTokenCount, tokenCount);
  const odds = Math.min(1, Math.max(0, prompt.heldOdds));
  const writeRate = rates.cacheWriteMicrosPerMillion ?? rates.promptMicrosPerMillion;
  const cost = (read: number): number => {
    const written = Math.max(0, Math.min(prompt.writtenTokenCount, tokenCount) - read);
    const plain = tokenCount - read - written;
    return read * rates.cachedMicrosPerMillion + written * writeRate + plain * rates.promptMicrosPerMillion;
  };
  return (odds * cost(held) + (1 - odds) * cost(0)) / 1_000_000;
}
