import { requireScope } from '../access/create-access.ts';
import type { Bonds } from '../balance/bonds.ts';
import type { AnswerCache, AskedAnswer } from '../cache/answer-cache.ts';
import type { ChatModel } from '../chat/model.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest } from '../chat/request.ts';
import { askedText } from '../capture/asked-text.ts';
import type { Capture, CaptureRecorder } from '../capture/capture.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { JudgeRequest, RememberAnswers } from '../privacy/judge.ts';
import type { RedactFor } from '../privacy/redaction/redacting-model.ts';
import { defaultCascadeRules, type CascadeRules } from '../route/cascade/judge.ts';
import type { Shadow, ShadowRecorder } from '../quality/shadow.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import type { Route } from '../route/route.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import { promptText } from '../upstream/prompt-text.ts';
import { answeredCalls } from '../upstream/tool-loop.ts';
import { openAdmission, type Admission, type AskedRequest } from './admission.ts';
import { Account } from './account.ts';
import type { ObserveGap } from './account.ts';
import type { Answer } from './answer.ts';
import { ownBilling, type FindBilling } from './billing.ts';
import { askedPrompt } from '../route/asked-prompt.ts';
import { cascadeTurns } from './cascade-turns.ts';
import type { CheckPurse } from './check-purse.ts';
import { answerInTurn } from './fallback.ts';
import { rememberedAnswer } from './first-answers.ts';
import { insideOnly } from './inside-only.ts';
import { place, type BoundaryOf } from './place.ts';
import { withRouteHeader } from './route-note.ts';
import type { Settle } from './settle.ts';
import { singleEnd } from './single-end.ts';

export interface AnswerDependencies {
  readonly label: JudgeRequest;
  /** Where a model is. @default this machine's are here, all others outside */
  readonly boundaryOf?: BoundaryOf;
  /** Asks a model outside with a redacted copy. Absent: what would be redacted is refused. */
  readonly redactFor?: RedactFor;
  /** Told of first answers to tainted requests. @default nobody */
  readonly rememberAnswers?: RememberAnswers;
  readonly route: Pick<Route, 'decide'> &
    Partial<Pick<Route, 'settled' | 'tiers' | 'isRouted' | 'observes' | 'failed'>>;
  /** This machine's models and those of upstreams, by their ids. */
  readonly models: { readonly model: (id: string) => Promise<ChatModel> };
  /** @default every model is this machine's */
  readonly billing?: FindBilling;
  /** Whether what the client is allowed at a model's upstream decides what it gets there. @default never */
  readonly forwardsClientKey?: (modelId: string) => boolean;
  /** What the ledger may keep of a prompt that stays here. @default nothing */
  readonly prefixOf?: (request: ChatRequest) => PromptPrefix | null;
  /** Pays for checks of the semantic cache. @default they are free */
  readonly checks?: CheckPurse;
  /** @default everyone may ask everything */
  readonly admission?: Admission;
  /** `null`: every answer is made anew. */
  readonly cache: AnswerCache | null;
  /** Takes the row of each request at its end: ledger and metrics. Must not throw. */
  readonly settle: ((row: LedgerRow) => void) & Partial<Pick<Settle, 'together'>>;
  /** Keeps prompts and answers; absent: nothing is kept. */
  readonly capture?: Pick<Capture, 'begin'>;
  /** Compares a sample of answers with other tiers', after the fact; absent: none. */
  readonly shadow?: Pick<Shadow, 'begin' | 'beginBody'>;
  readonly observeGap?: ObserveGap;
  /** The models of upstreams that were sent a request's prompt. @default none was */
  readonly sentTo?: (requestId: string) => readonly string[];
  /** Which model made which call. Absent: a chain of fallbacks begins anew with each request. */
  readonly bonds?: Bonds;
  /** How the near model's beginning is judged, where a decision asks for that. */
  readonly cascade?: CascadeRules;
  /**
   * How long a model may take to end by itself after an abort or a deadline, in milliseconds.
   * @default 1000
   */
  readonly graceMs?: number;
}

/** The pipeline. */
export function createAnswer(dependencies: AnswerDependencies): Answer {
  const { label, route, models, cache, settle, observeGap = () => undefined, graceMs = 1000 } = dependencies;
  const {
    billing = () => ownBilling,
    bonds,
    forwardsClientKey = () => false,
    prefixOf = () => null,
    admission = openAdmission,
    capture,
    cascade = defaultCascadeRules,
    boundaryOf = boundaryBy(billing),
    rememberAnswers = () => Promise.resolve(),
    shadow,
    sentTo = () => [],
    checks = freeChecks,
    redactFor,
  } = dependencies;
  const placing = { route, boundaryOf, canRedact: redactFor !== undefined, mayMove: true };

  /** Empty where this machine answers, whatever comes. */
  function elsewhereOf(
    { modelId, fallbackIds = [] }: RouteDecision,
    { clientKey }: ChatRequest,
  ): Pick<AskedAnswer, 'elsewhere'> {
    const ids = [modelId, ...fallbackIds];
    if (fallbackIds.length === 0 && billing(modelId).upstream === null) return {};
    return { elsewhere: { fallbackIds, clientKey: (ids.some(forwardsClientKey) && clientKey) || null } };
  }

  return (request, caller, signal) => {
    const operation = request.input.kind === 'chat' ? 'chat' : 'text_completion';
    const account = new Account({ ...request, operation }, caller, observeGap, billing, {
      take: () => sentTo(request.id),
      estimateTokenCount: () => tokenEstimate(Buffer.byteLength(promptText(request.input))),
    });
    const size = askedAnswer(request, account.startedAt);
    const admitted = admission.admit(size, caller);
    let recorder: CaptureRecorder | null = null;
    let decision: RouteDecision | null = null;
    let shadowed: ShadowRecorder | null = null;
    let isOver = false;
    return singleEnd({
      signal,
      deadlineAt: request.deadlineAt,
      choiceCount: request.choiceCount,
      graceMs,
      open: async (modelSignal) => {
        requireScope(caller, 'use'); //                                                access
        if (request.priority === 'voice') requireScope(caller, 'voice');
        const labelled = await label({ ...request, tenant: caller.tenant }, caller); // privacy
        account.label(labelled, boundaryOf);
        // What nearfar itself asks is kept nowhere, names a model, and is never redacted.
        const isOwn = request.purpose !== undefined;
        recorder = isOwn ? null : (capture?.begin(askedText(labelled)) ?? null);
        shadowed = shadow?.begin(labelled) ?? null;
        const bound = bonds?.placeOf(caller.tenant, answeredCalls(labelled.input)) ?? null;
        const isRedacted = labelled.verdict?.mode === 'redact' && !isOwn;
        const question = {
          prompt: () => askedPrompt(labelled),
          limits: caller.limits,
          boundModelId: bound,
        };
        const wanted = await route.decide({ ...labelled, isRedacted }, isOwn ? undefined : question); // route
        const allowed = isOwn ? { ...placing, canRedact: false } : placing;
        const placed = await place(allowed, wanted, labelled); //                      privacy
        decision = placed.decision;
        account.decide(decision);
        const chosen = { request: labelled, modelId: decision.modelId, ...elsewhereOf(decision, labelled) };
        // What is kept of upstreams' answers comes before the reservation: it costs nothing.
        const modelIds = [decision.modelId, ...(decision.fallbackIds ?? [])];
        const payCheck = checks.of(size, modelIds);
        const found =
          'elsewhere' in chosen && cache !== null
            ? await cache.find({ ...chosen, signal: modelSignal, payCheck }) //                 cache
            : null;
        const known = found?.parts ?? null;
        const checkMicros = found?.look?.checkMicros ?? null;
        // The client left meanwhile: its row is written, and knows of no check.
        if (isOver && checkMicros !== null) await checks.release(request.id);
        account.check(checkMicros);
        const [modelId, ...fallbackIds] = await admitted.enter(decision, known !== null); // limits, reserve
        if (known !== null) return withRouteHeader(known, decision);
        if (modelId !== decision.modelId) {
          decision = steppedDown(decision, modelId, fallbackIds);
          account.decide(decision);
        }
        const asked =
          modelId === chosen.modelId
            ? chosen
            : { request: labelled, modelId, ...elsewhereOf(decision, labelled) };
        if (billing(modelId).upstream === null) account.keep(prefixOf(labelled));
        const { redacts } = placed;
        const modelOf = async (id: string): Promise<ChatModel> => {
          const model = await models.model(id);
          // Each by itself: one inside gets the request as it is.
          return redacts && redactFor !== undefined && boundaryOf(id) === 'outside'
            ? redactFor(model, labelled)
            : model;
        };
        const ask = async (asked: ChatRequest, signal: AbortSignal) => {
          if (fallbackIds.length > 0) {
            // A tool loop stays with the model that made its calls, though an earlier one is back.
            const ids = [modelId, ...fallbackIds].toSorted(
              (a, b) => Number(b === bound) - Number(a === bound),
            );
            const turns = ids.map((id) => ({ id, open: () => modelOf(id) }));
            const isJudged = ids[0] === modelId && isCascade(decision, modelId, asked, bound);
            return answerInTurn(isJudged ? cascadeTurns(turns, cascade) : turns, asked, signal); // model
          }
          const model = await modelOf(modelId); //                                     model
          return model.stream(asked, signal);
        };
        const { verdict } = labelled;
        const remember = (answers: readonly string[]) => rememberAnswers(labelled, answers);
        const open = async (asked: ChatRequest, signal: AbortSignal) => {
          if (verdict?.label !== 'local_only') return ask(asked, signal);
          // Where it is redacted, what is outside may answer.
          const openOne = () => ask(asked, signal);
          const kept = redacts ? openOne : () => Promise.resolve(insideOnly(openOne, verdict));
          return rememberedAnswer(kept, remember);
        };
        if (cache === null) return withRouteHeader(await open(labelled, modelSignal), decision);
        const look = asked === chosen ? (found?.look ?? null) : null;
        const parts = cache.answer({ ...asked, look, open, signal: modelSignal }); //  cache
        return withRouteHeader(parts, decision);
      },
      onPart: (part) => {
        account.see(part);
        recorder?.see(part);
        shadowed?.see(part);
        if (part.type === 'tool-call-start' && account.hasFallbacks && account.answeringModel !== null) {
          bonds?.remember(caller.tenant, part.id, account.answeringModel);
        }
      },
      onEnd: (last) => {
        isOver = true;
        const row = admitted.close(account.close(last));
        settle(row); //                                                                settle
        if (decision !== null) route.settled?.(decision, row);
        recorder?.end(row);
        shadowed?.end(row, decision?.healthyTier);
      },
    });
  };
}

/**
 * Marked local_only it stays with the near model, sure or not; a tool loop with the model that made its calls; and a voice was
 * promised its first token by a time.
 */
function isCascade(
  decision: RouteDecision | null,
  modelId: string,
  { privacy, priority }: ChatRequest,
  bound: string | null,
): boolean {
  const routed = decision?.routed;
  if (routed?.cascade !== true || routed.modelId !== modelId) return false;
  return privacy === 'open' && priority !== 'voice' && bound === null;
}

/** The key cannot pay for what was chosen, and another tier costs nothing. */
function steppedDown(
  decision: RouteDecision,
  modelId: string,
  fallbackIds: readonly string[],
): RouteDecision {
  const reason = `the budget of the key does not pay for ${decision.tier ?? decision.modelId}`;
  return { ...decision, modelId, fallbackIds, reasons: [...decision.reasons, reason] };
}

/** Where nobody says more: what is billed elsewhere is outside. */
export function boundaryBy(billing: FindBilling): BoundaryOf {
  return (modelId) => (billing(modelId).upstream === null ? 'machine' : 'outside');
}

/** Where nothing bounds them. */
export const freeChecks: CheckPurse = {
  of: () => ({ canPay: () => true, pay: () => Promise.resolve(0) }),
  release: () => Promise.resolve(),
};

function askedAnswer(request: ChatRequest, startedAt: number): AskedRequest {
  const { id, requestedModel, maxTokenCount, choiceCount, input, outputFormat } = request;
  // Providers count the form among what the model reads.
  const prompt = () => ({ input, outputFormat });
  return {
    id,
    requestedModel,
    startedAt,
    maxTokenCount,
    choiceCount,
    prompt,
    promptByteCount: () => Buffer.byteLength(JSON.stringify(prompt())),
  };
}
