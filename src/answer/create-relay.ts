import type { Caller } from '../access/access.ts';
import { requireScope } from '../access/create-access.ts';
import { relayedText } from '../capture/asked-text.ts';
import type { CaptureRecorder } from '../capture/capture.ts';
import type { BytePlace, MadeAnswer } from '../cache/byte-answers.ts';
import type { PassingAnswer } from '../cache/passing-answer.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { AnswerSource } from '../chat/part.ts';
import { mayCross } from '../privacy/clear.ts';
import type { ShadowRecorder } from '../quality/shadow.ts';
import { askedBody } from '../route/asked-body.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import { tokenEstimate } from '../ledger/token-bound.ts';
import { promptTextOf } from '../upstream/prompt-text.ts';
import type { UpstreamModels } from '../upstream/upstream-models.ts';
import type { ProtocolName } from '../upstream/protocol.ts';
import type { RelayItem } from '../upstream/relay-stream.ts';
import type { Relayed, RelayRequest } from '../upstream/relay.ts';
import { Account } from './account.ts';
import { openAdmission } from './admission.ts';
import { ownBilling } from './billing.ts';
import { boundaryBy, type AnswerDependencies } from './create-answer.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { explained } from './inside-only.ts';
import { relaySize } from './relay-size.ts';
import { place } from './place.ts';
import { remembered } from './remembered-relay.ts';
import { routeHeader } from './route-note.ts';
import type { LastPart } from './single-end.ts';

export interface RelayReply {
  /** The id of the model that answers. */
  readonly model: string;
  readonly contentType: string;
  /** `model`: the upstream was asked for it. */
  readonly source: AnswerSource;
  /** Why this model; null: the client named it. */
  readonly route: string | null;
  /** The next bytes; an error, once, where the answer breaks off; null at its end. */
  read(): Promise<Uint8Array | NearfarError | null>;
  /** The client wants no more. */
  close(): void;
}

/** The pipeline of requests that an upstream understands as they are. Writes exactly one ledger row each. */
export interface Relay {
  /** Whether a name leads to an upstream that speaks this language, and nothing would have to be changed for it. */
  takes(protocol: ProtocolName, model: string): Promise<boolean>;
  /**
   * The request with its verdict, and its way: `pass`, `answer` sends it; `refuse`, it must not leave, and `answer` says so; `ordinary`,
   * it must not leave as it is, and the ordinary way knows of another model or of placeholders.
   */
  judge(
    request: RelayRequest,
    caller: Caller,
  ): Promise<{ readonly request: RelayRequest; readonly way: 'pass' | 'refuse' | 'ordinary' }>;
  /**
   * @param request as `judge` gave it
   * @throws NearfarError where there is nothing to deliver
   */
  answer(request: RelayRequest, caller: Caller, signal: AbortSignal): Promise<RelayReply>;
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
> {
  readonly route: AnswerDependencies['route'];
  readonly upstreams: Pick<UpstreamModels, 'upstreamOf' | 'relay' | 'sentTo'>;
}

export function createRelay(dependencies: RelayDependencies): Relay {
  const { label, route, upstreams, settle, cache } = dependencies;
  const { observeGap = () => undefined, billing = () => ownBilling } = dependencies;
  const { admission = openAdmission, capture, boundaryOf = boundaryBy(billing) } = dependencies;
  const { rememberAnswers, shadow } = dependencies;

  async function make(
    place: BytePlace | null,
    modelId: string,
    request: RelayRequest,
    signal: AbortSignal,
  ): Promise<MadeAnswer<Relayed>> {
    if (cache !== null && place !== null) {
      // Each reader's own deadline ends its reading; the answer goes on for the others.
      const shared = { ...request, deadlineAt: null };
      return cache.bytes.answer(place, (ownSignal) => upstreams.relay(modelId, shared, ownSignal), signal);
    }
    const opened = await upstreams.relay(modelId, request, signal); //                 model
    return { ...opened, source: 'model', opened };
  }

  return {
    async takes(protocol, model) {
      try {
        const { modelId, fallbackIds = [] } = await route.decide({ requestedModel: model, privacy: 'open' });
        // A chain of fallbacks may speak several languages: such answers are put into parts.
        return fallbackIds.length === 0 && upstreams.upstreamOf(modelId)?.protocol === protocol;
      } catch {
        // The ordinary way says what is wrong with the name.
        return false;
      }
    },

    async judge(request, caller) {
      const judged = await label({ ...request, tenant: caller.tenant }, caller); //    privacy
      if (judged.privacy === 'open') return { request: judged, way: 'pass' };
      const { modelId } = await route.decide(judged);
      if (mayCross(judged.privacy, boundaryOf(modelId))) return { request: judged, way: 'pass' };
      const mode = judged.verdict?.mode ?? 'block';
      return { request: judged, way: mode === 'block' ? 'refuse' : 'ordinary' };
    },

    async answer(request, caller, signal) {
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
      let verdict = request.verdict;
      let shadowed: ShadowRecorder | null = null;
      const settleOnce = once((last: LastPart) => {
        clock.end();
        const row = admitted.close(account.close(last));
        settle(row); //                                                                settle
        if (decision !== null) route.settled?.(decision, row);
        recorder?.end(row);
        shadowed?.end(row, decision?.healthyTier);
      });
      try {
        requireScope(caller, 'use'); //                                                access
        if (request.priority === 'voice') requireScope(caller, 'voice');
        const labelled =
          request.verdict === undefined ? (await this.judge(request, caller)).request : request;
        ({ verdict } = labelled);
        account.label(labelled, boundaryOf);
        const text = capture === undefined ? null : relayedText(labelled);
        recorder = text === null ? null : (capture?.begin(text) ?? null);
        shadowed = shadow?.beginBody(labelled) ?? null;
        const { priority, deadlineAt, body, text: written } = labelled;
        const size = { maxTokenCount: asked.maxTokenCount, choiceCount: asked.choiceCount };
        const question = {
          prompt: () => askedBody({ body, text: written, ...size, priority, deadlineAt }),
          limits: caller.limits,
        };
        // Texts to embed have no tier.
        const chosen = await route.decide(labelled, operation === 'embeddings' ? undefined : question); // route
        const placing = { route, boundaryOf, canRedact: false, mayMove: false };
        decision = (await place(placing, chosen, labelled)).decision; //                privacy
        account.decide(decision);
        const forwards = upstreams.upstreamOf(decision.modelId)?.forwardsClientKey === true;
        const clientKey = (forwards && labelled.clientKey) || null;
        const bytePlace = cache?.bytes.place(labelled, { modelId: decision.modelId, clientKey }) ?? null;
        const known = bytePlace === null ? null : ((await cache?.bytes.find(bytePlace)) ?? null); // cache
        const [modelId] = await admitted.enter(decision, known !== null); //           limits, reserve
        const answer = known === null ? await make(bytePlace, modelId, labelled, clock.signal) : again(known);
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
        return { ...reply(modelId, read, account, settleOnce, clock), route: shown };
      } catch (thrown) {
        const failed = toNearfarError(thrown);
        const error = verdict?.label === 'local_only' ? explained(failed, verdict) : failed;
        settleOnce({ type: 'error', error });
        throw error;
      }
    },
  };
}

function again(known: PassingAnswer): MadeAnswer<Relayed> {
  return { ...known, source: 'exact_cache', opened: null };
}

function reply(
  model: string,
  { contentType, items, source }: MadeAnswer<Relayed>,
  account: Account,
  settle: (last: LastPart) => void,
  clock: Deadline,
): Omit<RelayReply, 'route'> {
  const startedAt = performance.now();
  let firstAt: number | null = null;
  let hasFinished = false;
  let isOver = false;
  return {
    model,
    contentType,
    source,
    async read() {
      if (isOver) return null;
      try {
        const next = await items.next();
        if (next.done === true) {
          isOver = true;
          // Not made where it says nothing: an error costs more than the events of a stream.
          if (!hasFinished) {
            settle({
              type: 'error',
              error: new NearfarError('internal', 'The answer ended without an end.'),
            });
          }
          return null;
        }
        const { bytes, parts } = next.value;
        for (const part of parts) {
          if (part.type !== 'finish') {
            if (part.type !== 'start') firstAt ??= performance.now();
            account.see(part);
            continue;
          }
          const now = performance.now();
          const prefillMs = (firstAt ?? now) - startedAt;
          const timings = {
            queueMs: 0,
            prefillMs,
            decodeMs: now - startedAt - prefillMs,
            totalMs: now - startedAt,
          };
          // Before the last bytes go out: who has read the end finds the request settled.
          hasFinished = true;
          settle({ ...part, timings });
        }
        return bytes;
      } catch (thrown) {
        isOver = true;
        const error = toNearfarError(thrown);
        settle({ type: 'error', error });
        return error;
      }
    },
    close() {
      if (isOver) return;
      isOver = true;
      const error = new NearfarError('aborted', 'The client went away.');
      settle({ type: 'error', error });
      clock.abort(error);
      items.return();
    },
  };
}

/** A whole answer is kept as it came, a stream as what it says. */
function readAlong(
  relayed: MadeAnswer<Relayed>,
  readers: readonly Pick<CaptureRecorder, 'see' | 'seeBody'>[],
  isStreamed: boolean,
): MadeAnswer<Relayed> {
  const { items } = relayed;
  const see = ({ bytes, parts }: RelayItem): void => {
    for (const reader of readers) {
      if (!isStreamed) reader.seeBody(bytes);
      else for (const part of parts) if (part.type !== 'finish') reader.see(part);
    }
  };
  return {
    ...relayed,
    items: {
      async next() {
        const next = await items.next();
        if (next.done !== true) see(next.value);
        return next;
      },
      return: () => {
        items.return();
      },
    },
  };
}

function once<Value>(act: (value: Value) => void): (value: Value) => void {
  let isDone = false;
  return (value) => {
    if (isDone) return;
    isDone = true;
    act(value);
  };
}
