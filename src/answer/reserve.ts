import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyLimits } from '../access/limits.ts';
import { NearfarError } from '../chat/error.ts';
import type { BudgetBook, ReserveResult, WantedReservation } from '../ledger/budget-book.ts';
import { isFree } from '../ledger/cost-bound.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { patiently } from './patiently.ts';
import {
  isCostCertain,
  worstCostMicros,
  worstOfChain,
  type PromptSize,
  type WorstCostDependencies,
} from './worst-cost.ts';

export interface ReserveRequest extends PromptSize {
  readonly id: string;
  readonly startedAt: number;
  readonly keyName: string;
  readonly limits: KeyLimits;
  /** Whether what costs nothing may be asked in the place of what cannot be paid for: the client named no model. */
  readonly mayStepDown?: boolean;
}

export interface Reservation {
  /** What counts for the budget once the request has ended, in millionths. */
  charge(row: LedgerRow): number;
  /** Gives all of it back. */
  release(): Promise<void>;
}

/**
 * Sets aside the most that a request can cost at any of its models. Those that cost nothing need nothing.
 * @returns the models that may be asked: fallbacks that could not be paid for by any known price are left out
 * @throws NearfarError `budget_exhausted`; `rate_limited` where requests under way hold what is left; `forbidden` where the
 *   price is not known; `invalid_request` where nothing bounds the answer; `unavailable` where the store does not answer
 */
export type Reserve = (
  request: ReserveRequest,
  modelIds: readonly [string, ...string[]],
) => Promise<{
  readonly modelIds: readonly [string, ...string[]];
  readonly reservation: Reservation | null;
}>;

export interface ReserveDependencies extends WorstCostDependencies {
  readonly budgets: Pick<BudgetBook, 'reserve' | 'release'>;
  readonly ledger: Pick<Ledger, 'flush'>;
  /** What a key with a budget may do with models whose price is not known. */
  readonly unknownPrice: 'refuse' | 'allow';
  readonly warn: (message: string, cause?: unknown) => void;
  readonly now?: () => number;
}

/** Rows that ended elsewhere are in the store after so long; then what they held is free. */
const settledMs = 120;

export function createReserve(dependencies: ReserveDependencies): Reserve {
  const { budgets, ledger, billing, unknownPrice, warn, now = Date.now } = dependencies;

  /** Null: nothing is known to be billed. */
  function boundOf(modelId: string, request: ReserveRequest): number | null {
    const cost = worstCostMicros(dependencies, modelId, request, `The key "${request.keyName}"`);
    return cost === null && unknownPrice === 'allow' ? 0 : cost;
  }

  /** What nobody sends a bill for, and not what nobody knows the price of. */
  function costsNothing(modelId: string): boolean {
    const { price: now, dearestPrice: price = now } = billing(modelId);
    return price !== null && isFree(price);
  }

  async function write(wanted: WantedReservation): Promise<ReserveResult> {
    try {
      return await patiently(() => budgets.reserve(wanted));
    } catch (thrown) {
      warn('No money can be set aside: the store does not answer.', thrown);
      throw new NearfarError('unavailable', 'The budget of this key cannot be asked now.', {
        retryAfterSeconds: 2,
        cause: thrown,
      });
    }
  }

  return async (request, modelIds) => {
    const { dayMicros, monthMicros } = request.limits;
    if (dayMicros === null && monthMicros === null) return { modelIds, reservation: null };
    const bounds = modelIds.map((id) => ({ id, micros: boundOf(id, request) }));
    const [first, ...others] = bounds.flatMap(({ id, micros }) => (micros === null ? [] : [{ id, micros }]));
    const [nextBest, ...furtherFree] = request.mayStepDown === true ? modelIds.filter(costsNothing) : [];
    const stepDown = nextBest === undefined ? null : ([nextBest, ...furtherFree] as const);
    if (first === undefined || first.id !== modelIds[0]) {
      if (stepDown !== null) return { modelIds: stepDown, reservation: null };
      throw unknownCost(request.keyName, modelIds[0]);
    }
    const payable = [first.id, ...others.map(({ id }) => id)] as const;
    const costs = [first, ...others].map(({ micros }) => micros);
    const amountMicros = worstOfChain(dependencies, payable, costs);
    if (amountMicros === 0) return { modelIds: payable, reservation: null };

    const wanted = {
      requestId: request.id,
      keyName: request.keyName,
      startedAt: request.startedAt,
      amountMicros,
      dayMicros,
      monthMicros,
    };
    let result = await write(wanted);
    if (result.type === 'refused' && isHeldByOthers(result, amountMicros)) {
      // What has just ended is not settled yet: a client that asks one thing after another must not be refused for it.
      await ledger.flush();
      result = await write(wanted);
    }
    if (result.type === 'refused' && isHeldByOthers(result, amountMicros)) {
      await sleep(settledMs);
      result = await write(wanted);
    }
    if (result.type === 'refused' && stepDown !== null && !isHeldByOthers(result, amountMicros)) {
      return { modelIds: stepDown, reservation: null };
    }
    if (result.type === 'refused') throw refusal(request.keyName, result, amountMicros, now());
    return {
      modelIds: payable,
      reservation: {
        charge: (row) => (isCostCertain(row) ? (row.costMicros ?? 0) : amountMicros),
        release: () => patiently(() => budgets.release(request.id)),
      },
    };
  };
}

/** Requests under way hold what is left. */
export function isHeldByOthers(
  { spentMicros, limitMicros }: Extract<ReserveResult, { type: 'refused' }>,
  amountMicros: number,
): boolean {
  return spentMicros + amountMicros <= limitMicros;
}

function refusal(
  keyName: string,
  refused: Extract<ReserveResult, { type: 'refused' }>,
  amountMicros: number,
  at: number,
): NearfarError {
  const { unit, limitMicros, spentMicros, reservedMicros, renewsAt } = refused;
  const budget = `budget of ${dollars(limitMicros)} a ${unit}`;
  if (isHeldByOthers(refused, amountMicros)) {
    return new NearfarError(
      'rate_limited',
      `Requests under way of the key "${keyName}" hold ${dollars(reservedMicros)} of its ${budget}; ` +
        `${dollars(spentMicros)} are spent, and this request may cost ${dollars(amountMicros)}.`,
      { retryAfterSeconds: 1 },
    );
  }
  const left = Math.max(0, limitMicros - spentMicros);
  const words =
    left === 0
      ? `The key "${keyName}" has spent its ${budget}.`
      : `The key "${keyName}" has ${dollars(left)} left of its ${budget}, and this request may cost ` +
        `${dollars(amountMicros)}: ask for fewer tokens (max_tokens) or a cheaper model.`;
  const renews = new Date(renewsAt).toISOString();
  return new NearfarError('budget_exhausted', `${words} The next ${unit} begins at ${renews}.`, {
    retryAfterSeconds: Math.ceil((renewsAt - at) / 1000),
  });
}

function unknownCost(keyName: string, modelId: string): NearfarError {
  return new NearfarError(
    'forbidden',
    `The key "${keyName}" has a budget, and what ${modelId} costs for this prompt is not known. The owner can state its ` +
      'price (upstreams[].models[].price) or set budgets.unknownPrice: allow.',
    { field: 'model' },
  );
}

/** 1_234_500 -> `$1.2345`; up to six places, as millionths are. */
export function dollars(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(6).replace(/(\.\d\d\d*?)0+$/, '$1')}`;
}
