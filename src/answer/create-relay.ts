import type { Caller } from '../access/access.ts';
import { requireScope } from '../access/create-access.ts';
import { relayedText } from '../capture/asked-text.ts';
import type { CaptureRecorder } from '../capture/capture.ts';
import type { BytePlace, MadeAnswer } from '../cache/byte-answers.ts';
import type { PassingAnswer } from '../cache/passing-answer.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { AnswerSource } from '../chat/part.ts';
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
import type { AnswerDependencies } from './create-answer.ts';
import { relaySize } from './relay-size.ts';
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
  /** @throws NearfarError where there is nothing to deliver */
  answer(request: RelayRequest, caller: Caller, signal: AbortSignal): Promise<RelayReply>;
}

export interface RelayDependencies extends Pick<
  AnswerDependencies,
  'label' | 'settle' | 'billing' | 'observeGap' | 'admission' | 'capture' | 'cache'
> {
  readonly route: AnswerDependencies['route'];
  readonly upstreams: Pick<UpstreamModels, 'upstreamOf' | 'relay' | 'sentTo'>;
}

export function createRelay(dependencies: RelayDependencies): Relay {
  const { label, route, upstreams, settle, cache } = dependencies;
  const { observeGap = () => undefined, billing = () => ownBilling } = dependencies;
  const { admission = openAdmission, capture } = dependencies;

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
      const settleOnce = once((last: LastPart) => {
        clock.end();
        const row = admitted.close(account.close(last));
        settle(row); //                                                                settle
        if (decision !== null) route.settled?.(decision, row);
        recorder?.end(row);
      });
      try {
        requireScope(caller, 'use'); //                                                access
        if (request.priority === 'voice') requireScope(caller, 'voice');
        const labelled = label({ ...request, tenant: caller.tenant }); //              privacy
        account.label(labelled.privacy);
        const text = capture === undefined ? null : relayedText(labelled);
        recorder = text === null ? null : (capture?.begin(text) ?? null);
        const { priority, deadlineAt, body, text: written } = labelled;
        const size = { maxTokenCount: asked.maxTokenCount, choiceCount: asked.choiceCount };
        const question = {
          prompt: () => askedBody({ body, text: written, ...size, priority, deadlineAt }),
          limits: caller.limits,
        };
        // Texts to embed have no tier.
        decision = await route.decide(labelled, operation === 'embeddings' ? undefined : question); // route
        account.decide(decision);
        const forwards = upstreams.upstreamOf(decision.modelId)?.forwardsClientKey === true;
        const clientKey = (forwards && labelled.clientKey) || null;
        const place = cache?.bytes.place(labelled, { modelId: decision.modelId, clientKey }) ?? null;
        const known = place === null ? null : ((await cache?.bytes.find(place)) ?? null); // cache
        const [modelId] = await admitted.enter(decision, known !== null); //           limits, reserve
        const answer = known === null ? await make(place, modelId, labelled, clock.signal) : again(known);
        account.from(answer.source);
        if (answer.opened?.delivery !== undefined) account.deliver(answer.opened.delivery);
        account.keep(answer.opened?.prefix ?? null);
        const read = recorder === null ? answer : readAlong(answer, recorder, request.isStreamed);
        const shown = routeHeader(decision, modelId);
        return { ...reply(modelId, read, account, settleOnce, clock), route: shown };
      } catch (thrown) {
        const error = toNearfarError(thrown);
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
  recorder: CaptureRecorder,
  isStreamed: boolean,
): MadeAnswer<Relayed> {
  const { items } = relayed;
  const see = ({ bytes, parts }: RelayItem): void => {
    if (!isStreamed) recorder.seeBody(bytes);
    else for (const part of parts) if (part.type !== 'finish') recorder.see(part);
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

interface Deadline {
  readonly signal: AbortSignal;
  abort(reason: NearfarError): void;
  /** Stops the clock. What is under way goes on. */
  end(): void;
}

/** Longest delay that a timer takes. */
const longestTimerMs = 2 ** 31 - 1;

/** The client's signal and the request's deadline as one. */
function createDeadline(client: AbortSignal, deadlineAt: number | null): Deadline {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(new NearfarError('aborted', 'The client went away.'));
  };
  if (client.aborted) onAbort();
  else client.addEventListener('abort', onAbort, { once: true });
  const timer =
    deadlineAt === null
      ? undefined
      : setTimeout(
          () => {
            controller.abort(new NearfarError('timeout', 'The deadline of this request passed.'));
          },
          Math.min(longestTimerMs, Math.max(0, deadlineAt - Date.now())),
        );
  timer?.unref();
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason);
    },
    end: () => {
      clearTimeout(timer);
      client.removeEventListener('abort', onAbort);
    },
  };
}
