import { NearfarError } from '../../chat/error.ts';
import type { ChatModel } from '../../chat/model.ts';
import type { CascadeOutcome, ChatPart, TokenLogprob } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { shortSamples } from './short-samples.ts';
import { judge, type CascadeRules, type Judgement } from './judge.ts';
import { asAsked } from './own-logprobs.ts';
import { uncertaintyOf } from './uncertainty.ts';

export interface NearFirstOptions {
  readonly rules: CascadeRules;
  /** Told once, when the near model was judged; not where it failed before. */
  readonly onJudged: (outcome: CascadeOutcome) => void;
  /** @default performance.now */
  readonly now?: () => number;
}

/** Alternatives asked of the model for its entropy. */
const topLogprobCount = 5;

/**
 * A model whose parts are held back until its beginning was judged: then all of them go out, or none does and the stream is
 * one `unavailable` error, after which the next model's turn comes. What it held is freed in either case.
 */
export function nearFirst(model: ChatModel, options: NearFirstOptions): ChatModel {
  return {
    facts: model.facts,
    countTokens: (input, signal) => model.countTokens(input, signal),
    embed: (request, signal) => model.embed(request, signal),
    stream: (request, signal) => heldBack(model, request, signal, options),
  };
}

type Event =
  | { readonly type: 'part'; readonly result: IteratorResult<ChatPart> }
  | { readonly type: 'samples'; readonly agreement: number | null }
  | { readonly type: 'late' };

async function* heldBack(
  model: ChatModel,
  request: ChatRequest,
  signal: AbortSignal,
  { rules, onJudged, now = () => performance.now() }: NearFirstOptions,
): AsyncGenerator<ChatPart, void, undefined> {
  const abort = new AbortController();
  const onAbort = (): void => {
    abort.abort(signal.reason);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const startedAt = now();
  const watched = { ...request, topLogprobCount: Math.max(topLogprobCount, request.topLogprobCount ?? 0) };
  const parts = model.stream(watched, abort.signal)[Symbol.asyncIterator]();
  const samples = rules.sampleCount === 0 ? null : shortSamples(model, request, rules, abort.signal);
  const late = Promise.withResolvers<Event>();
  const timer = setTimeout(() => {
    late.resolve({ type: 'late' });
  }, rules.holdMs);
  const shown = asAsked(request.topLogprobCount);
  const held: ChatPart[] = [];
  const tokens: TokenLogprob[] = [];
  let pending: Promise<Event> | null = null;
  let sampled: Promise<Event> | null =
    samples === null ? null : samples.agreement.then((agreement) => ({ type: 'samples', agreement }));
  let agreement: number | null = null;
  const nextPart = (): Promise<Event> => parts.next().then((result) => ({ type: 'part', result }));
  try {
    let isRead = false;
    let isLate = false;
    while (!isLate && !(isRead && sampled === null)) {
      if (!isRead) pending ??= nextPart();
      const event: Event = await Promise.race(
        [late.promise, ...(isRead ? [] : [pending]), sampled].filter((one) => one !== null),
      );
      if (event.type === 'late') isLate = true;
      else if (event.type === 'samples') {
        agreement = event.agreement;
        sampled = null;
      } else {
        pending = null;
        // It ended without an end: whoever reads says so.
        if (event.result.done === true) return;
        const part: ChatPart = event.result.value;
        if (part.type === 'error') {
          // Nothing of it was shown: the next one's turn, where that is worth it.
          yield part;
          return;
        }
        held.push(part);
        if (part.type === 'text-delta') tokens.push(...(part.logprobs ?? []));
        isRead = part.type === 'finish' || tokens.length >= rules.tokenCount;
      }
    }
    clearTimeout(timer);
    const judgement: Judgement = judge(uncertaintyOf(tokens, agreement), rules);
    const outcome: CascadeOutcome = {
      modelId: model.facts.id,
      isEscalated: !judgement.isSure,
      tokenCount: tokens.length + (samples?.tokenCount() ?? 0),
      ms: now() - startedAt,
      reason: judgement.reason,
    };
    onJudged(outcome);
    if (outcome.isEscalated) {
      yield {
        type: 'error',
        error: new NearfarError('unavailable', `The near model was unsure: ${judgement.reason}.`),
      };
      return;
    }
    for (const part of held) yield* shown(noted(part, outcome));
    for (;;) {
      const event = await (pending ?? nextPart());
      pending = null;
      if (event.type !== 'part' || event.result.done === true) return;
      yield* shown(noted(event.result.value, outcome));
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    // Frees what an unread answer and samples hold; after the end it changes nothing.
    abort.abort(new NearfarError('aborted', 'Nobody reads the near model any more.'));
    pending?.catch(ignoreLateFailure);
    void parts.return?.().then(undefined, ignoreLateFailure);
  }
}

function noted(part: ChatPart, outcome: CascadeOutcome): ChatPart {
  return part.type === 'start' ? withCascade(part, outcome) : part;
}

/** The start of an answer, saying what the cascade did before it. */
export function withCascade(part: Extract<ChatPart, { type: 'start' }>, outcome: CascadeOutcome): ChatPart {
  const { notes = [], abandoned = [] } = part.delivery ?? {};
  return {
    ...part,
    delivery: { notes: [...notes, cascadeNote(outcome)], abandoned, cascade: outcome },
  };
}

/** The ledger's sentence. */
export function cascadeNote({ modelId, isEscalated, tokenCount, ms, reason }: CascadeOutcome): string {
  const spent = `${tokenCount} near token${tokenCount === 1 ? '' : 's'}, ${Math.round(ms)} ms`;
  return isEscalated
    ? `cascade: ${modelId} was unsure (${reason}) and nothing of it was shown; spent on it: ${spent}`
    : `cascade: ${modelId} was sure (${reason}); held back: ${spent}`;
}

function ignoreLateFailure(): void {
  // Its answer was not wanted any more.
}
