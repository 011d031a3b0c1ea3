import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatModel, ModelFacts } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import { askInTurn, isFault, named, type ReportEnd } from './attempts.ts';
import type { BreakerEnd, CircuitBreaker } from './circuit-breaker.ts';
import type { Connection } from './connection.ts';
import { exchange } from './exchange.ts';
import { notCarried } from './not-carried.ts';
import type { WireProtocol, WireRequest } from './protocol.ts';
import { upstreamModelId, type UpstreamModelSettings, type UpstreamSettings } from './upstream.ts';

export interface UpstreamModelDependencies {
  readonly upstream: UpstreamSettings;
  readonly model: UpstreamModelSettings;
  readonly protocol: WireProtocol;
  readonly connection: Connection;
  readonly breaker: CircuitBreaker;
  /** From 0 up to 1; spreads retries. @default Math.random */
  readonly random?: () => number;
  readonly now?: () => number;
}

/** A model of an upstream behind the contract that this machine's models have. */
export function createUpstreamModel(dependencies: UpstreamModelDependencies): ChatModel {
  const { upstream, model } = dependencies;
  const id = upstreamModelId(upstream.name, model.name);
  const facts = factsOf(id, upstream.name, model);
  return {
    facts,
    stream: (request, signal) => answer(dependencies, id, request, signal),
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

/** One answer, whole or with an error at its end; tried again as long as nothing of it was delivered. */
async function* answer(
  dependencies: UpstreamModelDependencies,
  id: string,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  try {
    const cleared = clear(request, dependencies.upstream.boundary);
    const wire = writeRequest(dependencies, cleared);
    yield* await askInTurn(dependencies, id, request.deadlineAt, signal, async (report) => {
      const parts = tryOnce({ dependencies, id, cleared, wire, signal, report });
      const first = await parts.next();
      return continued(first, parts);
    });
  } catch (thrown) {
    yield { type: 'error', error: named(toNearfarError(thrown), dependencies.upstream.name) };
  }
}

async function* continued(
  first: IteratorResult<ChatPart>,
  rest: AsyncGenerator<ChatPart, void, undefined>,
): AsyncGenerator<ChatPart, void, undefined> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

function writeRequest(
  { upstream, model, protocol }: UpstreamModelDependencies,
  cleared: Cleared,
): WireRequest {
  const { contextOverflow = 'error' } = cleared.request;
  if (contextOverflow !== 'error' && !upstream.traits.isNearfar) {
    throw notCarried('context_overflow', "only nearfar's own models leave out what does not fit; send error");
  }
  return protocol.request(cleared.request, {
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
  readonly signal: AbortSignal;
  readonly report: ReportEnd;
}

/** One try. Nothing comes out of it before the first piece of the answer, so that one that fails leaves nothing. */
async function* tryOnce(attempt: Attempt): AsyncGenerator<ChatPart, void, undefined> {
  const { dependencies, id, cleared, wire, signal, report } = attempt;
  const { upstream, protocol, connection, now = monotonic } = dependencies;
  const { request } = cleared;
  const key = keyFor(upstream, request);
  const startedAt = now();
  let firstAt: number | null = null;
  let held: ChatPart | null = null;
  let end: BreakerEnd = 'neither';
  try {
    const parts = exchange({
      connection,
      protocol,
      reader: protocol.createReader(id, request.choiceCount),
      send: {
        method: 'POST',
        path: wire.path,
        headers: headersFor(upstream, protocol, request, key),
        body: JSON.stringify(wire.body),
      },
      timeouts: upstream.timeouts,
      secrets: key === null ? [] : [key],
      signal,
    });
    for await (const part of parts) {
      if (part.type === 'start') {
        held = part;
        continue;
      }
      if (firstAt === null) {
        firstAt = now();
        if (held !== null) yield held;
      }
      if (part.type !== 'finish') {
        yield part;
        continue;
      }
      end = 'good';
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
    report(end);
  }
}

export function keyFor(upstream: UpstreamSettings, request: Pick<ChatRequest, 'clientKey'>): string | null {
  const clientKey = upstream.forwardsClientKey ? request.clientKey : undefined;
  return (clientKey ?? upstream.key)?.reveal() ?? null;
}

export function headersFor(
  upstream: UpstreamSettings,
  protocol: WireProtocol,
  request: Pick<ChatRequest, 'privacy' | 'priority'>,
  key: string | null,
): Readonly<Record<string, string>> {
  return {
    ...upstream.headers,
    ...(upstream.keyHeader === null || key === null
      ? protocol.headers(key)
      : { ...protocol.headers(null), [upstream.keyHeader]: key }),
    ...(upstream.traits.isNearfar
      ? { 'x-nearfar-privacy': request.privacy, 'x-nearfar-priority': request.priority }
      : {}),
  };
}

function monotonic(): number {
  return performance.now();
}
