import { crossValidate } from '../../src/route/calibration/cross-validate.ts';
import { assignFolds } from '../../src/route/calibration/folds.ts';
import { countText } from '../../src/route/calibration/text-space.ts';
import type { RouteFile } from './route-file.ts';

const foldCount = 5;

/** The expected gain of each prompt from what was learned of the other folds; the same question is in one fold only. */
export async function calibratedScores(
  { prompts, groups, strong, weak }: RouteFile,
  seed: number,
): Promise<Float64Array> {
  const folds = assignFolds(groups, foldCount, seed);
  const { expected } = await crossValidate(prompts.map(countText), [strong, weak], folds, foldCount);
  return Float64Array.from(prompts, (_, at) => (expected[0]?.[at] ?? 0) - (expected[1]?.[at] ?? 0));
}
