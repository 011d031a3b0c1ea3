import { toNearfarError, type ErrorKind, type NearfarError } from '../chat/error.ts';
import type { Usage } from '../chat/part.ts';
import type { AskModel } from './ask-model.ts';
import type { CapturedQuestion } from './captured-question.ts';
import type { Judge } from './judge.ts';
import type { JudgedLine } from './judged-line.ts';
import { scoreOf } from './outcome.ts';

export interface JudgeCapturedOptions {
  readonly questions: readonly CapturedQuestion[];
  /** All that outcomes are wanted of. */
  readonly models: readonly string[];
  readonly ask: AskModel;
  readonly judge: Judge;
  readonly judgeName: string;
  /** US dollars; null: not known. */
  readonly costOf: (model: string, usage: Usage | null) => number | null;
  /** What the given answer cost, in US dollars; null: not known. */
  readonly givenCostOf: (requestId: string) => number | null;
  /** Each as it is there, so that a run that is cut off loses none. What it throws ends the run: nothing is paid for that is lost. */
  readonly record: (line: JudgedLine) => Promise<void>;
  readonly onProgress: (doneCount: number) => void;
  readonly signal: AbortSignal;
}

export interface JudgedCaptured {
  readonly judgedCount: number;
  /** Some model gave no whole answer, or the judge no verdict: nothing is known of these. */
  readonly failedCount: number;
  /** Why it ended before its end; null: it did not. */
  readonly stop: NearfarError | null;
}

/**
 * Asks the models that did not answer a question at the time, and has the judge compare each with the answer that was given.
 * One after the other: it is bulk work. Ends early where the budget is spent or the signal aborts.
 * @throws what `record` throws
 */
export async function judgeCaptured(options: JudgeCapturedOptions): Promise<JudgedCaptured> {
  const { questions, judgeName, record, onProgress, signal } = options;
  let judgedCount = 0;
  let failedCount = 0;
  for (const question of questions) {
    if (signal.aborted) return { judgedCount, failedCount, stop: toNearfarError(signal.reason) };
    let models: JudgedLine['models'] | null = null;
    try {
      models = await outcomesOf(question, options);
    } catch (thrown) {
      const error = toNearfarError(thrown);
      if (endingKinds.has(error.kind)) return { judgedCount, failedCount, stop: error };
    }
    if (models === null) failedCount += 1;
    else {
      await record({ id: question.requestId, judge: judgeName, answered: question.answeringModel, models });
      judgedCount += 1;
    }
    onProgress(judgedCount + failedCount);
  }
  return { judgedCount, failedCount, stop: null };
}

/** What would come of every further question too. */
const endingKinds: ReadonlySet<ErrorKind> = new Set([
  'aborted',
  'budget_exhausted',
  'forbidden',
  'model_not_found',
]);

async function outcomesOf(
  question: CapturedQuestion,
  { models, ask, judge, costOf, givenCostOf, signal }: JudgeCapturedOptions,
): Promise<JudgedLine['models'] | null> {
  const { requestId, tenant, comparable, answer, answeringModel } = question;
  const outcomes: Record<string, { score: number; cost: number | null }> = {};
  for (const model of models) {
    if (model === answeringModel) {
      outcomes[model] = { score: 0.5, cost: givenCostOf(requestId) };
      continue;
    }
    const other = await ask(model, comparable.form, { purpose: 'calibrate', tenant }, signal);
    // A fallback that answered in its place says nothing of it.
    if (other.model !== model) return null;
    const isWhole = other.finish === 'stop' || other.finish === 'stop_sequence';
    // An answer that does not come to its end is no answer.
    const compared =
      isWhole && other.text.trim() !== ''
        ? await judge.compare(comparable.question, other.text, answer, { tenant, signal })
        : { outcome: 'loss' as const };
    if (compared === null) return null;
    const { outcome } = compared;
    outcomes[model] = { score: scoreOf(outcome), cost: costOf(model, other.usage) };
  }
  return outcomes;
}
