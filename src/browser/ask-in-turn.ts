import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { clear } from '../privacy/clear.ts';
import type { Backend } from './backend.ts';
import type { BackendPool } from './backend-pool.ts';
import type { PageDecision } from './near.ts';
import type { PagePrivacy } from './page-privacy.ts';
import type { PlannedRequest } from './plan-request.ts';

export interface AskSetup {
  readonly pool: BackendPool;
  readonly privacy: Pick<PagePrivacy, 'remember'>;
  /** Told before the first part: who answers in the end. */
  readonly onRoute: (decision: PageDecision) => void;
  readonly now?: () => number;
}

/**
 * Asks the backends of a plan, one after another, until one has begun to answer: what fails before anything was shown leaves
 * nothing behind. Each is given the request only as `clear` lets it.
 */
export async function* askInTurn(
  setup: AskSetup,
  { request, names, decision, backends }: PlannedRequest<ChatRequest>,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, void, undefined> {
  const { pool, privacy, onRoute, now = () => performance.now() } = setup;
  const notes: string[] = [];
  let failure = new NearfarError('unavailable', 'No backend was asked.');
  for (const name of names) {
    if (isAborted(signal)) throw new NearfarError('aborted', 'The request was aborted.');
    const startedAt = now();
    let firstAt: number | null = null;
    let start: Extract<ChatPart, { type: 'start' }> | null = null;
    let hasShown = false;
    let said = '';
    try {
      const backend = await pool.open(name);
      const known = backends.get(name)?.availability;
      if (known?.state === 'downloadable' && backend.boundary === 'machine') await pool.load(name, signal);
      const keepsForm = known !== undefined && known.state !== 'unavailable' && known.can.schema;
      for await (const part of await answer(backend, request, keepsForm, signal)) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'start') {
          start = part;
          continue;
        }
        if (!hasShown) {
          hasShown = true;
          firstAt = now();
          const told = { ...decision, backend: name, reasons: [...decision.reasons, ...notes] };
          onRoute(told);
          if (start !== null) yield withRoute(start, told);
        }
        if (part.type === 'text-delta') said += part.text;
        if (part.type === 'tool-call-start') said += part.id;
        if (part.type === 'finish') {
          const { completionTokenCount } = part.usage;
          pool.sawAnswer(
            name,
            (firstAt ?? now()) - startedAt,
            now() - (firstAt ?? now()),
            completionTokenCount,
          );
          // Before the last part goes out: who has read the end may ask the next at once.
          await privacy.remember(request, said);
          yield part;
          return;
        }
        yield part;
      }
      throw new NearfarError('internal', `${name} ended without finishing its answer.`);
    } catch (thrown) {
      const error = isAborted(signal)
        ? new NearfarError('aborted', 'The request was aborted.')
        : toNearfarError(thrown);
      pool.sawFailure(name, error);
      // What was shown and then broke off is somebody's answer too.
      if (said !== '') await privacy.remember(request, said);
      if (hasShown || !isWorthAnother(error)) throw error;
      failure = error;
      notes.push(`${name} failed (${error.kind}) and said nothing`);
    }
  }
  throw failure;
}

async function answer(
  backend: Backend,
  request: ChatRequest,
  keepsForm: boolean,
  signal: AbortSignal,
): Promise<AsyncIterable<ChatPart>> {
  const ask = (one: ChatRequest): AsyncIterable<ChatPart> =>
    backend.chat(clear(one, backend.boundary), signal);
  if (request.outputFormat.type === 'text' || keepsForm) return ask(request);
  return (await import('./formed-answer.ts')).formedAnswer(request, ask);
}

/** A question anew each time: it changes while others are waited for. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Another may do better at what this one failed at; at a request that is wrong or not wanted any more nobody can. */
function isWorthAnother({ kind }: NearfarError): boolean {
  return kind !== 'aborted' && kind !== 'invalid_request';
}

function withRoute(start: Extract<ChatPart, { type: 'start' }>, { reasons, label }: PageDecision): ChatPart {
  return { ...start, route: reasons.join('; '), ...(label === 'open' ? {} : { privacy: label }) };
}
