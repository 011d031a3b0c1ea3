import { firstOfTwo } from '../balance/first-of-two.ts';
import { NearfarError, toNearfarError, type ErrorKind } from '../chat/error.ts';
import type { ChatModel } from '../chat/model.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';

/** Whether another model may do better. */
export function isWorthAnother(kind: ErrorKind): boolean {
  return worthAnother.has(kind);
}

/** Ends that another model may do better than: this one could not, or may not. What the client did wrong stays wrong. */
const worthAnother: ReadonlySet<ErrorKind> = new Set([
  'queue_full',
  'rate_limited',
  'model_crashed',
  'upstream_failed',
  'unavailable',
  'timeout',
  'model_not_found',
  // Marked local_only, and this one is outside: a later one may be inside.
  'forbidden',
]);

/** A model whose turn may come. */
export interface Candidate {
  readonly id: string;
  /** Finds it when its turn comes. */
  readonly open: () => Promise<ChatModel>;
}

/**
 * The first model that begins to answer. The next one is asked only while nothing was delivered: where the one before
 * failed, or where it hedges and is late. Each checks for itself what may reach it. Where all fail the last error goes out,
 * for it says why there is no answer at last.
 * @param candidates in the order in which they are asked
 */
export async function* answerInTurn(
  candidates: readonly Candidate[],
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  let failure: NearfarError | null = null;
  for (let index = 0; index < candidates.length;) {
    const tries: Try[] = [];
    const next = (): Try | null => {
      const candidate = candidates[index];
      if (candidate === undefined) return null;
      index += 1;
      const opened = openTry(candidate, request, signal);
      tries.push(opened);
      return opened;
    };
    const first = next();
    if (first === null) break;
    try {
      yield* await beginning(first, next, signal);
      return;
    } catch (thrown) {
      if (tries.some((one) => one.hasDelivered)) throw thrown;
      failure = toNearfarError(thrown);
    } finally {
      // A reader that leaves takes everything with it.
      for (const one of tries) one.close();
    }
    if (signal.aborted || !worthAnother.has(failure.kind)) break;
  }
  yield {
    type: 'error',
    error: failure ?? new NearfarError('internal', 'No model was to answer.'),
  };
}

/** One model's answer on its way to its first token. */
interface Try {
  readonly id: string;
  readonly controller: AbortController;
  readonly model: Promise<ChatModel>;
  readonly request: ChatRequest;
  hasDelivered: boolean;
  parts: AsyncIterator<ChatPart> | null;
  close(): void;
}

function openTry({ id, open }: Candidate, request: ChatRequest, signal: AbortSignal): Try {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(signal.reason);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    id,
    controller,
    model: open(),
    request,
    hasDelivered: false,
    parts: null,
    close() {
      signal.removeEventListener('abort', onAbort);
      void this.parts?.return?.().then(undefined, ignoreLateFailure);
    },
  };
}

/** The parts of whichever of the two begins first. @throws NearfarError where none does */
async function beginning(
  first: Try,
  next: () => Try | null,
  signal: AbortSignal,
): Promise<AsyncGenerator<ChatPart, void, undefined>> {
  const { hedge } = await first.model;
  const afterMs = hedge?.afterMs() ?? null;
  if (afterMs === null) return continued(first, await untilFirstPart(first), null);
  const race = await firstOfTwo({
    first,
    run: untilToken,
    afterMs,
    signal,
    openSecond: () => (hedge?.spend() === true ? next() : null),
    cancel: ({ controller }) => {
      controller.abort(new NearfarError('aborted', 'Another model was quicker.'));
    },
    endsBoth: () => false,
    // What it holds ends with its signal.
    discard: () => undefined,
  });
  const { second, winner } = race;
  if (second === null) return continued(winner, race.result, null);
  const hasWon = winner === second;
  hedge?.count(hasWon);
  const loser = hasWon ? first : second;
  const outcome = hasWon ? 'and it was first' : 'and the first was first all the same';
  const note = `no first token from ${first.id} after ${String(Math.round(afterMs))} ms: ${second.id} was asked too, ${outcome}`;
  return continued(winner, race.result, { note, abandoned: race.loserFailed ? [] : [loser.id] });
}

/** What was held, with what the ledger should know in its first part, and the rest. */
async function* continued(
  one: Try,
  held: readonly ChatPart[],
  told: { readonly note: string; readonly abandoned: readonly string[] } | null,
): AsyncGenerator<ChatPart, void, undefined> {
  for (const part of held) {
    one.hasDelivered = true;
    if (part.type !== 'start' || told === null) yield part;
    else {
      const { notes = [], abandoned = [] } = part.delivery ?? {};
      yield {
        ...part,
        delivery: {
          ...part.delivery,
          notes: [...notes, told.note],
          abandoned: [...abandoned, ...told.abandoned],
        },
      };
    }
  }
  const { parts } = one;
  if (parts === null) return;
  for (;;) {
    const result = await parts.next();
    if (result.done === true) return;
    yield result.value;
  }
}

/** @throws NearfarError where its first part is an error, or there is none */
async function untilFirstPart(one: Try): Promise<readonly ChatPart[]> {
  const part = await nextPart(one);
  if (part === null) throw new NearfarError('internal', 'The model said nothing at all.');
  return [part];
}

/** What comes before the first token says only that a model was asked. */
async function untilToken(one: Try): Promise<readonly ChatPart[]> {
  const held = [...(await untilFirstPart(one))];
  while (held.at(-1)?.type === 'start') {
    const part = await nextPart(one);
    if (part === null) break;
    held.push(part);
  }
  return held;
}

/** @throws NearfarError in place of an error part */
async function nextPart(one: Try): Promise<ChatPart | null> {
  one.parts ??= (await one.model).stream(one.request, one.controller.signal)[Symbol.asyncIterator]();
  const result = await one.parts.next();
  if (result.done === true) return null;
  if (result.value.type === 'error') throw result.value.error;
  return result.value;
}

function ignoreLateFailure(): void {
  // The answer was another model's, or has ended.
}
