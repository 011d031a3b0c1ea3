import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatModel, Hedge, ModelFacts } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { PublicFetch } from '../fetch/public-fetch.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import { askInTurn, isFault, named, type Turn } from './attempts.ts';
import type { BreakerEnd } from './circuit-breaker.ts';
import { exchange } from './exchange.ts';
import { heldStream } from './held-stream.ts';
import { notCarried } from './not-carried.ts';
import { plannedBody, type CachePlanning, type PlannedPrompt } from './planned-body.ts';
import { promptText } from './prompt-text.ts';
import type { WireProtocol, WireRequest } from './protocol.ts';
import { withMedia } from './read-media.ts';
import type { Replicas } from './replicas.ts';
import type { SentPrompts } from './sent-prompts.ts';
import { answeredCalls } from './tool-loop.ts';
import { upstreamModelId, type UpstreamModelSettings, type UpstreamSettings } from './upstream.ts';

export interface UpstreamModelDependencies {
  readonly upstream: UpstreamSettings;
  readonly model: UpstreamModelSettings;
  readonly protocol: WireProtocol;
  readonly replicas: Replicas;
  /** Reads what a client only names, for protocols that need the bytes. */
  readonly fetchPublic: PublicFetch;
  /** From 0 up to 1; spreads retries. @default Math.random */
  readonly random?: () => number;
  readonly now?: () => number;
  /** Told of every prompt that leaves. */
  readonly sent: SentPrompts;
  /** Absent: nothing is planned for the upstream's prompt cache. */
  readonly planning?: CachePlanning | undefined;
}

/** A model of an upstream behind the contract that this machine's models have. */
export function createUpstreamModel(dependencies: UpstreamModelDependencies): ChatModel {
  const { upstream, model } = dependencies;
  const id = upstreamModelId(upstream.name, model.name);
  const facts = factsOf(id, upstream.name, model);
  return {
    facts,
    stream: (request, signal) => answer(dependencies, id, request, signal),
    hedge: hedgeOf(dependencies),
    countTokens: () =>
      Promise.reject(
        new NearfarError(
          'unsupported',
          `model: ${id} is not here, and its tokens are not counted elsewhere.`,
          {
            field: 'model',
          },
        ),
      ),
    embed: () =>
      Promise.reject(
        new NearfarError('unsupported', `model: ${id} is asked for answers only, not for vectors.`, {
          field: 'model',
        }),
      ),
  };
}

function factsOf(id: string, upstream: string, model: UpstreamModelSettings): ModelFacts {
  return {
    id,
    upstream,
    grade: 'ungraded',
    license: null,
    contextTokenCount: model.contextTokenCount,
    parameterCount: null,
    format: null,
    family: null,
    sizeBytes: null,
    createdAt: new Date(0),
    sha256: null,
    verified: false,
  };
}

/** Where there are several replicas the second one is asked among them; else it is for whoever knows of another model. */
function hedgeOf({ replicas, model }: UpstreamModelDependencies): Hedge {
  return {
    afterMs: () => (replicas.count > 1 ? null : replicas.hedgeAfterMs(model.name)),
    spend: () => replicas.hedgeBudget.spend(),
    count: (hasWon) => {
      replicas.countHedge(hasWon);
    },
  };
}

/** One answer, whole or with an error at its end; tried again as long as nothing of it was delivered. */
async function* answer(
  dependencies: UpstreamModelDependencies,
  id: string,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  const { upstream, replicas, model, random, now } = dependencies;
  try {
    const cleared = clear(request, upstream.boundary);
    const asked = await withMedia(cleared.request, dependencies.protocol, dependencies.fetchPublic, signal);
    const wire = writeRequest(dependencies, asked);
    const prompt = plannedBody(dependencies, id, cleared.request, JSON.stringify(wire.body), wire.body);
    const { result, delivery } = await askInTurn({
      upstream,
      replicas,
      request: {
        model: model.name,
        tenant: request.tenant,
        blocks: replicas.blocks(model.name, () => promptText(request.input)),
        callIds: answeredCalls(request.input),
      },
      deadlineAt: request.deadlineAt,
      signal,
      isHedgeable: true,
      attempt: async (turn) => {
        const parts = tryOnce({ dependencies, id, cleared, wire, prompt, turn });
        const first = await parts.next();
        return heldStream(first.done === true ? [] : [first.value], parts);
      },
      discard: (parts) => void parts.return?.().catch(() => undefined),
      ...(random === undefined ? {} : { random }),
      ...(now === undefined ? {} : { now }),
    }).catch((thrown: unknown) => {
      const error = toNearfarError(thrown);
      prompt.abandon(error);
      throw error;
    });
    for await (const part of result) {
      yield part.type === 'start' && delivery !== undefined ? { ...part, delivery } : part;
    }
  } catch (thrown) {
    yield { type: 'error', error: named(toNearfarError(thrown), upstream.name) };
  }
}

function writeRequest(
  { upstream, model, protocol }: UpstreamModelDependencies,
  request: ChatRequest,
): WireRequest {
  const { contextOverflow = 'error' } = request;
  if (contextOverflow !== 'error' && !upstream.traits.isNearfar) {
    throw notCarried('context_overflow', "only nearfar's own models leave out what does not fit; send error");
  }
  return protocol.request(request, {
    model: model.name,
    traits: upstream.traits,
    maxTokenCount: model.maxTokenCount,
    contextTokenCount: model.contextTokenCount,
  });
}

interface Attempt {
  readonly dependencies: UpstreamModelDependencies;
  readonly id: string;
  readonly cleared: Cleared;
  readonly wire: WireRequest;
  readonly prompt: PlannedPrompt;
  readonly turn: Turn;
}

/** One try. Nothing comes out of it before the first piece of the answer, so that one that fails leaves nothing. */
async function* tryOnce(attempt: Attempt): AsyncGenerator<ChatPart, void, undefined> {
  const { dependencies, id, cleared, wire, prompt, turn } = attempt;
  const { upstream, protocol, now = monotonic } = dependencies;
  const { lease } = turn;
  const { request } = cleared;
  const key = keyFor(upstream, request);
  const startedAt = now();
  let firstAt: number | null = null;
  let held: ChatPart | null = null;
  let end: BreakerEnd = 'neither';
  try {
    const parts = exchange({
      connection: turn.connection,
      protocol,
      reader: protocol.createReader(id, request.choiceCount),
      send: {
        method: 'POST',
        path: wire.path,
        headers: headersFor(upstream, protocol, request, key),
        body: prompt.text,
        onSent: () => {
          dependencies.sent.add(request.id, id);
        },
      },
      onRefused: () => {
        dependencies.sent.refuse(request.id, id);
      },
      timeouts: { ...upstream.timeouts, firstTokenMs: turn.firstTokenMs },
      secrets: key === null ? [] : [key],
      signal: turn.signal,
    });
    for await (const part of parts) {
      if (part.type === 'start') {
        held = prompt.prefix === null ? part : { ...part, prefix: prompt.prefix };
        continue;
      }
      if (firstAt === null) {
        firstAt = now();
        lease.sawFirst();
        if (held !== null) yield held;
      }
      if (part.type === 'tool-call-start') lease.sawCall(part.id);
      if (part.type !== 'finish') {
        yield part;
        continue;
      }
      end = 'good';
      prompt.settle(part.usage);
      lease.sawUsage(part.usage);
      // Before the last part goes out: who has read the end finds the replica free, and may leave at once.
      turn.report('good');
      const endedAt = now();
      const timings = {
        queueMs: 0,
        prefillMs: firstAt - startedAt,
        decodeMs: endedAt - firstAt,
        totalMs: endedAt - startedAt,
      };
      yield { ...part, timings };
    }
  } catch (thrown) {
    const error = toNearfarError(thrown);
    if (isFault(error)) end = 'failed';
    throw error;
  } finally {
    turn.report(end);
  }
}

export function keyFor(upstream: UpstreamSettings, request: Pick<ChatRequest, 'clientKey'>): string | null {
  const clientKey = upstream.forwardsClientKey ? request.clientKey : undefined;
  return (clientKey ?? upstream.key)?.reveal() ?? null;
}

export function headersFor(
  upstream: UpstreamSettings,
  protocol: WireProtocol,
  request: Partial<Pick<ChatRequest, 'privacy' | 'priority'>>,
  key: string | null,
): Readonly<Record<string, string>> {
  return {
    ...upstream.headers,
    ...(upstream.keyHeader === null || key === null
      ? protocol.headers(key)
      : { ...protocol.headers(null), [upstream.keyHeader]: key }),
    ...(upstream.traits.isNearfar && request.privacy !== undefined
      ? { 'x-nearfar-privacy': request.privacy, 'x-nearfar-priority': request.priority }
      : {}),
  };
}

function monotonic(): number {
  return performance.now();
}
