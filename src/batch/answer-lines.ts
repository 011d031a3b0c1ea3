import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './answer-row.ts';
import { isObject } from './prompt-line.ts';

/** What is known while lines are being answered. */
export interface LineCounts {
  readonly doneCount: number;
  /** Of those done, the ones that ended in an error. */
  readonly failedCount: number;
  readonly promptTokenCount: number;
  readonly completionTokenCount: number;
}

export interface AnswerLinesOptions<Line> {
  readonly lines: readonly Line[];
  /** Lines that are asked at the same time, at least 1. */
  readonly atOnce: number;
  /** An answer or an error with its HTTP status. */
  readonly ask: (line: Line, signal: AbortSignal) => Promise<Outcome>;
  /** Called once for each line that ended, by itself or after its last try; what it throws ends the run. */
  readonly keep: (line: Line, outcome: Outcome) => Promise<void>;
  readonly onProgress: (counts: LineCounts) => void;
  /** Nothing more is asked, what is being asked is dropped. */
  readonly signal: AbortSignal;
  /** Before the first of the tries that follow a "not now". @default 250 */
  readonly retryMs?: number;
}

/** Not now: too many wait, or the engine is being started again. */
const passingStatuses: ReadonlySet<number> = new Set([429, 503]);
const tryCount = 6;

/**
 * Asks for every line, `atOnce` at a time, and keeps each outcome as it comes. Resolves with the counts when all are
 * done, or when the signal has ended it; no outcome is kept after that.
 */
export async function answerLines<Line>(options: AnswerLinesOptions<Line>): Promise<LineCounts> {
  const { lines, ask, keep, onProgress } = options;
  const counts = { doneCount: 0, failedCount: 0, promptTokenCount: 0, completionTokenCount: 0 };
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const next = lines.values();

  async function work(): Promise<void> {
    for (const line of next) {
      if (signal.aborted) return;
      const outcome = await tried(() => ask(line, signal), signal, options.retryMs ?? 250);
      if (outcome === null) return;
      await keep(line, outcome);
      const usage = isObject(outcome.body['usage']) ? outcome.body['usage'] : {};
      counts.doneCount++;
      if (outcome.status !== 200) counts.failedCount++;
      counts.promptTokenCount += Number(usage['prompt_tokens'] ?? 0);
      counts.completionTokenCount += Number(usage['completion_tokens'] ?? 0);
      onProgress({ ...counts });
    }
  }

  const workers = Array.from({ length: Math.min(options.atOnce, lines.length) }, () =>
    work().catch((thrown: unknown) => {
      failure.abort(thrown);
      throw thrown;
    }),
  );
  const results = await Promise.allSettled(workers);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return counts;
}

/** `null`: ended by the signal, whatever came of it. */
async function tried(
  ask: () => Promise<Outcome>,
  signal: AbortSignal,
  retryMs: number,
): Promise<Outcome | null> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await ask().catch((thrown: unknown) => {
      if (signal.aborted) return null;
      throw thrown;
    });
    if (outcome === null || hasEnded(signal)) return null;
    if (!passingStatuses.has(outcome.status) || attempt === tryCount) return outcome;
    await sleep(retryMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
    if (hasEnded(signal)) return null;
  }
}

/** A call, because it changes while something is waited for. */
function hasEnded(signal: AbortSignal): boolean {
  return signal.aborted;
}
