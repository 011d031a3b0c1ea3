import type { Profile } from '../route/calibration/profile.ts';
import { totalOf } from './outcome.ts';
import type { FindExpectation } from './tier-health.ts';

/** Fewer judged answers than this say less than the first answers of the tier itself will. */
const leastAnswerCount = 100;

/** Pure: what a calibration by the same judge says of the same two models; null for all others. */
export function calibratedExpectation(expectations: Profile['expectations']): FindExpectation {
  return ({ lower, upper, judge }) => {
    const found = expectations?.find(
      (one) => one.lower === lower.modelId && one.upper === upper.modelId && one.judges.includes(judge),
    );
    if (found === undefined) return null;
    const { win, tie, loss } = found.counts;
    const answerCount = totalOf(found.counts);
    if (answerCount < leastAnswerCount) return null;
    return {
      shares: { win: win / answerCount, tie: tie / answerCount, loss: loss / answerCount },
      answerCount,
      source: 'calibration',
    };
  };
}
