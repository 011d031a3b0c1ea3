import type { Usage } from '../chat/part.ts';
import { billed, type FindBilling } from './billing.ts';

type Cost = ReturnType<typeof billed>;

/**
 * Adds what was spent on models that were asked too and cut off before they said anything (hedging). They told no usage, so
 * it is estimated: what reading the whole prompt costs, without a discount for what was cached. Where that
 * is not known, neither is the request's cost. Pure.
 * @param tokens of the answer that was given: the same prompt
 */
export function withAbandoned(
  cost: Cost,
  abandoned: readonly string[],
  tokens: Usage,
  findBilling: FindBilling,
): { readonly cost: Cost; readonly reasons: readonly string[] } {
  let { costMicros } = cost;
  const reasons: string[] = [];
  for (const id of abandoned) {
    const billing = findBilling(id);
    if (billing.upstream === null) {
      reasons.push(`${id} was cut off before its first token; it is this machine's and sends no bill`);
      continue;
    }
    const isTold = tokens.isMeasured !== false && tokens.promptTokenCount > 0;
    const prompt = {
      promptTokenCount: tokens.promptTokenCount,
      cachedTokenCount: 0,
      completionTokenCount: 0,
    };
    const spent = billed(prompt, isTold, billing);
    if (spent.costMicros === null || (costMicros !== null && spent.currency !== cost.currency)) {
      costMicros = null;
      reasons.push(`${id} was cut off before its first token; what that cost is not known`);
    } else {
      if (costMicros !== null) costMicros += spent.costMicros;
      const amount = `${spent.costMicros} millionths of ${spent.currency}`;
      reasons.push(`${id} was cut off before its first token: ${amount} estimated for its prompt`);
    }
  }
  return { cost: { ...cost, costMicros }, reasons };
}
