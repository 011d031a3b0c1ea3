import { signals, type JudgedAnswer } from './cascade-signals.ts';

/** What a limit on a signal does to answers: shown are those at or above it. */
export interface LimitEffect {
  readonly limit: number;
  /** Share of the answers that are handed over. */
  readonly escalatedShare: number;
  /** Of those shown, the share that is right. */
  readonly rightOfShown: number;
  /** Of the right ones, the share that is handed over though nobody need have. */
  readonly rightEscalated: number;
  /** Of the wrong ones, the share that is caught. */
  readonly wrongCaught: number;
}

export function effectOf(answers: readonly JudgedAnswer[], signal: string, limit: number): LimitEffect {
  const read = signals[signal] ?? (() => NaN);
  const shown = answers.filter((answer) => read(answer) >= limit);
  const right = answers.filter(({ isRight }) => isRight);
  const wrongCount = answers.length - right.length;
  const rightShown = shown.filter(({ isRight }) => isRight).length;
  return {
    limit,
    escalatedShare: 1 - shown.length / answers.length,
    rightOfShown: rightShown / shown.length,
    rightEscalated: 1 - rightShown / right.length,
    wrongCaught: 1 - (shown.length - rightShown) / wrongCount,
  };
}

/** The limit that tells right from wrong best: the most wrong ones caught less right ones handed over (Youden 1950). */
export function bestLimit(answers: readonly JudgedAnswer[], signal: string): number {
  const read = signals[signal] ?? (() => NaN);
  const candidates = [...new Set(answers.map(read))].toSorted((a, b) => a - b);
  let best = { limit: 0, worth: -Infinity };
  candidates.forEach((value, at) => {
    const before = candidates[at - 1];
    // Between two answers, so that the limit is not one of them.
    const limit = before === undefined ? value : (before + value) / 2;
    const { wrongCaught, rightEscalated } = effectOf(answers, signal, limit);
    if (wrongCaught - rightEscalated > best.worth) best = { limit, worth: wrongCaught - rightEscalated };
  });
  return best.limit;
}
