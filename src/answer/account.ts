import type { Caller } from '../access/access.ts';
import { isDelta, type AnswerSource, type ChatPart, type Delivery, type FinishReason } from '../chat/part.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest, Priority } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { auditOf } from '../privacy/audit.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import { withAbandoned } from './abandoned.ts';
import { ledgerRoute } from './route-note.ts';
import { billed, type Billing, type FindBilling } from './billing.ts';
import type { BoundaryOf } from './place.ts';
import type { LastPart } from './single-end.ts';
import { isCostCertain } from './worst-cost.ts';

/** Told of every gap between two pieces of text of one choice, in milliseconds. Called per token: keep it cheap. */
export type ObserveGap = (model: string, priority: Priority, milliseconds: number) => void;

/** What a row says of a request. */
export interface AccountedRequest extends Pick<
  ChatRequest,
  'id' | 'dialect' | 'requestedModel' | 'privacy' | 'priority' | 'isStreamed' | 'purpose'
> {
  readonly operation: LedgerRow['operation'];
}

/** What left for an upstream, for requests that end before it said what it read. */
export interface SentPrompt {
  /** The models that were sent the prompt; called once. */
  readonly take: () => readonly string[];
  /** Estimated tokens of the prompt. */
  readonly estimateTokenCount: () => number;
}

/** Keeps count of one request on its way, so that there is a row whatever its end. */
export class Account {
  readonly #request: AccountedRequest;
  readonly #caller: Caller;
  readonly #observeGap: ObserveGap;
  readonly #billing: FindBilling;
  readonly #sent: SentPrompt | null;
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();
  readonly #enteredAt = performance.now();
  #decision: RouteDecision | null = null;
  #privacy: ChatRequest['privacy'];
  #verdict: ChatRequest['verdict'];
  #boundaryOf: BoundaryOf = () => 'outside';
  #start: Extract<ChatPart, { type: 'start' }> | null = null;
  #source: AnswerSource = 'model';
  #delivery: Delivery | null = null;
  #prefix: PromptPrefix | null = null;
  #checkMicros: number | null = null;
  #deltaCount = 0;
  #finish: FinishReason = 'stop';
  #firstTextAt: number | null = null;
  #lastTextAt = 0;

  constructor(
    request: AccountedRequest,
    caller: Caller,
    observeGap: ObserveGap,
    billing: FindBilling,
    sent: SentPrompt | null = null,
  ) {
    this.#sent = sent;
    this.#request = request;
    this.#caller = caller;
    this.#observeGap = observeGap;
    this.#billing = billing;
    this.#privacy = request.privacy;
  }

  label({ privacy, verdict }: Pick<ChatRequest, 'privacy' | 'verdict'>, boundaryOf: BoundaryOf): void {
    this.#privacy = privacy;
    this.#verdict = verdict;
    this.#boundaryOf = boundaryOf;
  }

  decide(decision: RouteDecision): void {
    this.#decision = decision;
  }

  /** The id of the model that answers, once it has begun to. */
  get answeringModel(): string | null {
    return this.#start?.model ?? null;
  }

  get hasFallbacks(): boolean {
    return (this.#decision?.fallbackIds ?? []).length > 0;
  }

  /** Where the answer comes from, as far as its parts do not say it. */
  from(source: AnswerSource): void {
    this.#source = source;
  }

  deliver(delivery: Delivery): void {
    this.#delivery = delivery;
  }

  /** It is a check of the semantic cache, for which so much was set aside; null: it is none. */
  check(reservedMicros: number | null): void {
    this.#checkMicros = reservedMicros;
  }

  /** What may be kept of the prompt. */
  keep(prefix: PromptPrefix | null): void {
    this.#prefix = prefix;
  }

  /** Runs once per part. */
  see(part: ChatPart): void {
    if (isDelta(part)) {
      this.#deltaCount += part.type === 'text-delta' ? (part.logprobs?.length ?? 1) : 1;
      const now = performance.now();
      if (this.#firstTextAt === null) this.#firstTextAt = now;
      // Other choices' pieces come in the same step: only one choice's gaps say what a reader sees.
      else if (part.choice === 0 && this.#lastTextAt > 0) {
        this.#observeGap(this.#start?.model ?? 'unknown', this.#request.priority, now - this.#lastTextAt);
      }
      if (part.choice === 0) this.#lastTextAt = now;
    } else if (part.type === 'start') {
      this.#start = part;
      if (part.delivery !== undefined) this.#delivery = part.delivery;
      if (part.prefix !== undefined) this.#prefix = part.prefix;
    } else if (part.type === 'choice-end') {
      this.#finish = worseOf(this.#finish, part.reason);
    }
  }

  close(last: LastPart): LedgerRow {
    const { usage, timings } = last;
    const totalMs = performance.now() - this.#enteredAt;
    const givenUp = this.#givenUp(last);
    const tokens = usage ?? {
      promptTokenCount: this.#start?.promptTokenCount ?? 0,
      cachedTokenCount: this.#start?.cachedTokenCount ?? 0,
      completionTokenCount: this.#deltaCount,
      ...(givenUp.length === 0 ? {} : { promptTokenCount: this.#sent?.estimateTokenCount() ?? 0 }),
    };
    const overflow = usage === undefined ? this.#start?.overflow : usage.overflow;
    const answeringModel = this.#start?.model ?? this.#decision?.modelId ?? null;
    const isMeasured =
      usage === undefined ? this.#deltaCount + givenUp.length === 0 : usage.isMeasured !== false;
    const source = this.#start?.source ?? this.#source;
    const billing: Billing = this.#billing(answeringModel);
    const { notes = [], abandoned = [], cascade } = this.#delivery ?? {};
    const route = this.#decision === null ? null : ledgerRoute(this.#decision, answeringModel);
    // What was given up is billed to those who were sent it.
    const paid = givenUp.length === 0 ? tokens : { ...tokens, promptTokenCount: 0 };
    const cost = billed(paid, isMeasured || givenUp.length > 0, billing, source);
    const bill = withAbandoned(cost, [...abandoned, ...givenUp], tokens, this.#billing);
    const checkMicros = this.#checkMicros;
    const audit = auditOf(this.#verdict, answeringModel, this.#boundaryOf);
    const row: LedgerRow = {
      requestId: this.#request.id,
      startedAt: this.startedAt,
      keyName: this.#caller.keyName,
      tenant: this.#caller.tenant,
      dialect: this.#request.dialect,
      operation: this.#request.operation,
      requestedModel: this.#request.requestedModel,
      answeringModel,
      ...(billing.upstream === null ? {} : { upstream: billing.upstream }),
      privacy: this.#privacy,
      priority: this.#request.priority,
      routeReasons: [...(this.#decision?.reasons ?? []), ...notes, ...bill.reasons],
      ...(route === null ? {} : { route }),
      promptTokenCount: tokens.promptTokenCount,
      cachedTokenCount: tokens.cachedTokenCount,
      completionTokenCount: tokens.completionTokenCount,
      ...(overflow === undefined ? {} : { overflow }),
      isMeasured,
      queueMs: timings?.queueMs ?? null,
      prefillMs: timings?.prefillMs ?? null,
      decodeMs: timings?.decodeMs ?? null,
      firstTokenMs: this.#firstTokenMs(last, totalMs),
      totalMs,
      finish: last.type === 'finish' ? this.#finish : last.error.kind,
      status: last.type === 'finish' ? 200 : last.error.status,
      answerSource: source,
      ...bill.cost,
      ...(audit === undefined ? {} : { audit }),
      ...(this.#prefix === null ? {} : { prefix: this.#prefix }),
      ...(cascade === undefined ? {} : { cascade }),
      ...(this.#request.purpose === undefined ? {} : { purpose: this.#request.purpose }),
    };
    if (checkMicros === null) return row;
    const routeReasons = [
      ...row.routeReasons,
      'a kept answer would have done: asked all the same, to check it',
    ];
    return { ...row, routeReasons, checkMicros: isCostCertain(row) ? (row.costMicros ?? 0) : checkMicros };
  }

  /**
   * The models that were sent the prompt of a request that its client, or the clock, ended before they said anything.
   * Providers bill such prompts, and tell nobody how long they were.
   */
  #givenUp(last: LastPart): readonly string[] {
    const sent = this.#sent?.take() ?? [];
    if (last.type === 'finish' || last.usage !== undefined || this.#deltaCount > 0) return [];
    if ((this.#start?.promptTokenCount ?? 0) > 0) return [];
    const { kind } = last.error;
    return kind === 'aborted' || kind === 'timeout' ? sent : [];
  }

  /** A whole answer's text comes in one piece: its first token was there before it was decoded further. */
  #firstTokenMs(last: LastPart, totalMs: number): number | null {
    if (this.#firstTextAt === null) return null;
    if (this.#request.isStreamed) return this.#firstTextAt - this.#enteredAt;
    return last.timings === undefined ? null : Math.max(0, totalMs - last.timings.decodeMs);
  }
}

const severity: Readonly<Record<FinishReason, number>> = {
  stop: 0,
  stop_sequence: 1,
  tool_calls: 2,
  content_filter: 3,
  length: 4,
};

/** Over several choices the row names the end that a reader would most want to know of. */
function worseOf(one: FinishReason, other: FinishReason): FinishReason {
  return severity[other] > severity[one] ? other : one;
}
