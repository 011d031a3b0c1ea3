/** A model as a whole: what it costs and how good it is, on average. */
export interface Point {
  readonly name: string;
  readonly quality: number;
  readonly cost: number;
}

/** One model, or two of which each prompt gets one by chance. */
export interface Mixture {
  readonly first: string;
  readonly second: string | null;
  /** Of prompts that go to the second, 0-1. */
  readonly secondShare: number;
  readonly quality: number;
  readonly cost: number;
}

/** The best that can be had for a cost without looking at prompts; null where nothing is that cheap. */
export function bestAtCost(points: readonly Point[], cost: number): Mixture | null {
  let best: Mixture | null = null;
  for (const mixture of mixtures(points, (cheap, dear) => (cost - cheap.cost) / (dear.cost - cheap.cost))) {
    if (mixture.cost > cost * (1 + 1e-9)) continue;
    if (best === null || mixture.quality > best.quality) best = mixture;
  }
  return best;
}

/** The cheapest that reaches a quality without looking at prompts; null where nothing does. */
export function cheapestAtQuality(points: readonly Point[], quality: number): Mixture | null {
  let best: Mixture | null = null;
  for (const mixture of mixtures(
    points,
    (cheap, dear) => (quality - cheap.quality) / (dear.quality - cheap.quality),
  )) {
    if (mixture.quality < quality - 1e-9) continue;
    if (best === null || mixture.cost < best.cost) best = mixture;
  }
  return best;
}

function* mixtures(
  points: readonly Point[],
  shareOf: (cheap: Point, dear: Point) => number,
): Generator<Mixture> {
  for (const first of points) {
    yield { first: first.name, second: null, secondShare: 0, quality: first.quality, cost: first.cost };
    for (const second of points) {
      if (second.cost <= first.cost) continue;
      const secondShare = shareOf(first, second);
      if (!(secondShare > 0 && secondShare < 1)) continue;
      yield {
        first: first.name,
        second: second.name,
        secondShare,
        quality: first.quality + secondShare * (second.quality - first.quality),
        cost: first.cost + secondShare * (second.cost - first.cost),
      };
    }
  }
}
