import { describe, expect, it } from 'vitest';
import type { CostCell } from './cost-cells.ts';
import { routeReport } from './route-report.ts';

const price = (input: number, output: number) => ({
  currency: 'USD',
  promptMicrosPerMillion: input * 1_000_000,
  cachedMicrosPerMillion: input * 100_000,
  completionMicrosPerMillion: output * 1_000_000,
});
const best = { name: 'open/big', price: price(10, 40) };

const cellOf = (
  tier: string | null,
  requestCount: number,
  costMicros: number,
  changes: Partial<CostCell> = {},
): CostCell => ({
  labels: [tier],
  place: tier === 'near' ? 'near' : 'upstream',
  answerSource: 'model',
  comparison: 'compared',
  requestCount,
  failedCount: 0,
  promptTokenCount: 100 * requestCount,
  cachedTokenCount: 0,
  cacheWriteTokenCount: 0,
  completionTokenCount: 10 * requestCount,
  costMicros,
  unknownCostCount: 0,
  lowerBoundCount: 0,
  lowerBoundMicros: 0,
  uncachedCount: 0,
  uncachedMicros: 0,
  uncachedCostMicros: 0,
  cacheUseCount: 0,
  unknownCacheUseCount: 0,
  checkCount: 0,
  checkMicros: 0,
  longPrompts: [],
  ...changes,
});

describe('what the router did', () => {
  it('is shares of what was left to it, and what that saved', () => {
    // At the far model each would have cost 100 * 10 + 10 * 40 = 1,400 millionths.
    const cells = [
      cellOf('far', 1, 1400),
      cellOf('near', 8, 0),
      cellOf('mid', 1, 140),
      cellOf(null, 50, 70_000),
    ];
    expect(routeReport(cells, { far: null, best })).toEqual({
      requestCount: 10,
      tiers: [
        { tier: 'near', requestCount: 8, share: 0.8, spentMicros: 0, unknownCostCount: 0 },
        { tier: 'far', requestCount: 1, share: 0.1, spentMicros: 1400, unknownCostCount: 0 },
        { tier: 'mid', requestCount: 1, share: 0.1, spentMicros: 140, unknownCostCount: 0 },
      ],
      saving: { low: 1 - 1540 / 14_000, high: 1 - 1540 / 14_000, requestCount: 10 },
    });
  });
  it('claims nothing where a cost is not known or nothing was routed', () => {
    const cells = [cellOf('far', 1, 0, { unknownCostCount: 1 }), cellOf('near', 8, 0)];
    expect(routeReport(cells, { far: null, best })?.saving).toBeNull();
    expect(routeReport([cellOf('near', 8, 0)], { far: null, best: null })?.saving).toBeNull();
    expect(routeReport([cellOf(null, 8, 0)], { far: null, best })).toBeNull();
  });
});
