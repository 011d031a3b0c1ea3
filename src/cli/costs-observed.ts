import type { ObservedReport } from '../ledger/observed-report.ts';
import { dollars } from './dollars.ts';
import { shareTexts } from './shares.ts';

/** What routing would have saved, while it only observed. Nothing where it did not. */
export function observedLines(report: ObservedReport | null): readonly string[] {
  if (report === null) return [];
  const { requestCount, tiers, comparedCount, spentMicros, wouldMicros, olderCount } = report;
  const texts = shareTexts(tiers.map((tier) => tier.requestCount));
  const shares = tiers.map(({ tier }, index) => `${texts[index] ?? ''} ${tier}`);
  const leftOut = requestCount - comparedCount;
  return [
    `Observed, not routed: of ${requestCount.toLocaleString('en-US')} requests routing would have sent ${shares.join(', ')}.`,
    comparedCount === 0
      ? '  What that would have saved is not known: of none both costs are.'
      : `  ${comparedCount.toLocaleString('en-US')} of them cost ${dollars(spentMicros)}, measured, and would have cost ${dollars(wouldMicros)}, estimated${savedWords(spentMicros, wouldMicros)}: the tokens of the answers that were given, by the price of the model that routing would have chosen, all of the prompt as new.`,
    ...(leftOut === 0
      ? []
      : [`  Left out: ${leftOut} that failed, came from a cache, or whose cost is not known there or here.`]),
    ...(olderCount === 0 ? [] : [`  Not read: ${olderCount} older ones; ask for less time.`]),
    '',
  ];
}

function savedWords(spentMicros: number, wouldMicros: number): string {
  if (spentMicros === 0) return '';
  const saved = 100 * (1 - wouldMicros / spentMicros);
  return ` (${Math.abs(saved).toFixed(1)}% ${saved >= 0 ? 'less' : 'more'})`;
}

export function observedJson(report: ObservedReport | null): object | null {
  if (report === null) return null;
  const { requestCount, tiers, comparedCount, spentMicros, wouldMicros, olderCount } = report;
  return {
    requests: requestCount,
    tiers: tiers.map(({ tier, requestCount: count }) => ({
      tier,
      requests: count,
      share: count / requestCount,
    })),
    comparedRequests: comparedCount,
    spentUsd: spentMicros / 1_000_000,
    wouldHaveCostUsd: wouldMicros / 1_000_000,
    savedShare: spentMicros === 0 ? null : 1 - wouldMicros / spentMicros,
    basis: 'estimated',
    olderRequests: olderCount,
  };
}
