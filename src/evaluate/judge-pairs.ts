import { createHash } from 'node:crypto';
import { isRight } from './check-answer.ts';
import { evaluationItems } from './evaluation-items.ts';
import type { Check, EvaluatedTask, EvaluationItem } from './item.ts';

/** A question with an answer that is right and one that is wrong, by its item's program: what a judge can be tried with. */
export interface JudgePair {
  /** Of the item. */
  readonly id: string;
  readonly task: EvaluatedTask;
  readonly prompt: string;
  readonly right: string;
  readonly wrong: string;
}

/**
 * Pure. The wrong answer is of the right one's kind: another of the options, a number near by, what is right elsewhere. Items whose
 * check is a form are left out, since no answer to them is right: nobody says whether it is any good. Nor summaries, of which only
 * words are known.
 */
export function judgePairs(items: readonly EvaluationItem[]): readonly JudgePair[] {
  return items.flatMap((item, index): JudgePair[] => {
    const { id, task, prompt, check } = item;
    const right = rightAnswer(check);
    if (right === null) return [];
    const wrong = wrongAnswers(check, index, items).find((one) => !isRight(one, check));
    return wrong === undefined ? [] : [{ id, task, prompt, right, wrong }];
  });
}

function rightAnswer(check: Check): string | null {
  switch (check.type) {
    case 'choice':
      return check.answer;
    case 'exact':
      return check.answers[0] ?? null;
    case 'mentions':
      return check.mostWords === undefined ? check.all.map(([first = '']) => first).join(', ') : null;
    case 'number':
      return String(check.value);
    case 'json':
      return JSON.stringify(check.value);
    case 'form':
      return null;
  }
}

/** Candidates, the likeliest mistake first. */
function wrongAnswers(check: Check, index: number, items: readonly EvaluationItem[]): readonly string[] {
  if (check.type === 'choice') {
    const others = check.options.filter((option) => option !== check.answer);
    const turn = index % Math.max(1, others.length);
    return [...others.slice(turn), ...others.slice(0, turn)];
  }
  if (check.type === 'number') {
    const step = Math.max(1, Math.round(Math.abs(check.value) / 10));
    return [index % 2 === 0 ? check.value + step : check.value - step, check.value + step].map(String);
  }
  // What is right for the next questions of the same kind.
  const following = [...items.slice(index + 1), ...items.slice(0, index)];
  return following
    .filter((item) => item.check.type === check.type)
    .flatMap((item) => rightAnswer(item.check) ?? []);
}

/** Pairs whose two answers are there by themselves. */
export const writtenPairs: readonly JudgePair[] = judgePairs(evaluationItems);

/** Changes with any pair. */
export function pairsVersion(pairs: readonly JudgePair[]): string {
  return createHash('sha256').update(JSON.stringify(pairs)).digest('hex').slice(0, 12);
}
