import { costMicros, type TokenPrice } from '../ledger/cost.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import type { CapturedQuestion } from './captured-question.ts';
import { judgePrompt } from './judge-prompt.ts';

/** What it would cost to have captured questions answered and judged: pure estimates. */
export interface ExpectedCost {
  readonly model: string;
  readonly purpose: 'answer' | 'judge';
  readonly requestCount: number;
  /** Millionths of a US dollar; null: the model has no known price. */
  readonly micros: number | null;
}

/** A verdict with one sentence of reason. */
const verdictTokenCount = 60;

/**
 * Four bytes of text a token; answers as long as those that were given.
 * @param priceOf null: not known
 */
export function expectCosts(
  questions: readonly CapturedQuestion[],
  models: readonly string[],
  judge: string,
  priceOf: (model: string) => TokenPrice | null,
): readonly ExpectedCost[] {
  let judgings = 0;
  let judgedTokens = 0;
  const rows = models.map((model): ExpectedCost => {
    const asked = questions.filter(({ answeringModel }) => answeringModel !== model);
    const prompt = asked.reduce((sum, { comparable }) => sum + tokenEstimate(comparable.characterCount), 0);
    const answer = asked.reduce((sum, one) => sum + tokenEstimate(one.answer.length), 0);
    judgings += 2 * asked.length;
    judgedTokens += asked.reduce((sum, { comparable, answer: given }) => {
      const texts = judgePrompt(comparable.question, given, given).map(({ content }) => content.length);
      return sum + 2 * tokenEstimate(texts.reduce((total, length) => total + length, 0));
    }, 0);
    return {
      model,
      purpose: 'answer',
      requestCount: asked.length,
      micros: costOf(prompt, answer, priceOf(model)),
    };
  });
  const micros = costOf(judgedTokens, judgings * verdictTokenCount, priceOf(judge));
  return [...rows, { model: judge, purpose: 'judge', requestCount: judgings, micros }];
}

function costOf(
  promptTokenCount: number,
  completionTokenCount: number,
  price: TokenPrice | null,
): number | null {
  if (price === null) return null;
  return costMicros({ promptTokenCount, cachedTokenCount: 0, completionTokenCount }, price);
}
