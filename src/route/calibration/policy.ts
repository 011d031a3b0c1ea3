import { chooseModel } from './choose-model.ts';
import type { Point } from './mixture.ts';

/** What a calibration is to reach. */
export type Goal =
  /** The least cost at which the quality is at most so many points (0-100) below the best single model's. */
  | { readonly kind: 'quality'; readonly points: number }
  /** The most quality at no more than this share (0-1) of what the best single model costs. */
  | { readonly kind: 'cost'; readonly share: number };

/** Prompts with what is expected of each model and what came of it; all lists in the order of the models, then of the prompts. */
export interface ScoredPrompts {
  readonly names: readonly string[];
  /** Average cost of each model: what is known before it is asked. */
  readonly meanCosts: readonly number[];
  readonly expected: readonly ArrayLike<number>[];
  readonly scores: readonly ArrayLike<number>[];
  readonly costs: readonly ArrayLike<number>[];
}

export interface RoutedPoint {
  readonly worth: number;
  readonly quality: number;
  readonly cost: number;
}

const worthCount = 200;

/** Which model each prompt goes to, as places in `names`. */
export function routeAll({ names, meanCosts, expected }: ScoredPrompts, worth: number): Uint8Array {
  const promptCount = expected[0]?.length ?? 0;
  const chosen = new Uint8Array(promptCount);
  for (let prompt = 0; prompt < promptCount; prompt++) {
    const candidates = names.map((name, at) => ({
      name,
      at,
      quality: expected[at]?.[prompt] ?? 0,
      cost: meanCosts[at] ?? 0,
    }));
    chosen[prompt] = chooseModel(candidates, worth)?.at ?? 0;
  }
  return chosen;
}

/** What routing with each worth came to, from the dearest to the cheapest. */
export function routedCurve(prompts: ScoredPrompts): readonly RoutedPoint[] {
  return worths(prompts).map((worth) => {
    const chosen = routeAll(prompts, worth);
    return { worth, ...outcomeOf(prompts, chosen) };
  });
}

/** Mean score and cost where prompt p goes to model chosen[p]. */
export function outcomeOf(
  { scores, costs }: ScoredPrompts,
  chosen: Uint8Array,
): { quality: number; cost: number } {
  let quality = 0;
  let cost = 0;
  chosen.forEach((at, prompt) => {
    quality += scores[at]?.[prompt] ?? 0;
    cost += costs[at]?.[prompt] ?? 0;
  });
  return { quality: quality / chosen.length, cost: cost / chosen.length };
}

/** The point of the curve that meets the goal best; where none meets it, the one that comes nearest. */
export function choosePoint(
  curve: readonly RoutedPoint[],
  singles: readonly Point[],
  goal: Goal,
): RoutedPoint {
  const best = bestSingle(singles);
  const better = (a: RoutedPoint, b: RoutedPoint): boolean =>
    a.quality > b.quality || (a.quality === b.quality && a.cost < b.cost);
  const meets =
    goal.kind === 'quality'
      ? curve.filter(({ quality }) => quality >= best.quality - goal.points / 100 - 1e-12)
      : curve.filter(({ cost }) => cost <= best.cost * goal.share * (1 + 1e-12));
  const pool = meets.length > 0 ? meets : curve;
  const isBetter =
    goal.kind === 'quality' && meets.length > 0
      ? (a: RoutedPoint, b: RoutedPoint) => a.cost < b.cost || (a.cost === b.cost && a.quality > b.quality)
      : goal.kind === 'cost' && meets.length === 0
        ? (a: RoutedPoint, b: RoutedPoint) => a.cost < b.cost
        : better;
  const [first, ...rest] = pool;
  if (first === undefined) return { worth: 0, quality: best.quality, cost: best.cost };
  return rest.reduce((kept, point) => (isBetter(point, kept) ? point : kept), first);
}

/** The most accurate; among equals the cheapest. */
export function bestSingle(singles: readonly Point[]): Point {
  const [first, ...rest] = singles;
  if (first === undefined) throw new RangeError('expected a model');
  return rest.reduce(
    (best, point) =>
      point.quality > best.quality || (point.quality === best.quality && point.cost < best.cost)
        ? point
        : best,
    first,
  );
}

/** At these worths the choices of prompts change: 0, quantiles of where one model overtakes another, and above all. */
function worths({ names, meanCosts, expected }: ScoredPrompts): readonly number[] {
  const critical: number[] = [];
  const promptCount = expected[0]?.length ?? 0;
  for (let dear = 0; dear < names.length; dear++)
    for (let cheap = 0; cheap < names.length; cheap++) {
      const difference = (meanCosts[dear] ?? 0) - (meanCosts[cheap] ?? 0);
      if (difference <= 0) continue;
      for (let prompt = 0; prompt < promptCount; prompt++) {
        const worth = ((expected[dear]?.[prompt] ?? 0) - (expected[cheap]?.[prompt] ?? 0)) / difference;
        if (worth > 0) critical.push(worth);
      }
    }
  const sorted = Float64Array.from(critical).sort();
  const picked = Array.from(
    { length: Math.min(worthCount, sorted.length) },
    (_, index, total = Math.min(worthCount, sorted.length)) =>
      sorted[Math.floor(((index + 0.5) * sorted.length) / total)] ?? 0,
  );
  return [...new Set([0, ...picked, Number.MAX_VALUE])];
}
