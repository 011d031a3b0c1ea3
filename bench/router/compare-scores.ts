import { createRandom } from '../../src/engine/sampling/random.ts';
import { apgr, places } from '../../src/route/calibration/apgr.ts';
import { percentiles, type Measured } from '../../src/route/calibration/report.ts';

/** What a router's scores recover of the gap between two sides, and how much more than length does. */
export interface RouterFigure {
  /** Average performance gap recovered, every distinct score a threshold. */
  readonly value: Measured;
  /** Less that of length, both over the same resampled prompts. */
  readonly overLength: Measured;
  /** Share of resamples in which it is above length. */
  readonly confidence: number;
}

const resampleCount = 1000;

/**
 * 95%, percentiles over resampled prompts, paired; the place of a prompt is that among all prompts.
 * @param rankings scores of the same prompts by one router, or by several of which the mean figure is wanted
 */
export function compareWithLength(
  rankings: readonly ArrayLike<number>[],
  lengths: ArrayLike<number>,
  strong: Float64Array,
  weak: Float64Array,
  seed = 1,
): RouterFigure {
  // The figure is linear in the places, so that the mean of figures is the figure of mean places.
  const own = meanOf(rankings.map(places));
  const base = places(lengths);
  const random = createRandom(seed);
  const values: number[] = [];
  const differences: number[] = [];
  for (let resample = 0; resample < resampleCount; resample++) {
    let gain = 0;
    let ownSum = 0;
    let baseSum = 0;
    for (let draw = 0; draw < own.length; draw++) {
      const at = Math.floor(random() * own.length);
      const one = (strong[at] ?? 0) - (weak[at] ?? 0);
      gain += one;
      ownSum += one * (own[at] ?? 0);
      baseSum += one * (base[at] ?? 0);
    }
    if (gain <= 0) continue;
    values.push(ownSum / gain);
    differences.push((ownSum - baseSum) / gain);
  }
  const value = rankings.reduce((sum, scores) => sum + apgr(scores, strong, weak), 0) / rankings.length;
  return {
    value: { value, interval: percentiles(values) },
    overLength: { value: value - apgr(lengths, strong, weak), interval: percentiles(differences) },
    confidence: differences.filter((difference) => difference > 0).length / differences.length,
  };
}

function meanOf(lists: readonly Float64Array[]): Float64Array {
  return Float64Array.from(
    lists[0] ?? [],
    (_, at) => lists.reduce((sum, list) => sum + (list[at] ?? 0), 0) / lists.length,
  );
}
