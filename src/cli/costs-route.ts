import { guideSaving, guideShares, type RouteReport } from '../ledger/route-report.ts';
import { dollars } from './dollars.ts';
import type { ReferenceModels } from './reference-models.ts';
import { shareTexts } from './shares.ts';
import { renderTable } from './table.ts';

/** Shares of the tiers and what routing saved, beside what the guide promises. Nothing where nothing was routed. */
export function routeLines(route: RouteReport | null, { best }: ReferenceModels): readonly string[] {
  if (route === null) return [];
  const shares = shareTexts(route.tiers.map(({ requestCount }) => requestCount));
  const rows = route.tiers.map(({ tier, requestCount, spentMicros, unknownCostCount }, index) => [
    tier,
    requestCount.toLocaleString('en-US'),
    shares[index] ?? '',
    rangeOf(guideShares[tier]),
    unknownCostCount === 0 ? dollars(spentMicros) : `at least ${dollars(spentMicros)}`,
  ]);
  return [
    renderTable(['ROUTED TO', 'REQUESTS', 'SHARE', "THE GUIDE'S", 'SPENT'], rows),
    savingLine(route, best),
    '',
  ];
}

function savingLine({ saving, requestCount }: RouteReport, best: ReferenceModels['best']): string {
  const guide = `the guide's: ${rangeOf(guideSaving)}`;
  if (best === null)
    return `What routing saved is not known: no model to compare with has a price (${guide}).`;
  if (saving === null) {
    return `What routing saved is not known: the cost of some of these requests is not (${guide}).`;
  }
  const [low, high] = [percent(saving.low), percent(saving.high)];
  const saved = low === high ? low : `${low} to ${high}`;
  const leftOut = requestCount - saving.requestCount;
  return (
    `Routing saved ${saved} of what ${best.name} would have cost for the same requests (${guide}): what was spent is measured, ` +
    `the rest estimated, from the tokens that the answering models counted.` +
    (leftOut === 0 ? '' : ` ${String(leftOut)} requests without an answer are left out.`)
  );
}

/** For programs. */
export function routeJson(route: RouteReport | null, { best }: ReferenceModels): object | null {
  if (route === null) return null;
  return {
    requests: route.requestCount,
    tiers: route.tiers.map(({ tier, requestCount, share, spentMicros, unknownCostCount }) => ({
      tier,
      requests: requestCount,
      share,
      guideShare: guideShares[tier] ?? null,
      spentUsd: spentMicros / 1_000_000,
      unknownRequests: unknownCostCount,
    })),
    saving:
      route.saving === null || best === null
        ? null
        : {
            share: route.saving.low,
            upToShare: route.saving.high,
            basis: 'estimated',
            against: best.name,
            requests: route.saving.requestCount,
          },
    guideSaving,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function rangeOf(range: readonly [number, number] | undefined): string {
  return range === undefined ? '-' : `${(100 * range[0]).toFixed(0)}-${(100 * range[1]).toFixed(0)}%`;
}
