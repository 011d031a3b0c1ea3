import { crossValidate } from '../../src/route/calibration/cross-validate.ts';
import { assignFolds } from '../../src/route/calibration/folds.ts';
import { countText } from '../../src/route/calibration/text-space.ts';
import type { RouteFile } from './route-file.ts';

const foldCount = 5;

/**
 * The expected gain of each prompt from what was learned of the other folds, once for each dealing of questions to folds; the same
 * question is in one fold only.
 */
export async function calibratedScores(
  { prompts, groups, strong, weak }: RouteFile,
  seeds: readonly number[],
): Promise<readonly Float64Array[]> {
  const texts = prompts.map(countText);
  const dealings: Float64Array[] = [];
  for (const seed of seeds) {
    const folds = assignFolds(groups, foldCount, seed);
    const { expected } = await crossValidate(texts, [strong, weak], folds, foldCount);
    dealings.push(Float64Array.from(prompts, (_, at) => (expected[0]?.[at] ?? 0) - (expected[1]?.[at] ?? 0)));
  }
  return dealings;
}
