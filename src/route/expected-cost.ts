import { expectedPromptCost } from '../promptcache/expected-prompt-cost.ts';
import type { ExpectedCost, RequestFacts, TierFacts } from './route-facts.ts';

/** Of an answer of which nothing is known; about what chat models write where nothing bounds them. */
const usualAnswerTokenCount = 300;

/** Pure: tokens that a tier is expected to write for one choice. */
export function expectedAnswerTokenCount({ maxTokenCount }: RequestFacts, { answers }: TierFacts): number {
  const usual = answers === null ? usualAnswerTokenCount : Math.round(answers.meanTokenCount);
  return maxTokenCount === null ? usual : Math.min(maxTokenCount, usual);
}

/** Pure: what a request is expected to cost at a tier. Never 0 where no price is known. */
export function expectedCost(request: RequestFacts, tier: TierFacts): ExpectedCost {
  const { promptTokenCount, choiceCount } = request;
  const answerTokenCount = expectedAnswerTokenCount(request, tier) * choiceCount;
  const { price, held, answers } = tier;
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
    writtenTokenCount: 0,
    rates,
  });
  const answer = (answerTokenCount * rates.completionMicrosPerMillion) / 1_000_000;
  return { micros: prompt + answer, basis: `estimated: ${inputs}, by its price` };
}

function answerBasis({ maxTokenCount }: RequestFacts, answers: TierFacts['answers']): string {
  const usual =
    answers === null ? 'no answer of it was seen yet' : `the mean of its last ${String(answers.count)}`;
  return maxTokenCount === null ? usual : `${usual}, at most ${String(maxTokenCount)}`;
}
