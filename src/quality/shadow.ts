import { createAnswerText, type AnswerText } from '../capture/answer-text.ts';
import { toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { AskModel } from './ask-model.ts';
import type { Judge } from './judge.ts';
import type { Judged, TierModel } from './judged-store.ts';
import { answerInBody, comparableBody, comparableOf, type Comparable } from './question.ts';

/** Compares what somebody got with what another tier would have said, for a sample and after the fact. */
export interface Shadow {
  /** Null: this one is not compared. What must not leave never is. Runs while a request is answered: cheap, never throws. */
  begin(request: ShadowedRequest): ShadowRecorder | null;
  /** The same of a body that passes to an upstream as it is. */
  beginBody(request: ShadowedBody): ShadowRecorder | null;
  readonly stats: ShadowStats;
  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void>;
  /** Takes nothing any more, gives up what is under way, and keeps what was judged. */
  close(): Promise<void>;
}

export type ShadowedRequest = ChatRequest;

export interface ShadowedBody extends Pick<ChatRequest, 'privacy' | 'tenant'> {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ShadowRecorder {
  see(part: ChatPart): void;
  /** An answer that passes by as it is, in place of its parts. */
  seeBody(bytes: Uint8Array): void;
  /** Once, with the ledger's row. */
  end(row: LedgerRow, routedTier?: string): void;
}

export interface ShadowStats {
  readonly judgedCount: number;
  /** Given up, by why. */
  readonly droppedCounts: Readonly<Record<ShadowDrop, number>>;
  readonly pendingCount: number;
}

/**
 * `full`: too many waited; `budget`: the budget did not pay for it; `answer`: the alternative gave no whole answer; `verdict`: the
 * judge gave none; `privacy`: something in question or answers may not go where it would be asked; `closing`: the gateway was stopped; `store`: the outcome could not be written.
 */
export type ShadowDrop = 'full' | 'budget' | 'answer' | 'verdict' | 'privacy' | 'closing' | 'store';

export interface ShadowDependencies {
  /** Of the requests that can be compared, the share that is, 0-1. */
  readonly share: number;
  /** From the nearest and cheapest on. */
  readonly tiers: () => Promise<readonly TierModel[]>;
  readonly ask: AskModel;
  readonly judge: Judge;
  /** As it stands in the table. */
  readonly judgeName: string;
  readonly record: (judged: Judged) => Promise<void>;
  readonly warn: (message: string, cause?: unknown) => void;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly now?: () => number;
}

interface Job {
  readonly requestId: string;
  readonly tenant: string;
  readonly comparable: Comparable;
  readonly answer: string;
  readonly answeringModel: string;
  readonly routedTier: string | undefined;
  readonly characterCount: number;
}

const waitingLimit = 64;
const waitingCharacterLimit = 8 * 1024 * 1024;
const longestAnswerCharacterCount = 100_000;
/** Outcomes are tried to be written for about two seconds. */
const storeDelaysMs = [20, 80, 300, 1500];
/** After the budget said no, nothing is asked for so long at most: there are requests enough in the next hour. */
const longestPauseMs = 3_600_000;

export function createShadow(dependencies: ShadowDependencies): Shadow {
  const { share, tiers, ask, judge, judgeName, record, warn } = dependencies;
  const { random = Math.random, now = Date.now } = dependencies;
  const abort = new AbortController();
  const dropped: Record<ShadowDrop, number> = {
    full: 0,
    budget: 0,
    answer: 0,
    verdict: 0,
    privacy: 0,
    closing: 0,
    store: 0,
  };
  let judgedCount = 0;
  let waiting: Job[] = [];
  let waitingCharacterCount = 0;
  let working: Promise<void> | null = null;
  let pausedUntil = 0;
  let isClosed = false;
  let hasWarned = false;

  function beginWith(comparable: Comparable | null, tenant: string): ShadowRecorder | null {
    if (comparable === null) return null;
    const said = createAnswerText();
    let body: Uint8Array | null = null;
    return {
      see(part) {
        if (said.characterCount <= longestAnswerCharacterCount) said.see(part);
      },
      seeBody(bytes) {
        // It comes in one piece.
        body = bytes;
      },
      end(row, routedTier) {
        // A label that was tightened on the way holds for what was said before it.
        if (row.privacy !== 'open' || row.status !== 200 || row.answerSource !== 'model') return;
        if (row.finish !== 'stop' && row.finish !== 'stop_sequence') return;
        const answer = body === null ? spoken(said) : answerInBody(body);
        if (row.answeringModel === null || answer === null || answer.trim() === '') return;
        if (answer.length > longestAnswerCharacterCount) return;
        take({
          requestId: row.requestId,
          tenant,
          comparable,
          answer,
          answeringModel: row.answeringModel,
          routedTier,
          characterCount: comparable.characterCount + answer.length,
        });
      },
    };
  }

  function isChosen(privacy: ChatRequest['privacy']): boolean {
    return !isClosed && privacy === 'open' && (share >= 1 || random() < share);
  }

  function take(job: Job): void {
    if (isClosed) return;
    if (now() < pausedUntil) {
      dropped.budget += 1;
      return;
    }
    const isFull = waiting.length >= waitingLimit;
    if (isFull || waitingCharacterCount + job.characterCount > waitingCharacterLimit) {
      dropped.full += 1;
      return;
    }
    waiting.push(job);
    waitingCharacterCount += job.characterCount;
    working ??= work();
  }

  async function work(): Promise<void> {
    // After the end of the request that began it has gone out.
    await new Promise((resolve) => setImmediate(resolve));
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      waitingCharacterCount -= job.characterCount;
      const drop = abort.signal.aborted ? 'closing' : await compare(job);
      if (drop === null) judgedCount += 1;
      else if (drop !== 'nothing') dropped[drop] += 1;
    }
    working = null;
  }

  async function compare(job: Job): Promise<ShadowDrop | 'nothing' | null> {
    try {
      const all = await tiers();
      const pair = pairOf(all, job.answeringModel);
      if (pair === null) return 'nothing';
      const { lower, upper, alternative, answered } = pair;
      const { question, form } = job.comparable;
      const about = { purpose: 'shadow', tenant: job.tenant } as const;
      const other = await ask(alternative.modelId, form, about, abort.signal);
      // A fallback that answered in its place is not what was to be compared.
      if (other.model !== alternative.modelId || other.text.trim() === '') return 'answer';
      if (other.finish !== 'stop' && other.finish !== 'stop_sequence') return 'answer';
      const texts = answered === lower ? [job.answer, other.text] : [other.text, job.answer];
      const [lowerText = '', upperText = ''] = texts;
      const context = { tenant: job.tenant, signal: abort.signal };
      const compared = await judge.compare(question, lowerText, upperText, context);
      if (compared === null) return 'verdict';
      return await keep({
        requestId: job.requestId,
        judgedAt: now(),
        lower,
        upper,
        answeredTier: answered.tier,
        routedTier: job.routedTier ?? answered.tier,
        outcome: compared.outcome,
        favouredPlace: compared.favouredPlace,
        judge: judgeName,
      });
    } catch (thrown) {
      return dropOf(thrown);
    }
  }

  function dropOf(thrown: unknown): ShadowDrop {
    if (abort.signal.aborted) return 'closing';
    const error = toNearfarError(thrown);
    if (error.kind === 'budget_exhausted') {
      const pauseMs = 1000 * (error.retryAfterSeconds ?? 60);
      pausedUntil = now() + Math.min(pauseMs, longestPauseMs);
      dropped.budget += waiting.length;
      waiting = [];
      waitingCharacterCount = 0;
      return 'budget';
    }
    if (error.kind === 'rate_limited') return 'budget';
    // Without a field: the boundary's own refusal. With one a key or a price is the matter, which the owner should hear of.
    if (error.kind === 'forbidden' && error.field === undefined) return 'privacy';
    if (!hasWarned)
      warn(`shadow: an alternative or its judge could not be asked: ${error.message}`, error.cause);
    hasWarned = true;
    return 'answer';
  }

  /** Paid for and judged: worth some patience, also while the gateway closes. */
  async function keep(judged: Judged): Promise<ShadowDrop | null> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await record(judged);
        return null;
      } catch (thrown) {
        const delayMs = storeDelaysMs[attempt];
        if (delayMs === undefined) {
          warn('shadow: an outcome could not be written.', thrown);
          return 'store';
        }
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  return {
    begin(request) {
      if (request.purpose !== undefined || !isChosen(request.privacy)) return null;
      return beginWith(comparableOf(request), request.tenant);
    },
    beginBody({ privacy, tenant, operation, body }) {
      if (operation !== 'chat' || !isChosen(privacy)) return null;
      return beginWith(comparableBody(body), tenant);
    },
    get stats() {
      return {
        judgedCount,
        droppedCounts: { ...dropped },
        pendingCount: waiting.length + (working === null ? 0 : 1),
      };
    },
    async idle() {
      while (working !== null) await working;
    },
    async close() {
      isClosed = true;
      abort.abort(new Error('The gateway is closing.'));
      while (working !== null) await working;
    },
  };
}

/** Null where it is more than text. */
function spoken({ choices, characterCount }: AnswerText): string | null {
  const [choice] = choices;
  if (choice === undefined || choice.toolCalls !== undefined) return null;
  return characterCount > longestAnswerCharacterCount ? null : choice.text;
}

/**
 * Pure: the next tier up where any but the highest answered, the nearest where that did; null where the answer came from none of
 * the tiers, or there is only one.
 */
export function pairOf(
  tiers: readonly TierModel[],
  answeringModel: string,
): {
  readonly lower: TierModel;
  readonly upper: TierModel;
  readonly answered: TierModel;
  readonly alternative: TierModel;
} | null {
  const at = tiers.findIndex(({ modelId }) => modelId === answeringModel);
  const answered = tiers[at];
  const above = tiers[at + 1];
  if (answered === undefined) return null;
  if (above !== undefined) return { lower: answered, upper: above, answered, alternative: above };
  const [lowest] = tiers;
  if (lowest === undefined || lowest === answered) return null;
  return { lower: lowest, upper: answered, answered, alternative: lowest };
}
