import { expectedPromptCost } from '../promptcache/expected-prompt-cost.ts';
import type { CostFacts, ExpectedCost, RequestFacts } from './route-facts.ts';

/** Of an answer of which nothing is known; about what chat models write where nothing bounds them. */
const usualAnswerTokenCount = 300;

/** Pure: tokens that a tier is expected to write for one choice. */
export function expectedAnswerTokenCount({ maxTokenCount }: RequestFacts, { answers }: CostFacts): number {
  const usual = answers === null ? usualAnswerTokenCount : Math.round(answers.meanTokenCount);
  return maxTokenCount === null ? usual : Math.min(maxTokenCount, usual);
}

/** Pure: what a request is expected to cost at a tier. Never 0 where no price is known. */
export function expectedCost(request: RequestFacts, tier: CostFacts): ExpectedCost {
  const { promptTokenCount, choiceCount } = request;
  const answerTokenCount = expectedAnswerTokenCount(request, tier) * choiceCount;
  const { price, answers } = tier;
  const held = heldIn(tier);
  const inputs =
    `${promptTokenCount} tokens of prompt (4 bytes each)` +
    (held.tokenCount > 0
      ? `, ${Math.min(held.tokenCount, promptTokenCount)} of them in its provider's cache (odds ${held.odds.toFixed(2)})`
      : '') +
    `, ${answerTokenCount} of answer (${answerBasis(request, answers)})`;
  if (tier.boundary === 'machine') return { micros: 0, basis: 'this machine bills nothing' };
  const longRates =
    price?.longPrompt !== undefined && promptTokenCount > price.longPrompt.aboveTokenCount
      ? price.longPrompt.rates
      : undefined;
  if (price === null || longRates === null) {
    return { micros: null, basis: 'no price is known' };
  }
  const rates = longRates ?? price;
  const prompt = expectedPromptCost({
    tokenCount: promptTokenCount,
    heldTokenCount: held.tokenCount,
    heldOdds: held.odds,
    writtenTokenCount: held.writtenTokenCount,
    rates,
  });
  const answer = (answerTokenCount * rates.completionMicrosPerMillion) / 1_000_000;
  return { micros: prompt + answer, basis: `estimated: ${inputs}, by its price` };
}

/**
 * Providers that charge for writing hold what was marked, and marks go on with the session; the others keep the whole
 * prompt by themselves and for nothing.
 */
function heldIn({ price, held }: CostFacts): {
  readonly tokenCount: number;
  readonly odds: number;
  readonly writtenTokenCount: number;
} {
  const { tokenCount, keptTokenCount, odds } = held;
  if (price?.cacheWriteMicrosPerMillion === undefined) return { tokenCount, odds, writtenTokenCount: 0 };
  return { tokenCount: keptTokenCount, odds, writtenTokenCount: keptTokenCount };
}

function answerBasis({ maxTokenCount }: RequestFacts, answers: CostFacts['answers']): string {
  const usual =
    answers === null ? 'no answer of it was seen yet' : `the mean of its last ${String(answers.count)}`;
  return maxTokenCount === null ? usual : `${usual}, at most ${String(maxTokenCount)}`;
}
