import { requireScope } from '../access/create-access.ts';
import type { Caller } from '../access/access.ts';
import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { auditOf, type PrivacyAudit } from '../privacy/audit.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import { openAdmission, type AskedRequest } from './admission.ts';
import { boundaryBy, type AnswerDependencies } from './create-answer.ts';
import { billed, ownBilling, type Billing } from './billing.ts';
import type { Embed } from './embed.ts';
import { place } from './place.ts';

/** The pipeline of everything that is read and not written; the rooms are those of an answer. */
export function createEmbed(dependencies: Omit<AnswerDependencies, 'cache'>): Embed {
  const { label, route, models, settle, billing = () => ownBilling } = dependencies;
  const { admission = openAdmission, boundaryOf = boundaryBy(billing) } = dependencies;
  const placing = { route, boundaryOf, canRedact: false, mayMove: false };
  return async (request, caller, signal) => {
    const entry: Entry = { request, caller, startedAt: Date.now(), enteredAt: performance.now() };
    const admitted = admission.admit(askedEmbedding(request, entry.startedAt), caller);
    let judged: Pick<EmbedRequest, 'privacy' | 'verdict'> = request;
    let decision: RouteDecision | null = null;
    let end: EmbedResult | NearfarError;
    try {
      requireScope(caller, 'use'); //                                                access
      const labelled = await label({ ...request, tenant: caller.tenant }, caller); // privacy
      judged = labelled;
      const chosen = await route.decide(labelled); //                                route
      decision = (await place(placing, chosen, labelled)).decision; //               privacy
      const [modelId] = await admitted.enter(decision); //                           limits, reserve
      const model = await models.model(modelId); //                                  model
      end = await model.embed(labelled, signal);
    } catch (thrown) {
      end = toNearfarError(thrown);
    }
    const model = end instanceof NearfarError ? (decision?.modelId ?? null) : end.model;
    const audit = auditOf(judged.verdict, model, boundaryOf);
    settle(admitted.close(rowOf(entry, { ...judged, audit }, decision, end, billing(model)))); // settle
    if (end instanceof NearfarError) throw end;
    return end;
  };
}

function askedEmbedding({ id, requestedModel, task }: EmbedRequest, startedAt: number): AskedRequest {
  return {
    id,
    requestedModel,
    startedAt,
    maxTokenCount: 0,
    choiceCount: 1,
    prompt: () => task,
    promptByteCount: () => Buffer.byteLength(JSON.stringify(task)),
  };
}

interface Entry {
  readonly request: EmbedRequest;
  readonly caller: Caller;
  readonly startedAt: number;
  readonly enteredAt: number;
}

function rowOf(
  { request, caller, startedAt, enteredAt }: Entry,
  { privacy, audit }: { readonly privacy: PrivacyLabel; readonly audit: PrivacyAudit | undefined },
  decision: RouteDecision | null,
  end: EmbedResult | NearfarError,
  billing: Billing,
): LedgerRow {
  const result = end instanceof NearfarError ? null : end;
  const tokens = {
    promptTokenCount: result?.promptTokenCount ?? 0,
    cachedTokenCount: 0,
    completionTokenCount: 0,
  };
  return {
    requestId: request.id,
    startedAt,
    keyName: caller.keyName,
    tenant: caller.tenant,
    dialect: request.dialect,
    operation: request.task.kind === 'embed' ? 'embeddings' : 'rerank',
    requestedModel: request.requestedModel,
    answeringModel: result?.model ?? decision?.modelId ?? null,
    ...(billing.upstream === null ? {} : { upstream: billing.upstream }),
    privacy,
    priority: null,
    routeReasons: decision?.reasons ?? [],
    ...tokens,
    // Nothing was written, so there is nothing to be unsure of.
    isMeasured: true,
    queueMs: result?.timings.queueMs ?? null,
    prefillMs: result?.timings.prefillMs ?? null,
    decodeMs: null,
    firstTokenMs: null,
    totalMs: performance.now() - enteredAt,
    finish: end instanceof NearfarError ? end.kind : 'stop',
    status: end instanceof NearfarError ? end.status : 200,
    answerSource: 'model',
    ...billed(tokens, true, billing),
    ...(audit === undefined ? {} : { audit }),
  };
}
