import type { AnswerSource, Usage } from '../chat/part.ts';
import { costMicros, localPrice, uncachedCostMicros, type TokenPrice } from '../ledger/cost.ts';
import type { LedgerRow } from '../ledger/row.ts';

/** Who sends the bill for a model, and by which price. */
export interface Billing {
  /** Null: nobody, it is this machine's. */
  readonly upstream: string | null;
  /** Null: not known. */
  readonly price: TokenPrice | null;
  /** What it is at the dearest hour, where it depends on that. @default the price */
  readonly dearestPrice?: TokenPrice;
  /** What it says that a request cost is what it bills, and goes before any price. @default false */
  readonly isToldByUpstream?: boolean;
}

/** @param modelId the model that answered or was to; null where none was chosen */
export type FindBilling = (modelId: string | null) => Billing;

export const ownBilling: Billing = { upstream: null, price: localPrice };

/**
 * What a request cost. Unknown is null and never 0: a model without a price, and an answer of an upstream that broke off
 * before it told what it had read. A reseller's own word on what it bills goes before a price. What reached no model cost nothing, nor does an answer that was given before.
 */
export function billed(
  tokens: Usage,
  isMeasured: boolean,
  { upstream, price, isToldByUpstream = false }: Billing,
  source: AnswerSource = 'model',
): Pick<LedgerRow, 'costMicros' | 'currency' | 'cacheWriteTokenCount' | 'uncachedCostMicros'> {
  const currency = (price ?? localPrice).currency;
  const written = (tokens.cacheWriteTokenCount ?? 0) + (tokens.longCacheWriteTokenCount ?? 0);
  const kept = written === 0 ? {} : { cacheWriteTokenCount: written };
  if (isMeasured && tokens.promptTokenCount === 0 && tokens.completionTokenCount === 0) {
    return { costMicros: 0, currency, ...kept };
  }
  const isUntold = upstream !== null && !isMeasured && tokens.promptTokenCount === 0;
  const known = price === null || isUntold ? null : price;
  const uncached = known === null || upstream === null ? null : uncachedCostMicros(tokens, known);
  const saved = uncached === null ? {} : { uncachedCostMicros: uncached };
  if (source !== 'model') return { costMicros: 0, currency, ...saved };
  const { reportedCostMicros: reported } = tokens;
  if (isToldByUpstream && reported !== undefined && currency === 'USD') {
    return { costMicros: reported, currency, ...kept, ...saved };
  }
  return { costMicros: known === null ? null : costMicros(tokens, known), currency, ...kept, ...saved };
}
