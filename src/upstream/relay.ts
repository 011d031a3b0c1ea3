import { toNearfarError } from '../chat/error.ts';
import type { Delivery } from '../chat/part.ts';
import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { StopSignal } from '../chat/stop-signal.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import { askInTurn, type Turn } from './attempts.ts';
import type { UpstreamAnswer } from './connection.ts';
import { failureOf } from './exchange.ts';
import { createPatience } from './patience.ts';
import { promptTextOf } from './prompt-text.ts';
import type { ProtocolName, WirePart } from './protocol.ts';
import { explained, RelayStream, type RelayItem, type RelayItems } from './relay-stream.ts';
import { createSideReader } from './side-reader.ts';
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
  | 'verdict'
  | 'session'
  | 'tenant'
  | 'priority'
  | 'deadlineAt'
  | 'isStreamed'
  | 'clientKey'
  | 'answerCache'
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

export interface Relayed {
  readonly contentType: string;
  /** Hashes of the prompt, as far as they may be kept. */
  readonly prefix: PromptPrefix | null;
  readonly items: RelayItems;
  /** Absent: one server was asked, and it answered. */
  readonly delivery?: Delivery;
}

/** Whole answers come when they are complete; the official clients wait as long. */
const wholeAnswerMs = 600_000;

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
  signal: StopSignal,
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
  try {
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
      discard: ({ items }) => {
        items.return();
      },
      ...(random === undefined ? {} : { random }),
      ...(now === undefined ? {} : { now }),
    });
    return delivery === undefined ? result : { ...result, delivery };
  } catch (thrown) {
    const error = toNearfarError(thrown);
    prompt.abandon(error);
    throw error;
  }
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
  const secrets = key === null ? [] : [key];
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
      onSent: () => {
        dependencies.sent.add(request.id, id);
      },
    });
    if (answer.status !== 200) {
      dependencies.sent.refuse(request.id, id);
      throw await failureOf(answer, secrets);
    }
    const type = contentTypeOf(answer);
    if (!request.isStreamed) {
      const item = await readWhole(answer.body, request.protocol, id);
      patience.finish();
      for (const part of item.parts) tell(attempt, part);
      turn.report('good');
      return { contentType: type, prefix: prompt.prefix, items: onlyItem(item) };
    }
    if (/text\/html|^application\/json/i.test(type)) throw broken(`answered with ${type}, not with a stream`);
    const items = new RelayStream({
      body: answer.body[Symbol.asyncIterator](),
      side: createSideReader(protocol, id, choiceCountOf(request)),
      filter: attempt.hidesUsage ? createUsageFilter() : null,
      patience,
      idleMs: upstream.timeouts.idleMs,
      onFirst: () => {
        turn.lease.sawFirst();
      },
      onPart: (part) => {
        tell(attempt, part);
      },
      report: (end) => {
        turn.report(end);
      },
      secrets,
    });
    await items.holdUntilToken();
    return { contentType: type, prefix: prompt.prefix, items };
  } catch (thrown) {
    const error = explained(thrown, patience);
    patience.end();
    throw error;
  }
}

/** Balancing and the planner of prompt caches learn from what passes by. */
function tell({ turn: { lease, report }, prompt }: Attempt, part: WirePart): void {
  if (part.type === 'tool-call-start') lease.sawCall(part.id);
  else if (part.type === 'finish') {
    prompt.settle(part.usage);
    lease.sawUsage(part.usage);
    // Before the last bytes go out: who has read the end finds the replica free, and may leave at once.
    report('good');
  }
}

function contentTypeOf({ headers }: UpstreamAnswer): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? type : 'application/octet-stream';
}

/** A whole answer's. */
function onlyItem(item: RelayItem): RelayItems {
  const items = [item];
  return {
    next() {
      const value = items.shift();
      return Promise.resolve(value === undefined ? { done: true, value } : { done: false, value });
    },
    return: () => undefined,
  };
}
