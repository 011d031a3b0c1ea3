import type { Verdict } from '../quality/judge-prompt.ts';
import { qualityDifference, type QualityDifference } from '../quality/difference.ts';
import type { Outcome, OutcomeCounts } from '../quality/outcome.ts';
import type { EvaluatedTask } from './item.ts';
import { wilsonInterval } from './wilson.ts';

/** What a judge said of one pair of which a program knows which answer is right. */
export interface PairResult {
  /** Of the item. */
  readonly id: string;
  readonly task: EvaluatedTask;
  /** With the right answer first, and with it second; null: no verdict that can be read. */
  readonly verdicts: readonly [straight: Verdict, exchanged: Verdict] | null;
  /** Of the right answer: `win` where both orders named it. Null with the verdicts. */
  readonly outcome: Outcome | null;
}

/** How far a judge can be trusted, measured. */
export interface JudgeReliability {
  readonly pairCount: number;
  /** Of pairs with a verdict: named the right answer both times, named neither both times, named the wrong answer both times. */
  readonly counts: OutcomeCounts;
  readonly unreadableCount: number;
  /** Share of all pairs in which both orders named the right answer, 0 to 1. */
  readonly agreement: number;
  /** 95%, by Wilson. */
  readonly agreementInterval: readonly [low: number, high: number];
  /** Right less wrong over pairs with a verdict; null without any. Chance is 0, and so is a judge that looks at places only. */
  readonly difference: QualityDifference | null;
  /** Single verdicts: twice as many as pairs with one. */
  readonly places: { readonly first: number; readonly second: number; readonly tie: number };
  /** Pairs in which one place was named in both orders. */
  readonly favoured: { readonly first: number; readonly second: number };
  readonly isBetterThanChance: boolean;
}

/**
 * Pure. A judge that tosses a coin names the right answer both times in a quarter of the pairs and the wrong one in another quarter;
 * one that always names the same place never does either. So what counts is that right exceeds wrong: the interval of the difference
 * lies above zero.
 */
export function judgeReliability(results: readonly PairResult[]): JudgeReliability {
  const counts = { win: 0, tie: 0, loss: 0 };
  const places = { first: 0, second: 0, tie: 0 };
  const favoured = { first: 0, second: 0 };
  for (const { verdicts, outcome } of results) {
    if (verdicts === null || outcome === null) continue;
    counts[outcome] += 1;
    for (const verdict of verdicts) places[verdict] += 1;
    const [straight, exchanged] = verdicts;
    if (straight === exchanged && straight !== 'tie') favoured[straight] += 1;
  }
  const pairCount = results.length;
  const difference = qualityDifference(counts);
  return {
    pairCount,
    counts,
    unreadableCount: results.filter(({ verdicts }) => verdicts === null).length,
    agreement: pairCount === 0 ? 0 : counts.win / pairCount,
    agreementInterval: wilsonInterval(counts.win, pairCount),
    difference,
    places,
    favoured,
    isBetterThanChance: difference !== null && difference.low > 0,
  };
}
