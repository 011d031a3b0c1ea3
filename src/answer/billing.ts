import type { Usage } from '../chat/part.ts';
import { costMicros, localPrice, type TokenPrice } from '../ledger/cost.ts';
import type { LedgerRow } from '../ledger/row.ts';

/** Who sends the bill for a model, and by which price. */
export interface Billing {
  /** Null: nobody, it is this machine's. */
  readonly upstream: string | null;
  /** Null: not known. */
  readonly price: TokenPrice | null;
}

/** @param modelId the model that answered or was to; null where none was chosen */
export type FindBilling = (modelId: string | null) => Billing;

export const ownBilling: Billing = { upstream: null, price: localPrice };

/**
 * What a request cost. Unknown is null and never 0: a model without a price, and an answer of an upstream that broke off
 * before it told what it had read. What reached no model cost nothing.
 */
export function billed(
  tokens: Usage,
  isMeasured: boolean,
  { upstream, price }: Billing,
): Pick<LedgerRow, 'costMicros' | 'currency' | 'cacheWriteTokenCount'> {
  const currency = (price ?? localPrice).currency;
  const written = (tokens.cacheWriteTokenCount ?? 0) + (tokens.longCacheWriteTokenCount ?? 0);
  const kept = written === 0 ? {} : { cacheWriteTokenCount: written };
  if (isMeasured && tokens.promptTokenCount === 0 && tokens.completionTokenCount === 0) {
    return { costMicros: 0, currency, ...kept };
  }
  const isUntold = upstream !== null && !isMeasured && tokens.promptTokenCount === 0;
  return { costMicros: price === null || isUntold ? null : costMicros(tokens, price), currency, ...kept };
}
