import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatModel, ModelFacts } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Connection } from './connection.ts';
import { exchange } from './exchange.ts';
import type { WireProtocol, WireRequest } from './protocol.ts';
import { retryWaitMs } from './retry-policy.ts';
import { sleepUnless } from './sleep.ts';
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
        new NearfarError('unsupported', `model: ${id} is not here, and its tokens are not counted elsewhere.`, {
          field: 'model',
        }),
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

/**
 * Tries until the first piece of an answer is there, or trying is of no more use; from then on there is one answer, whole
 * or with an error at its end.
 */
async function* answer(
  dependencies: UpstreamModelDependencies,
  id: string,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  const { upstream, breaker, random = Math.random, now = monotonic } = dependencies;
  let cleared: Cleared;
  let wire: WireRequest;
  try {
    cleared = clear(request, upstream.boundary);
    wire = writeRequest(dependencies, cleared);
  } catch (thrown) {
    yield { type: 'error', error: toNearfarError(thrown) };
    return;
  }
  for (let tries = 1; ; tries += 1) {
    const pauseMs = breaker.ask(now());
    if (pauseMs > 0) {
      yield { type: 'error', error: restingError(id, pauseMs) };
      return;
    }
    const failure = yield* tryOnce(dependencies, id, cleared, wire, signal);
    if (failure === null) return;
    const waitMs = failure.isFinal ? null : retryWaitMs(failure.error, tries, upstream.retry, random());
    const comesInTime = request.deadlineAt === null || Date.now() + (waitMs ?? 0) < request.deadlineAt;
    if (waitMs === null || !comesInTime || !(await sleepUnless(waitMs, signal))) {
      yield { type: 'error', error: named(failure.error, upstream.name) };
      return;
    }
  }
}

function writeRequest(
  { upstream, model, protocol }: UpstreamModelDependencies,
  cleared: Cleared,
): WireRequest {
  return protocol.request(cleared.request, {
    model: model.name,
    traits: upstream.traits,
    maxTokenCount: model.maxTokenCount,
    contextTokenCount: model.contextTokenCount,
  });
}

interface Failure {
  readonly error: NearfarError;
  /** Something was delivered, or the client is gone: there is no second try. */
  readonly isFinal: boolean;
}

/** One try; null where it came to its end. */
async function* tryOnce(
  { upstream, protocol, connection, breaker, now = monotonic }: UpstreamModelDependencies,
  id: string,
  { request }: Cleared,
  wire: WireRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, Failure | null, undefined> {
  const key = keyFor(upstream, request);
  const startedAt = now();
  let firstAt: number | null = null;
  let held: ChatPart | null = null;
  let end: 'good' | 'failed' | 'neither' = 'neither';
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
      // Held back until there is more: a try that comes to nothing must leave nothing.
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
    return null;
  } catch (thrown) {
    const error = toNearfarError(thrown);
    if (isFault(error)) end = 'failed';
    return { error, isFinal: firstAt !== null || signal.aborted };
  } finally {
    breaker.report(end, now());
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

/** What says something about the upstream's health: not what a client did, and not that others ask too much of it. */
export function isFault(error: NearfarError): boolean {
  return (
    error.retryable &&
    (error.kind === 'unavailable' || error.kind === 'upstream_failed' || error.kind === 'timeout')
  );
}

export function restingError(id: string, pauseMs: number): NearfarError {
  return new NearfarError('unavailable', `${id} failed too often and is left alone for a moment.`, {
    retryAfterSeconds: pauseMs / 1000,
  });
}

/** Says which upstream it was. */
export function named(error: NearfarError, upstream: string): NearfarError {
  const message = error.message.replace(/^The upstream\b/, `The upstream ${upstream}`);
  return new NearfarError(error.kind, message, {
    retryable: error.retryable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    cause: error.cause,
  });
}

function monotonic(): number {
  return performance.now();
}
