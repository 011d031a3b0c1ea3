import type { Caller } from '../access/access.ts';
import { allowedModels } from '../access/model-pattern.ts';
import type { RateLimits, RateTicket } from '../access/rate-limits.ts';
import { NearfarError } from '../chat/error.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import type { Reserve, Reservation } from './reserve.ts';
import type { PromptSize } from './worst-cost.ts';

/** What limits and budgets must know of a request. */
export interface AskedRequest extends PromptSize {
  readonly id: string;
  readonly requestedModel: string;
  /** Milliseconds since the epoch; decides the day whose budget pays. */
  readonly startedAt: number;
}

/** The stage between route and model: which models the key may ask, how often, and whether it can pay. */
export interface Admission {
  /** Begins nothing yet; `close` may be called before `enter` has answered. */
  admit(asked: AskedRequest, caller: Caller): Admitted;
}

export interface Admitted {
  /**
   * @param costsNothing the answer is there already: nothing is reserved, and an empty budget is no matter
   * @returns the models that may be asked, in order
   * @throws NearfarError `forbidden`, `rate_limited`, `budget_exhausted`, or what `Reserve` throws
   */
  enter(decision: RouteDecision, costsNothing?: boolean): Promise<readonly [string, ...string[]]>;
  /** The request's row, with what counts for the budget. Called once, at its end, whatever that is. */
  close(row: LedgerRow): LedgerRow;
  /** In place of `close`, where the request begins anew: nothing is counted or held any more. */
  cancel(): Promise<void>;
}

export interface AdmissionDependencies {
  readonly rates: Pick<RateLimits, 'admit'>;
  /** Null: nothing here costs money. */
  readonly reserve: Reserve | null;
}

/** Everyone may ask everything: for tests and runs without keys. */
export const openAdmission: Admission = {
  admit: () => ({
    enter: ({ modelId, fallbackIds = [] }) => Promise.resolve([modelId, ...fallbackIds]),
    close: (row) => row,
    cancel: () => Promise.resolve(),
  }),
};

export function createAdmission({ rates, reserve }: AdmissionDependencies): Admission {
  return {
    admit(asked, caller) {
      const { limits } = caller;
      if (limits === undefined) return openAdmission.admit(asked, caller);
      let ticket: RateTicket | null = null;
      let reservation: Reservation | null = null;
      let isClosed = false;
      // Asked again behind each await.
      const hasLeft = (): boolean => isClosed;
      return {
        async enter({ modelId, fallbackIds = [], routed }, costsNothing = false) {
          if (hasLeft()) throw clientLeft();
          const { keyName } = caller;
          const allowed = allowedModels(limits, keyName, asked.requestedModel, [modelId, ...fallbackIds]);
          ticket = rates.admit(caller, () => ({
            promptTokenCount: tokenEstimate(asked.promptByteCount()),
            maxTokenCount: asked.maxTokenCount === null ? null : asked.maxTokenCount * asked.choiceCount,
          }));
          if (reserve === null || costsNothing) return allowed;
          const wanted = { ...asked, keyName, limits, mayStepDown: routed !== undefined };
          const { modelIds, reservation: made } = await reserve(wanted, allowed).catch((thrown: unknown) => {
            // What was refused does not count.
            ticket?.takeBack();
            throw thrown;
          });
          reservation = made;
          if (hasLeft()) {
            // The client left meanwhile: its row knows of no reservation.
            await made?.release();
            throw clientLeft();
          }
          return modelIds;
        },
        async cancel() {
          isClosed = true;
          ticket?.takeBack();
          await reservation?.release();
        },
        close(row) {
          isClosed = true;
          ticket?.close(row.promptTokenCount + row.completionTokenCount);
          return reservation === null ? row : { ...row, chargedMicros: reservation.charge(row) };
        },
      };
    },
  };
}

function clientLeft(): NearfarError {
  return new NearfarError('aborted', 'The client went away.');
}
