import { assignFolds } from '../../src/route/calibration/folds.ts';
import { expectScores, fitPredictor } from '../../src/route/calibration/predictor.ts';
import { countText } from '../../src/route/calibration/text-space.ts';
import type { RouteFile } from './route-file.ts';

const foldCount = 5;

/** The expected gain of each prompt from what was learned of the other folds; the same question is in one fold only. */
export function calibratedScores({ prompts, groups, strong, weak }: RouteFile, seed: number): Float64Array {
  const texts = prompts.map(countText);
  const folds = assignFolds(groups, foldCount, seed);
  const result = new Float64Array(prompts.length);
  for (let fold = 0; fold < foldCount; fold++) {
    const isInside = (_: unknown, at: number): boolean => folds[at] !== fold;
    const predictor = fitPredictor(texts.filter(isInside), [strong.filter(isInside), weak.filter(isInside)]);
    texts.forEach((text, at) => {
      if (folds[at] !== fold) return;
      const [expectedStrong = 0, expectedWeak = 0] = expectScores(predictor, text);
      result[at] = expectedStrong - expectedWeak;
    });
  }
  return result;
}
