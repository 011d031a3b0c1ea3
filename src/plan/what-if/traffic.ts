import type { Traffic } from '../calculate/monthly-cost.ts';
import { createCacheReplay } from './cache-replay.ts';
import type { ReplayRow } from './replay.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Traffic as it was recorded. */
export interface RecordedTraffic extends Traffic {
  readonly requestCount: number;
  /** From the first request to the last, at least an hour. */
  readonly spanDays: number;
  /** What upstreams billed, in dollars a day, measured; of the requests whose cost is known. */
  readonly spentUsdPerDay: number;
  readonly unknownCostCount: number;
}

/**
 * The traffic of recorded requests: means of tokens, the busiest hour over the mean hour, and of all prompt tokens those that a
 * cache of five minutes would have held or did. `null` without requests. Pure.
 */
export function trafficOf(rows: readonly ReplayRow[]): RecordedTraffic | null {
  const ordered = rows.toSorted((one, other) => one.startedAt - other.startedAt);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined) return null;
  const spanMs = Math.max(hourMs, last.startedAt - first.startedAt);
  const sum = (of: (row: ReplayRow) => number): number => ordered.reduce((total, row) => total + of(row), 0);
  const promptTokenCount = sum((row) => row.promptTokenCount);
  const busiest = Math.max(
    ...[...Map.groupBy(ordered, ({ startedAt }) => Math.floor(startedAt / hourMs)).values()].map(
      (group) => group.length,
    ),
  );
  const cache = createCacheReplay();
  const repeated = sum((row) => {
    const held =
      row.prefix === null
        ? 0
        : cache.use({
            owner: `${row.tenant ?? ''}\n${row.model}`,
            atMs: row.startedAt,
            prefix: row.prefix,
            promptTokenCount: row.promptTokenCount,
            writesAreBilled: false,
          }).cachedTokenCount;
    return Math.min(row.promptTokenCount, Math.max(held, row.cachedTokenCount));
  });
  return {
    requestCount: ordered.length,
    spanDays: spanMs / dayMs,
    requestsPerDay: (ordered.length * dayMs) / spanMs,
    promptTokenCount: promptTokenCount / ordered.length,
    outputTokenCount: sum((row) => row.completionTokenCount) / ordered.length,
    repeatedPromptShare: promptTokenCount === 0 ? 0 : repeated / promptTokenCount,
    // Less than the mean it cannot be, however short the time.
    peakFactor: Math.max(1, busiest / (ordered.length / (spanMs / hourMs))),
    spentUsdPerDay: (sum((row) => row.costMicros ?? 0) / 1e6) * (dayMs / spanMs),
    unknownCostCount: ordered.filter((row) => row.costMicros === null).length,
  };
}
