import type { Caller } from '../access/access.ts';
import { requireScope } from '../access/create-access.ts';
import { relayedText } from '../capture/asked-text.ts';
import type { CaptureRecorder } from '../capture/capture.ts';
import type { ChatPart } from '../chat/part.ts';
import type { BytePlace, KeptPassing, MadeAnswer } from '../cache/byte-answers.ts';
import type { Look } from '../cache/semantic/semantic-cache.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import { abortSignalOf, type StopSignal } from '../chat/stop-signal.ts';
import { mayCross } from '../privacy/clear.ts';
import type { ShadowRecorder } from '../quality/shadow.ts';
import { askedBody } from '../route/asked-body.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import type { RouteQuestion } from '../route/route.ts';
import { promptTextOf } from '../upstream/prompt-text.ts';
import { answeredCallsOf } from '../upstream/tool-loop.ts';
import type { UpstreamModels } from '../upstream/upstream-models.ts';
import type { ProtocolName } from '../upstream/protocol.ts';
import type { Relayed, RelayRequest } from '../upstream/relay.ts';
import { Account } from './account.ts';
import { openAdmission } from './admission.ts';
import { ownBilling } from './billing.ts';
import { boundaryBy, freeChecks, type AnswerDependencies } from './create-answer.ts';
import { createDeadline } from './deadline.ts';
import { isWorthAnother } from './fallback.ts';
import { explained } from './inside-only.ts';
import { relaySize } from './relay-size.ts';
import { place } from './place.ts';
import { remembered } from './remembered-relay.ts';
import { readAlong, relayReply, type RelayReply } from './relay-reply.ts';
import { routeHeader } from './route-note.ts';
import type { LastPart } from './single-end.ts';

/** The pipeline of requests that an upstream understands as they are. Writes exactly one ledger row each. */
export interface Relay {
  /**
   * What a name may lead to: an upstream that speaks this language, and nothing would have to be changed for it. Null: the
   * ordinary way is to be taken.
   */
  takes(protocol: ProtocolName, model: string): Promise<RelayTarget | null>;
  /**
   * The request with its verdict, and its way: `pass`, `answer` sends it where `decision` says; `refuse`, it must not leave, and
   * `answer` says so; `ordinary`, another model answers, or it must not leave as it is.
   */
  judge(request: RelayRequest, target: RelayTarget, caller: Caller): Promise<JudgedRelay>;
  /**
   * @param judged as `judge` gave it
   * @param canBeginAnew whether the ordinary way understands the request; asked only where it is to take it. @default it does
   * @returns null where the router's model failed or cannot be paid for, and the ordinary way knows of others
   * @throws NearfarError where there is nothing to deliver
   */
  answer(
    judged: JudgedRelay,
    caller: Caller,
    signal: AbortSignal,
    canBeginAnew?: () => boolean,
  ): Promise<RelayReply | null>;
}

/** `named`: the name alone decides, and has; `routed`: the router decides, prompt by prompt. */
export type RelayTarget =
  { readonly kind: 'named'; readonly decision: RouteDecision } | { readonly kind: 'routed' };

export interface JudgedRelay {
  readonly request: RelayRequest;
  readonly way: 'pass' | 'refuse' | 'ordinary';
  /** Made once, where it can be; null: `answer` is to make it. */
  readonly decision: RouteDecision | null;
}

export interface RelayDependencies extends Pick<
  AnswerDependencies,
  | 'label'
  | 'boundaryOf'
  | 'rememberAnswers'
  | 'settle'
  | 'billing'
  | 'observeGap'
  | 'admission'
  | 'capture'
  | 'cache'
  | 'shadow'
  | 'bonds'
  | 'checks'
> {
  readonly route: AnswerDependencies['route'];
  readonly upstreams: Pick<UpstreamModels, 'upstreamOf' | 'relay' | 'sentTo'>;
}

export function createRelay(dependencies: RelayDependencies): Relay {
  const { label, route, upstreams, settle, cache } = dependencies;
  const { observeGap = () => undefined, billing = () => ownBilling } = dependencies;
  const { admission = openAdmission, capture, boundaryOf = boundaryBy(billing) } = dependencies;
  const { rememberAnswers, shadow, bonds, checks = freeChecks } = dependencies;

  function questionOf(request: RelayRequest, caller: Caller): RouteQuestion {
    const { body, text, priority, deadlineAt } = request;
    const { maxTokenCount, choiceCount } = relaySize(request);
    return {
      prompt: () => askedBody({ body, text, maxTokenCount, choiceCount, priority, deadlineAt }),
      limits: caller.limits,
      boundModelId: bonds?.placeOf(caller.tenant, answeredCallsOf(body)) ?? null,
    };
  }

  async function make(
    place: BytePlace | null,
    look: Look | null,
    modelId: string,
    request: RelayRequest,
    signal: StopSignal,
  ): Promise<MadeAnswer<Relayed>> {
    if (cache !== null && place !== null) {
      // Each reader's own deadline ends its reading; the answer goes on for the others.
      const shared = { ...request, deadlineAt: null };
      const open = (ownSignal: AbortSignal) => upstreams.relay(modelId, shared, ownSignal);
      return cache.bytes.answer(place, look, open, abortSignalOf(signal));
    }
    const opened = await upstreams.relay(modelId, request, signal); //                 model
    return { ...opened, source: 'model', opened };
  }

  return {
    async takes(protocol, model) {
      const speaks = (modelId: string): boolean => upstreams.upstreamOf(modelId)?.protocol === protocol;
      try {
        if (route.isRouted?.(model) === true) {
          const tiers = (await route.tiers?.(model)) ?? [];
          return tiers.some(({ modelId }) => speaks(modelId)) ? { kind: 'routed' } : null;
        }
        const decision = await route.decide({ requestedModel: model, privacy: 'open' });
        // A chain of fallbacks may speak several languages: such answers are put into parts.
        const isAlone = (decision.fallbackIds ?? []).length === 0;
        return isAlone && speaks(decision.modelId) ? { kind: 'named', decision } : null;
      } catch {
        // The ordinary way says what is wrong with the name.
        return null;
      }
    },

    async judge(request, target, caller) {
      let decision: RouteDecision | null = target.kind === 'named' ? target.decision : null;
      if (target.kind === 'routed') {
        // Before anything is read for the verdict: most prompts are near's, which the ordinary way reads once more.
        const open = { ...request, tenant: caller.tenant, privacy: 'open' as const };
        decision = await route.decide(open, questionOf(request, caller)).catch(() => null);
        const speaks =
          decision !== null && upstreams.upstreamOf(decision.modelId)?.protocol === request.protocol;
        if (!speaks) return { request, way: 'ordinary', decision: null };
      }
      const judged = await label({ ...request, tenant: caller.tenant }, caller); //    privacy
      if (judged.privacy === 'open') return { request: judged, way: 'pass', decision };
      if (target.kind === 'routed') return { request: judged, way: 'ordinary', decision: null };
      if (mayCross(judged.privacy, boundaryOf(target.decision.modelId))) {
        return { request: judged, way: 'pass', decision: null };
      }
      const mode = judged.verdict?.mode ?? 'block';
      return { request: judged, way: mode === 'block' ? 'refuse' : 'ordinary', decision: null };
    },

    async answer({ request, decision: decided }, caller, signal, canBeginAnew = () => true) {
      const account = new Account(request, caller, observeGap, billing, {
        take: () => upstreams.sentTo(request.id),
        estimateTokenCount: () => tokenEstimate(Buffer.byteLength(promptTextOf(request.body))),
      });
      const { id, requestedModel, operation } = request;
      const asked = { id, requestedModel, startedAt: account.startedAt, ...relaySize(request) };
      const admitted = admission.admit(asked, caller);
      const clock = createDeadline(signal, request.deadlineAt);
      let recorder: CaptureRecorder | null = null;
      let decision: RouteDecision | null = null;
      const { verdict } = request;
      let hasEntered = false;
      let holdsCheck = false;
      let shadowed: ShadowRecorder | null = null;
      const settleOnce = once((last: LastPart): Promise<void> | null => {
        clock.end();
        const row = admitted.close(account.close(last));
        let settled: Promise<void> | null = null;
        if (last.type === 'finish' && settle.together !== undefined) settled = settle.together(row);
        else settle(row); //                                                           settle
        if (decision !== null) route.settled?.(decision, row);
        recorder?.end(row);
        shadowed?.end(row, decision?.healthyTier);
        return settled;
      });
      /**
       * As if it had never come: the ordinary way begins anew and writes the row. False: the store does not give back what is held,
       * so the row is to be written here, and gives it back when the store has it.
       */
      const beginsAnew = async (): Promise<boolean> => {
        try {
          await admitted.cancel();
          if (holdsCheck) await checks.release(id);
        } catch {
          return false;
        }
        clock.end();
        return true;
      };
      try {
        requireScope(caller, 'use'); //                                                access
        if (request.priority === 'voice') requireScope(caller, 'voice');
        const labelled = request;
        account.label(labelled, boundaryOf);
        const text = capture === undefined ? null : relayedText(labelled);
        recorder = text === null ? null : (capture?.begin(text) ?? null);
        shadowed = shadow?.beginBody(labelled) ?? null;
        // Texts to embed have no tier; while the router observes, its word is asked for too.
        const question = operation === 'embeddings' ? undefined : questionOf(labelled, caller);
        const isDecided = decided !== null && (decided.routed !== undefined || route.observes !== true);
        const chosen = isDecided ? decided : await route.decide(labelled, question); // route
        const placing = { route, boundaryOf, canRedact: false, mayMove: false };
        decision = (await place(placing, chosen, labelled)).decision; //                privacy
        account.decide(decision);
        const forwards = upstreams.upstreamOf(decision.modelId)?.forwardsClientKey === true;
        const clientKey = (forwards && labelled.clientKey) || null;
        const bytePlace = cache?.bytes.place(labelled, { modelId: decision.modelId, clientKey }) ?? null;
        const found =
          bytePlace === null || cache === null
            ? null
            : await cache.bytes.find(
                bytePlace,
                abortSignalOf(clock.signal),
                checks.of(asked, [decision.modelId]),
              ); // cache
        const known = found?.answer ?? null;
        const look = found?.look ?? null;
        holdsCheck = (look?.checkMicros ?? 0) > 0;
        account.check(look?.checkMicros ?? null);
        const [modelId] = await admitted.enter(decision, known !== null); //           limits, reserve
        hasEntered = true;
        if (modelId !== decision.modelId) {
          // Another tier answers, for money's sake: the ordinary way asks it.
          if (!canBeginAnew()) throw unpaid(decision.modelId, modelId);
          if (await beginsAnew()) return null;
          throw new NearfarError('unavailable', 'The budget of this key cannot be asked now.', {
            retryAfterSeconds: 2,
          });
        }
        const answer =
          known === null ? await make(bytePlace, look, modelId, labelled, clock.signal) : again(known);
        account.from(answer.source);
        if (answer.opened?.delivery !== undefined) account.deliver(answer.opened.delivery);
        account.keep(answer.opened?.prefix ?? null);
        const readers = [recorder, shadowed].filter((reader) => reader !== null);
        const heard = readers.length === 0 ? answer : readAlong(answer, readers, request.isStreamed);
        const read =
          rememberAnswers === undefined || labelled.privacy === 'open'
            ? heard
            : remembered(heard, (answers) => rememberAnswers(labelled, answers));
        const shown = routeHeader(decision, modelId);
        const hearing = {
          see: (part: ChatPart): void => {
            account.see(part);
            // Where the results of a call go.
            if (part.type === 'tool-call-start' && account.hasFallbacks)
              bonds?.remember(caller.tenant, part.id, modelId);
          },
        };
        return relayReply(modelId, read, hearing, settleOnce, clock, shown);
      } catch (thrown) {
        const failed = toNearfarError(thrown);
        const others = hasEntered && account.hasFallbacks && isWorthAnother(failed.kind) && !signal.aborted;
        if (decision !== null && others) {
          route.failed?.(decision.modelId);
          // Else the failure is what there is to say, and not that others would not understand the request.
          if (canBeginAnew() && (await beginsAnew())) return null;
        }
        const error = verdict?.label === 'local_only' ? explained(failed, verdict) : failed;
        void settleOnce({ type: 'error', error });
        throw error;
      }
    },
  };
}

function unpaid(modelId: string, instead: string): NearfarError {
  return new NearfarError(
    'budget_exhausted',
    `The budget of the key does not pay for ${modelId}, and ${instead} would not understand this request.`,
  );
}

function again(known: KeptPassing): MadeAnswer<Relayed> {
  return { ...known, opened: null };
}

function once<Value, Result>(act: (value: Value) => Result): (value: Value) => Result | null {
  let isDone = false;
  return (value) => {
    if (isDone) return null;
    isDone = true;
    return act(value);
  };
}
