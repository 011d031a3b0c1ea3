import type { ErrorKind } from '../chat/error.ts';
import type { ContextOverflow } from '../chat/overflow.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { AnswerSource, CascadeOutcome, FinishReason } from '../chat/part.ts';
import type { Dialect, Priority, PrivacyLabel, Purpose } from '../chat/request.ts';
import type { PrivacyAudit } from '../privacy/audit.ts';

/** What the router made of a request. */
export interface LedgerRoute {
  /** The tier that answered, or was to; null: none of them. */
  readonly tier: string | null;
  readonly policy: string;
  /** 0-1; null: there was no text to tell it from. */
  readonly difficulty: number | null;
  readonly task: string | null;
  /** Every tier with what the request was expected to cost there, in millionths; null: not known. */
  readonly expected: readonly {
    readonly tier: string;
    readonly model: string;
    readonly micros: number | null;
  }[];
  /** Where it only observed: what it would have chosen. */
  readonly observed?: {
    readonly tier: string;
    readonly model: string;
    readonly micros: number | null;
  };
}

/** What the ledger keeps of one request, whatever its end. No prompt, no answer, no secret. */
export interface LedgerRow {
  /** The request's id, also sent to the client as `x-request-id`. */
  readonly requestId: string;
  /** When the request entered the pipeline, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Name of the key; null where nobody was recognised. */
  readonly keyName: string | null;
  readonly tenant: string | null;
  readonly dialect: Dialect;
  /** OpenTelemetry's name of what was asked; null where the request was refused before it was read. */
  readonly operation: 'chat' | 'text_completion' | 'embeddings' | 'rerank' | null;
  /** As the client wrote it; null where the request was refused before it was read. */
  readonly requestedModel: string | null;
  /** The model that answered, or was chosen to before the request failed; never an alias; null where none was. */
  readonly answeringModel: string | null;
  /** The upstream that it belongs to; absent: this machine. */
  readonly upstream?: string;
  readonly privacy: PrivacyLabel;
  /** The class that was asked for; null where the request was refused before it was read, and of texts to embed. */
  readonly priority: Priority | null;
  /** Why this model, one sentence each. */
  readonly routeReasons: readonly string[];
  /** What the router decided, or would have; absent: a name did. */
  readonly route?: LedgerRoute;
  readonly promptTokenCount: number;
  /** Of the prompt tokens, those served from a cache. */
  readonly cachedTokenCount: number;
  /** Of the prompt tokens, those that a provider wrote into its cache; absent: none. */
  readonly cacheWriteTokenCount?: number;
  readonly completionTokenCount: number;
  /** What of prompt and answer the model did not see; absent where everything fitted. */
  readonly overflow?: ContextOverflow;
  /** False where the answer broke off and completion tokens were counted by deltas seen: a lower bound. */
  readonly isMeasured: boolean;
  /** Measured by the engine; null where the request did not get that far. */
  readonly queueMs: number | null;
  readonly prefillMs: number | null;
  readonly decodeMs: number | null;
  /** Measured by the gateway, from entry to the first text; null where none came. */
  readonly firstTokenMs: number | null;
  /** Measured by the gateway, from entry to end. */
  readonly totalMs: number;
  readonly finish: FinishReason | ErrorKind;
  /** HTTP status of this end: 200, or the error's. */
  readonly status: number;
  /** Whether a model ran for it. */
  readonly answerSource: AnswerSource;
  /** In millionths of `currency`; 0 for this machine's models, null where it is not known. */
  readonly costMicros: number | null;
  /**
   * What an upstream's model would have cost for it without any cache, the provider's or ours, by the price of its day.
   * Absent: not known, or this machine's.
   */
  readonly uncachedCostMicros?: number;
  /** ISO 4217. */
  readonly currency: string;
  /** What was decided about where it may go; absent: it was plainly open. In a table of its own. */
  readonly audit?: PrivacyAudit;
  /** Keyed hashes of the prompt's beginnings; absent where they may not be kept or nothing was asked. */
  readonly prefix?: PromptPrefix;
  /**
   * What counts for the budgets of the key, in millionths, where money was set aside for the request: its cost, or all that
   * was set aside while that is not known for certain. Absent: nothing was, and its cost counts.
   */
  readonly chargedMicros?: number;
  /**
   * The semantic cache had an answer for it and the model was asked all the same, to see whether that answer is right: what it cost,
   * or all that was set aside while that is not known for certain, in millionths. Absent: it was no such check.
   */
  readonly checkMicros?: number;
  /**
   * What a cascade spent on the near model before this answer; which model and why, a sentence of `routeReasons` says. Absent: there
   * was none.
   */
  readonly cascade?: Pick<CascadeOutcome, 'tokenCount' | 'ms' | 'isEscalated'>;
  /** Why nearfar asked; absent: a client did. Such rows are no traffic: their cost is told apart. */
  readonly purpose?: Purpose;
}
