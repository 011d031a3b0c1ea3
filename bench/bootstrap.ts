import { seededRandom } from '../src/random/seeded-random.ts';

/**
 * Percentile bootstrap of a figure over items (Efron and Tibshirani 1993, chapter 13): the middle 95% of what it is on
 * `count` samples of the items with replacement. Samples on which it is no number are left out.
 */
export function bootstrapInterval<Item>(
  items: readonly Item[],
  figure: (sample: readonly Item[]) => number,
  { count = 1000, seed = 1 }: { readonly count?: number; readonly seed?: number } = {},
): readonly [low: number, high: number] {
  const random = seededRandom(seed);
  const figures = Array.from({ length: count }, () =>
    figure(items.map(() => items[Math.floor(random() * items.length)] as Item)),
  )
    .filter((value) => Number.isFinite(value))
    .toSorted((a, b) => a - b);
  const at = (share: number): number => figures[Math.round((figures.length - 1) * share)] ?? NaN;
  return [at(0.025), at(0.975)];
}
