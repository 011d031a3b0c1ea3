import type { CostCell } from './cost-cells.ts';
import { costReport, microsOf, type References } from './cost-report.ts';

/** What the guide says of a good strategy ("Results of a good routing strategy"): shares of requests, and what is saved. */
export const guideShares: Readonly<Record<string, readonly [number, number]>> = {
  near: [0.7, 0.8],
  mid: [0.15, 0.25],
  far: [0.05, 0.1],
};
export const guideSaving = [0.6, 0.8] as const;

export interface TierShare {
  readonly tier: string;
  readonly requestCount: number;
  /** Of the requests that the router decided, 0-1. */
  readonly share: number;
  readonly spentMicros: number;
  readonly unknownCostCount: number;
}

/** What the router did with the requests that were left to it. */
export interface RouteReport {
  readonly requestCount: number;
  /** The most asked first. */
  readonly tiers: readonly TierShare[];
  /**
   * Share of the money that was saved against sending the same requests to the best single model, 0-1 and below 0 where it
   * cost more: the spent sum is measured, the other is estimated, between two bounds. Null: nothing to compare with, or what
   * was spent is not wholly known.
   */
  readonly saving: { readonly low: number; readonly high: number; readonly requestCount: number } | null;
}

/**
 * Pure.
 * @param cells by the one dimension `tier`
 * @returns null where the router decided nothing
 */
export function routeReport(cells: readonly CostCell[], references: References): RouteReport | null {
  const routed = cells.filter(({ labels }) => labels[0] !== null && labels[0] !== undefined);
  if (routed.length === 0) return null;
  const { groups, total } = costReport(routed, references);
  const { comparison } = total;
  const tiers = groups
    .map(({ labels, requestCount, spentMicros, unknownCostCount }) => ({
      tier: labels[0] ?? '',
      requestCount,
      share: requestCount / total.requestCount,
      spentMicros,
      unknownCostCount,
    }))
    .toSorted((one, other) => other.requestCount - one.requestCount);
  const isKnown = comparison !== null && comparison.spentUnknownCount === 0 && comparison.cost.low > 0n;
  const savedOf = (micros: number): number => 1 - (comparison?.spentMicros ?? 0) / micros;
  return {
    requestCount: total.requestCount,
    tiers,
    saving: isKnown
      ? {
          low: savedOf(microsOf(comparison.cost.low)),
          high: savedOf(microsOf(comparison.cost.high)),
          requestCount: comparison.requestCount,
        }
      : null,
  };
}
