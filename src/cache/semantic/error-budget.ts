import { clopperPearson, type Interval } from './clopper-pearson.ts';

/** Whether wrong hits are shown to stay within the budget, by checks of what would have been hits. */
export interface ErrorBudget {
  /** A would-be hit was checked. They must be a fair sample of the hits: chosen by chance, or all of them. */
  observe(isSame: boolean): void;
  /** Hits may be given. */
  readonly holds: boolean;
  readonly estimate: ErrorEstimate;
}

export interface ErrorEstimate extends Interval {
  /** Would-be hits that were checked, of the latest ones; `rate` of them was wrong. */
  readonly checkCount: number;
  readonly wrongCount: number;
  readonly rate: number;
}

/** 9 of 10: the confidence that the budget holds where hits are given. */
const enough = 10;
/** What is won beyond is not kept: two wrong ones in short order close the cache however long it went well. */
const most = enough ** 2;
/** Of what is at hand, how much is staked: the rest keeps one wrong check from ruin. */
const stake = 0.9;
/** Checks that the estimate is made of. */
const windowLength = 1000;

/**
 * A bet against "more than `maxWrongHitRate` of the hits are wrong": what is at hand grows with every check that finds the same
 * answer and falls to a tenth with every other, at odds that are fair if exactly that share were wrong. If more were, it would
 * reach 10 with a probability of at most 1/10, however often one looks (Ville's inequality; Waudby-Smith and Ramdas 2024):
 * so hits are given while it is 10 or more. At a budget of 1% that takes 255 checks without a wrong one, at 5% 50, at 10% 25.
 * @param maxWrongHitRate 0 to 0.5; 0 is never shown to hold
 */
export function createErrorBudget(maxWrongHitRate: number): ErrorBudget {
  const gain = (stake * maxWrongHitRate) / (1 - maxWrongHitRate);
  const latest: boolean[] = [];
  let wrongCount = 0;
  let capital = 1;
  return {
    observe(isSame) {
      capital = Math.min(most, capital * (isSame ? 1 + gain : 1 - stake));
      latest.push(isSame);
      if (!isSame) wrongCount++;
      if (latest.length > windowLength && latest.shift() === false) wrongCount--;
    },
    get holds() {
      return capital >= enough;
    },
    get estimate() {
      const checkCount = latest.length;
      const rate = checkCount === 0 ? 0 : wrongCount / checkCount;
      return { checkCount, wrongCount, rate, ...clopperPearson(wrongCount, checkCount) };
    },
  };
}
