import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { Delivery } from '../chat/part.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest } from '../chat/request.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import { askInTurn, type Turn } from './attempts.ts';
import type { BreakerEnd } from './circuit-breaker.ts';
import { networkFailure, type UpstreamAnswer } from './connection.ts';
import { failureOf } from './exchange.ts';
import { heldStream } from './held-stream.ts';
import { createPatience, type Patience } from './patience.ts';
import { promptTextOf } from './prompt-text.ts';
import type { ProtocolName, WirePart } from './protocol.ts';
import { createSideReader, type SideReader } from './side-reader.ts';
import { plannedBody, type PlannedPrompt } from './planned-body.ts';
import { withMember } from './spliced-body.ts';
import { answeredCallsOf } from './tool-loop.ts';
import { headersFor, keyFor, type UpstreamModelDependencies } from './upstream-model.ts';
import { createUsageFilter } from './usage-filter.ts';
import { broken, isObject } from './wire-json.ts';
import { readWhole } from './whole-answer.ts';

/** A request in an upstream's own language: its bytes go there as they are. */
export interface RelayRequest extends Pick<
  ChatRequest,
  | 'id'
  | 'dialect'
  | 'requestedModel'
  | 'privacy'
  | 'tenant'
  | 'priority'
  | 'deadlineAt'
  | 'isStreamed'
  | 'clientKey'
> {
  /** As the ledger names it. */
  readonly operation: 'chat' | 'text_completion' | 'embeddings';
  readonly protocol: ProtocolName;
  /** Behind the upstream's base address. */
  readonly path: string;
  /** The body as it came, and as JSON. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of the client's headers those that are part of the language, e.g. `anthropic-beta`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes for the client, and what they say. The item with `finish` is the last one that matters. */
export interface RelayItem {
  readonly bytes: Uint8Array;
  readonly parts: readonly WirePart[];
}

export interface Relayed {
  readonly contentType: string;
  /** Hashes of the prompt, as far as they may be kept. */
  readonly prefix: PromptPrefix | null;
  /** Throws NearfarError where the answer breaks off. */
  readonly items: AsyncIterableIterator<RelayItem>;
  /** Absent: one server was asked, and it answered. */
  readonly delivery?: Delivery;
}

/** Whole answers come when they are complete; the official clients wait as long. */
const wholeAnswerMs = 600_000;
/** How long an upstream may take to end its stream behind the last event. */
const lateEndMs = 1_000;

/**
 * Sends a request as it is, but for the model's name where the client used another one and for marks that pay in the
 * upstream's prompt cache, and reads the answer from the side: its bytes pass untouched. Resolves once there is something
 * to deliver.
 * @throws NearfarError where nothing could be delivered
 */
export async function relay(
  dependencies: UpstreamModelDependencies,
  id: string,
  request: RelayRequest,
  signal: AbortSignal,
): Promise<Relayed> {
  const { upstream, replicas, model, random, now } = dependencies;
  const cleared = clear(request, upstream.boundary);
  const asksForUsage = needsUsage(request);
  const body = bodyFor(request, model.name, asksForUsage);
  const prompt = plannedBody(
    request.operation === 'chat' ? dependencies : { ...dependencies, planning: undefined },
    id,
    cleared.request,
    body,
    request.body,
  );
  const { result, delivery } = await askInTurn({
    upstream,
    replicas,
    request: {
      model: model.name,
      tenant: request.tenant,
      blocks: replicas.blocks(model.name, () =>
        request.operation === 'embeddings' ? '' : promptTextOf(request.body),
      ),
      callIds: answeredCallsOf(request.body),
    },
    deadlineAt: request.deadlineAt,
    signal,
    // A whole answer has no first token that could be late.
    isHedgeable: request.isStreamed,
    attempt: (turn) => tryOnce({ dependencies, id, cleared, prompt, hidesUsage: asksForUsage, turn }),
    discard: ({ items }) => void items.return?.().catch(() => undefined),
    ...(random === undefined ? {} : { random }),
    ...(now === undefined ? {} : { now }),
  });
  return delivery === undefined ? result : { ...result, delivery };
}

/** OpenAI's streams tell their usage only to those who ask. */
function needsUsage({ protocol, isStreamed, body }: RelayRequest): boolean {
  if (protocol !== 'openai' || !isStreamed) return false;
  const options = body['stream_options'];
  return !(isObject(options) && options['include_usage'] === true);
}

function bodyFor({ text, body }: RelayRequest, model: string, asksForUsage: boolean): string {
  // Written once it means the same to every reader; of two some take the first and some the last.
  const isOnce = text.indexOf('"model"') === text.lastIndexOf('"model"');
  const named = body['model'] === model && isOnce ? text : withMember(text, 'model', model);
  if (!asksForUsage) return named;
  const options = body['stream_options'];
  return withMember(named, 'stream_options', { ...(isObject(options) ? options : {}), include_usage: true });
}

/** Choices that are read from the side; where a server gives more, it is not understood and passes all the same. */
function choiceCountOf({ body }: RelayRequest): number {
  const { n: each = 1, prompt } = body;
  // Of a list of texts or of lists of tokens each is answered by itself; a list of tokens is one prompt.
  const isMany = Array.isArray(prompt) && typeof prompt[0] !== 'number';
  const count = typeof each === 'number' ? each * (isMany ? prompt.length : 1) : 1;
  return Number.isInteger(count) && count >= 1 && count <= 1024 ? count : 1;
}

interface Attempt {
  readonly dependencies: UpstreamModelDependencies;
  readonly id: string;
  readonly cleared: Cleared<'inside' | 'outside', RelayRequest>;
  readonly prompt: PlannedPrompt;
  readonly hidesUsage: boolean;
  readonly turn: Turn;
}

async function tryOnce(attempt: Attempt): Promise<Relayed> {
  const { dependencies, id, cleared, prompt, turn } = attempt;
  const { upstream, protocol } = dependencies;
  const { request } = cleared;
  const key = keyFor(upstream, request);
  const patience = createPatience(turn.signal);
  patience.wait(
    request.isStreamed ? turn.firstTokenMs : Math.max(wholeAnswerMs, upstream.timeouts.firstTokenMs),
    'did not begin its answer',
  );
  try {
    const answer = await turn.connection.send({
      method: 'POST',
      path: request.path,
      headers: { ...headersFor(upstream, protocol, request, key), ...request.headers },
      body: prompt.text,
      signal: patience.signal,
    });
    if (answer.status !== 200) throw await failureOf(answer, key === null ? [] : [key]);
    const type = contentTypeOf(answer);
    if (!request.isStreamed) {
      const item = await readWhole(answer.body, request.protocol, id);
      patience.end();
      for (const part of item.parts) tell(attempt, part);
      turn.report('good');
      return { contentType: type, prefix: prompt.prefix, items: once(item) };
    }
    if (/text\/html|^application\/json/i.test(type)) throw broken(`answered with ${type}, not with a stream`);
    const side = createSideReader(protocol, id, choiceCountOf(request));
    const source = passOn(attempt, answer, side, patience);
    const held = await holdUntilToken(source, side);
    return { contentType: type, prefix: prompt.prefix, items: heldStream(held, source) };
  } catch (thrown) {
    const error = explained(thrown, patience);
    patience.end();
    throw error;
  }
}

/** Balancing and the planner of prompt caches learn from what passes by. */
function tell({ turn: { lease }, prompt }: Attempt, part: WirePart): void {
  if (part.type === 'tool-call-start') lease.sawCall(part.id);
  else if (part.type === 'finish') {
    prompt.settle(part.usage);
    lease.sawUsage(part.usage);
    // Before the last bytes go out: who has read the end finds the replica free.
    lease.end();
  }
}

async function* passOn(
  attempt: Attempt,
  { body }: UpstreamAnswer,
  side: SideReader,
  patience: Patience,
): AsyncGenerator<RelayItem, void, undefined> {
  const filter = attempt.hidesUsage ? createUsageFilter() : null;
  const { idleMs } = attempt.dependencies.upstream.timeouts;
  let hasToken = false;
  let end: BreakerEnd = 'neither';
  try {
    for await (const chunk of body) {
      const parts = side.read(chunk);
      for (const part of parts) tell(attempt, part);
      if (!hasToken && (side.isBlind || parts.some((part) => part.type !== 'start'))) {
        hasToken = true;
        attempt.turn.lease.sawFirst();
        patience.wait(idleMs, 'sent nothing more');
      } else if (hasToken) patience.refresh();
      if (parts.some((part) => part.type === 'finish')) {
        end = 'good';
        patience.wait(lateEndMs, 'did not end its stream');
      }
      yield { bytes: filter === null ? chunk : filter.push(chunk), parts };
    }
    const rest = side.end();
    for (const part of rest) tell(attempt, part);
    end = 'good';
    yield { bytes: filter === null ? new Uint8Array() : filter.end(), parts: rest };
  } catch (thrown) {
    const error = explained(thrown, patience);
    // Cut behind its last choice: the answer is whole all the same.
    const rest = end === 'good' ? [] : side.endIfWhole();
    if (rest === null) {
      end = error.retryable ? 'failed' : 'neither';
      throw error;
    }
    end = 'good';
    yield { bytes: filter === null ? new Uint8Array() : filter.end(), parts: rest };
  } finally {
    patience.end();
    attempt.turn.report(end);
  }
}

/** What comes before the first token is held back, so that a try that comes to nothing leaves nothing. */
async function holdUntilToken(
  source: AsyncIterator<RelayItem>,
  side: SideReader,
): Promise<readonly RelayItem[]> {
  const held: RelayItem[] = [];
  for (;;) {
    const next = await source.next();
    if (next.done === true) return held;
    held.push(next.value);
    const hasToken = side.isBlind || next.value.parts.some((part) => part.type !== 'start');
    if (hasToken || held.length >= heldItems) return held;
  }
}

/** An answer that says nothing in so many pieces is passed on as it is. */
const heldItems = 64;

async function* once(item: RelayItem): AsyncGenerator<RelayItem, void, undefined> {
  yield await Promise.resolve(item);
}

function contentTypeOf({ headers }: UpstreamAnswer): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? type : 'application/octet-stream';
}

function explained(thrown: unknown, { signal }: Patience): NearfarError {
  if (signal.aborted && signal.reason instanceof NearfarError) return signal.reason;
  return toNearfarError(networkFailure(thrown));
}
