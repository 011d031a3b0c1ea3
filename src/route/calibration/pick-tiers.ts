import type { Outcome } from './outcome.ts';
import { bestSingle } from './policy.ts';

/** Names of models for the tiers. */
export interface PickedTiers {
  readonly near: string;
  readonly mid: string;
  readonly far: string;
}

/** Who did not answer this share of the prompts is no candidate. */
const completeShare = 0.99;
/** The middle one costs at most this share of the far one. */
const midShare = 0.1;
/** The near one at most this share of the middle one. */
const nearShare = 0.5;

/**
 * Three of many models by one rule: far is the most accurate; mid the most accurate of those that cost at most a tenth of it; near the
 * most accurate of those that cost at most half of that, or else the cheapest of all. null where that is not three models, or
 * where costs are not known.
 */
export function pickTiers(outcomes: readonly Outcome[]): PickedTiers | null {
  const sums = new Map<string, { count: number; score: number; cost: number }>();
  for (const { models } of outcomes)
    for (const [name, { score, cost }] of Object.entries(models)) {
      const sum = sums.get(name) ?? { count: 0, score: 0, cost: 0 };
      sum.count++;
      sum.score += score;
      sum.cost += cost ?? NaN;
      sums.set(name, sum);
    }
  const points = [...sums]
    .filter(([, { count, cost }]) => count >= completeShare * outcomes.length && Number.isFinite(cost))
    .map(([name, { count, score, cost }]) => ({ name, quality: score / count, cost: cost / count }));
  if (points.length < 3) return null;
  const far = bestSingle(points);
  const middling = points.filter(({ name, cost }) => name !== far.name && cost <= far.cost * midShare);
  if (middling.length === 0) return null;
  const mid = bestSingle(middling);
  const others = points.filter(({ name }) => name !== far.name && name !== mid.name);
  const cheap = others.filter(({ cost }) => cost <= mid.cost * nearShare);
  const near =
    cheap.length > 0
      ? bestSingle(cheap)
      : others.reduce<(typeof others)[number] | null>(
          (kept, one) => (kept === null || one.cost < kept.cost ? one : kept),
          null,
        );
  if (near === null || near.cost >= mid.cost) return null;
  return { near: near.name, mid: mid.name, far: far.name };
}
