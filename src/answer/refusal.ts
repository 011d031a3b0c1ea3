import type { NearfarError } from '../chat/error.ts';
import type { Dialect } from '../chat/request.ts';
import { localPrice } from '../ledger/cost.ts';
import type { LedgerRow } from '../ledger/row.ts';

/** A prompt that was turned away at the door, before there was a `ChatRequest`: no key, or one that is not known. */
export interface Refusal {
  readonly requestId: string;
  readonly dialect: Dialect;
  readonly error: NearfarError;
}

/** The ledger's row of a refusal: nobody is named, because nobody was recognised. */
export function refusalRow({ requestId, dialect, error }: Refusal): LedgerRow {
  return {
    requestId,
    startedAt: Date.now(),
    keyName: null,
    tenant: null,
    dialect,
    operation: null,
    requestedModel: null,
    answeringModel: null,
    privacy: 'open',
    priority: null,
    routeReasons: [],
    promptTokenCount: 0,
    cachedTokenCount: 0,
    completionTokenCount: 0,
    isMeasured: true,
    queueMs: null,
    prefillMs: null,
    decodeMs: null,
    firstTokenMs: null,
    totalMs: 0,
    finish: error.kind,
    status: error.status,
    answerSource: 'model',
    costMicros: 0,
    currency: localPrice.currency,
  };
}
