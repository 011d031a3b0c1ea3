import type { PayCheck } from '../cache/semantic/semantic-cache.ts';
import { toNearfarError } from '../chat/error.ts';
import type { BudgetBook } from '../ledger/budget-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { checksKeyName, reservationOfCheck } from '../ledger/budget-periods.ts';
import { patiently } from './patiently.ts';
import { isHeldByOthers } from './reserve.ts';
import { worstCostMicros, worstOfChain, type PromptSize, type WorstCostDependencies } from './worst-cost.ts';

/** Pays for asking an upstream although the semantic cache has an answer, so that it stays known how often those are wrong. */
export interface CheckPurse {
  /** @param modelIds those that may be asked */
  of(request: CheckedRequest, modelIds: readonly string[]): PayCheck;
  /** Gives back what a request held that no row will name. */
  release(requestId: string): Promise<void>;
}

export interface CheckedRequest extends PromptSize {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface CheckPurseDependencies extends WorstCostDependencies {
  readonly budgets: Pick<BudgetBook, 'reserve' | 'release'>;
  readonly ledger: Pick<Ledger, 'flush'>;
  /** Millionths of a US dollar; null: no bound. */
  readonly dayMicros: number | null;
  readonly monthMicros: number | null;
  readonly warn: (message: string, cause?: unknown) => void;
  readonly now: () => number;
}

/** So long the budget is taken to be empty after requests under way held what was left of it. */
const heldMs = 1000;
/** And after the store did not answer. */
const storeMs = 5000;

/**
 * The worst case is set aside before a check, and what it cost counts once its row is in the ledger, as with the budgets of keys:
 * checks at once never cost more than the budget. Where that is spent, or nobody knows what a check may cost, no hits are given,
 * for nothing would show that they are right; the model answers, as without the cache.
 */
export function createCheckPurse(dependencies: CheckPurseDependencies): CheckPurse {
  const { budgets, ledger, dayMicros, monthMicros, warn, now } = dependencies;
  const isBounded = dayMicros !== null || monthMicros !== null;
  const wholeMicros = Math.min(dayMicros ?? Infinity, monthMicros ?? Infinity);
  let emptyUntil = 0;
  const unpayable = new Set<string>();

  /** Null: nobody can tell. */
  function worstCost(request: PromptSize, modelIds: readonly string[]): number | null {
    const costs: number[] = [];
    for (const id of modelIds) {
      const cost = worstCostOf(request, id);
      if (cost === null) return null;
      costs.push(cost);
    }
    return worstOfChain(dependencies, modelIds, costs);
  }

  function worstCostOf(request: PromptSize, modelId: string): number | null {
    let why = `the price of ${modelId} is not known (upstreams[].models[].price)`;
    try {
      const cost = worstCostMicros(dependencies, modelId, request, 'cache.semantic.checkBudget');
      if (cost !== null) return cost;
    } catch (thrown) {
      why = toNearfarError(thrown).message;
    }
    if (!unpayable.has(modelId) && unpayable.size < warnedModels) {
      warn(
        `The semantic cache gives no answers of ${modelId}, for it cannot tell what checking them would cost: ${why}.`,
      );
      unpayable.add(modelId);
    }
    return null;
  }

  async function reserve({ id, startedAt }: CheckedRequest, amountMicros: number): Promise<number | null> {
    const wanted = { startedAt, amountMicros, dayMicros, monthMicros };
    const write = () =>
      budgets.reserve({ ...wanted, requestId: reservationOfCheck(id), keyName: checksKeyName });
    try {
      let result = await write();
      if (result.type === 'refused' && isHeldByOthers(result, amountMicros)) {
        // What has just ended is not settled yet.
        await ledger.flush();
        result = await write();
      }
      if (result.type === 'reserved') return amountMicros;
      const isHeld = isHeldByOthers(result, amountMicros);
      emptyUntil = isHeld ? now() + heldMs : result.renewsAt;
      if (!isHeld) {
        const until = new Date(result.renewsAt).toISOString();
        warn(
          `The checks of the semantic cache have spent their budget of the ${result.unit} (cache.semantic.checkBudget): until ` +
            `${until} it gives no answers of upstreams.`,
        );
      }
    } catch (thrown) {
      emptyUntil = now() + storeMs;
      warn('No money can be set aside for a check of the semantic cache: the store does not answer.', thrown);
    }
    return null;
  }

  return {
    of(request, modelIds) {
      if (!isBounded) return { canPay: () => true, pay: () => Promise.resolve(0) };
      let known: { readonly micros: number | null } | null = null;
      const micros = (): number | null => (known ??= { micros: worstCost(request, modelIds) }).micros;
      return {
        canPay() {
          const amount = micros();
          // What is more than the whole budget is never paid, whether or not that was tried.
          return amount === 0 || (amount !== null && amount <= wholeMicros && now() >= emptyUntil);
        },
        async pay() {
          const amount = micros();
          if (amount === null || amount === 0) return amount;
          // Of one that is too large for the budget nothing follows for others.
          return amount > wholeMicros || now() < emptyUntil ? null : reserve(request, amount);
        },
      };
    },
    release: (requestId) => patiently(() => budgets.release(reservationOfCheck(requestId))),
  };
}

/** Clients choose the names. */
const warnedModels = 100;
