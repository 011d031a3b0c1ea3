import type { Estimate } from './interval.ts';
import { speedAt, type WeightsReport, type WeightsRow } from './weights-report.ts';

export const recommendationGoals = ['edge', 'production', 'quality'] as const;
export type RecommendationGoal = (typeof recommendationGoals)[number];

/** What a format may cost, by goal: bounds on the upper ends of the 95% intervals. */
export interface QualityBound {
  /** Perplexity over the base's. */
  readonly mostPerplexityRatio: number;
  /** Mean KL divergence from the base, nats. */
  readonly mostDivergence: number;
}

/** Conventions, not laws: they are printed with every recommendation. */
export const qualityBounds: Readonly<Record<RecommendationGoal, QualityBound>> = {
  edge: { mostPerplexityRatio: 1.15, mostDivergence: 0.15 },
  production: { mostPerplexityRatio: 1.05, mostDivergence: 0.05 },
  quality: { mostPerplexityRatio: 1.01, mostDivergence: 0.01 },
};

export interface FormatRecommendation {
  readonly goal: RecommendationGoal;
  readonly format: string;
  /** False where no format is within the bounds: then the one that diverges least is named. */
  readonly isWithinBounds: boolean;
  readonly rule: string;
}

/**
 * Recommends by a stated rule. Edge and quality: the smallest file within the bound; production: the most tokens per second
 * at batch 8 within the bound, of those within each other's intervals the smaller. Formats that were only simulated cannot
 * run here and are left out. `null` without a format that can run, or for production without speeds. Pure.
 */
export function recommendFormat(
  report: WeightsReport,
  goal: RecommendationGoal,
): FormatRecommendation | null {
  const runnable = report.rows.filter(({ origin }) => origin !== 'simulated');
  if (goal === 'production' && runnable.every(({ speeds }) => speeds.length === 0)) return null;
  const bound = qualityBounds[goal];
  const within = runnable.filter((row) => isWithin(row, bound));
  const rule = ruleOf(goal);
  const [least] = runnable.toSorted((one, other) => divergenceOf(one) - divergenceOf(other));
  if (least === undefined) return null;
  const chosen = goal === 'production' ? fastest(within) : smallest(within);
  return chosen === null
    ? { goal, format: least.format, isWithinBounds: false, rule }
    : { goal, format: chosen.format, isWithinBounds: true, rule };
}

function ruleOf(goal: RecommendationGoal): string {
  const { mostPerplexityRatio, mostDivergence } = qualityBounds[goal];
  const what = goal === 'production' ? 'the fastest at batch 8' : 'the smallest';
  return `${what} with perplexity at most ${mostPerplexityRatio}x and KL at most ${mostDivergence} nats, intervals included`;
}

/** The base is within any bound. */
function isWithin({ against }: WeightsRow, bound: QualityBound): boolean {
  return (
    against === null ||
    (upperEnd(against.perplexityRatio) <= bound.mostPerplexityRatio &&
      upperEnd(against.divergence) <= bound.mostDivergence)
  );
}

function upperEnd({ mean, margin }: Estimate): number {
  return mean + (margin ?? 0);
}

function divergenceOf({ against }: WeightsRow): number {
  return against?.divergence.mean ?? 0;
}

function smallest(rows: readonly WeightsRow[]): WeightsRow | null {
  return rows.toSorted((one, other) => one.fileBytes - other.fileBytes)[0] ?? null;
}

function fastest(rows: readonly WeightsRow[]): WeightsRow | null {
  const speed = (row: WeightsRow): Estimate =>
    speedAt(row, 8)?.decodeTokensPerSecond ?? { mean: 0, margin: null };
  const [first] = rows.toSorted((one, other) => speed(other).mean - speed(one).mean);
  if (first === undefined) return null;
  const least = speed(first).mean - (speed(first).margin ?? 0);
  return smallest(rows.filter((row) => upperEnd(speed(row)) >= least));
}
