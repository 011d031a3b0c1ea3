import { NearfarError } from '../chat/error.ts';
import { costBoundMicros, isFree } from '../ledger/cost-bound.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { addedTokenCount, tokenBound } from '../ledger/token-bound.ts';
import type { FindBilling } from './billing.ts';

/** How much a request may read and write. */
export interface PromptSize {
  /** JSON of all that the model reads. Called only where money is set aside. */
  readonly prompt: () => unknown;
  readonly promptByteCount: () => number;
  /** Of one choice; null: the model's own bound. 0: nothing is written. */
  readonly maxTokenCount: number | null;
  readonly choiceCount: number;
}

export interface ModelBounds {
  /** Null: not known. */
  readonly contextTokenCount: number | null;
  readonly maxTokenCount: number | null;
  /** Whether a second server may be asked beside the first, and send a bill of its own. */
  readonly mayHedge: boolean;
}

export interface WorstCostDependencies {
  readonly billing: FindBilling;
  readonly boundsOf: (modelId: string) => ModelBounds;
}

/**
 * The most that a model can bill for a request, in millionths of a US dollar; null: its price is not known.
 * @param payer who has the budget, for the error
 * @throws NearfarError `invalid_request` where nothing bounds the answer; `unsupported` where nothing bounds the prompt
 */
export function worstCostMicros(
  { billing, boundsOf }: WorstCostDependencies,
  modelId: string,
  size: PromptSize,
  payer: string,
): number | null {
  const { price: now, dearestPrice: price = now } = billing(modelId);
  if (price === null) return null;
  if (isFree(price)) return 0;
  const bounds = boundsOf(modelId);
  const cost = costBoundMicros(sizeOf(size, modelId, bounds, payer), price);
  return cost === null || !bounds.mayHedge ? cost : 2 * cost;
}

/**
 * The most that several models can bill for one request. Beside one that is late a fallback may be asked, and both send a bill.
 * @param costs of each
 */
export function worstOfChain(
  { boundsOf }: Pick<WorstCostDependencies, 'boundsOf'>,
  modelIds: readonly string[],
  costs: readonly number[],
): number {
  const billCount = modelIds.some((id) => boundsOf(id).mayHedge) ? 2 : 1;
  const dearest = costs.toSorted((a, b) => b - a);
  return dearest.slice(0, billCount).reduce((sum, micros) => sum + micros, 0);
}

/**
 * Whether the row's cost is all that a provider can bill. An answer that broke off tells what was seen of it, and a client
 * that left, or a deadline that passed, leaves the provider working for a while: then the worst case counts.
 */
export function isCostCertain(row: LedgerRow): boolean {
  // Nobody was asked for it, or whoever asked first is charged.
  if (row.answerSource !== 'model') return true;
  if (row.costMicros === null || !row.isMeasured) return false;
  return row.upstream === undefined || !['aborted', 'timeout', 'internal'].includes(row.finish);
}

function sizeOf(
  request: PromptSize,
  modelId: string,
  { contextTokenCount, maxTokenCount }: Omit<ModelBounds, 'mayHedge'>,
  payer: string,
): { readonly promptTokenCount: number; readonly completionTokenCount: number } {
  const context = contextTokenCount ?? Infinity;
  const promptTokenCount = Math.min(context, tokenBound(request.prompt()) + addedTokenCount);
  const written = Math.min(request.maxTokenCount ?? Infinity, maxTokenCount ?? Infinity, context);
  if (!Number.isFinite(written)) {
    throw new NearfarError(
      'invalid_request',
      `${payer} has a budget, so a request to ${modelId} must say how many tokens its answer may have ` +
        '(max_tokens): the model states no bound of its own.',
      { field: 'max_tokens' },
    );
  }
  if (!Number.isFinite(promptTokenCount)) {
    throw new NearfarError(
      'unsupported',
      `The prompt refers to what is kept elsewhere, and the context of ${modelId} is not known: what it costs at most ` +
        'cannot be told, and the key has a budget. State contextTokenCount of the model in the settings.',
    );
  }
  return { promptTokenCount, completionTokenCount: written * request.choiceCount };
}
