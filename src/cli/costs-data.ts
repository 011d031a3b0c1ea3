import { microsOf, type CostGroup } from '../ledger/cost-report.ts';
import { cascadeJson } from './costs-cascade.ts';
import { observedJson } from './costs-observed.ts';
import { qualityJson } from './costs-quality.ts';
import { routeJson } from './costs-route.ts';
import type { ShownReport } from './costs-text.ts';
import type { NamedReference } from './reference-models.ts';

/** The report for programs: amounts in US dollars, with six digits behind the point at most. */
export function costsJson({
  period,
  ledger,
  by,
  references,
  report,
  route,
  quality,
  judges,
  observed,
  cascades,
}: ShownReport): object {
  return {
    from: period.from === 0 ? null : new Date(period.from).toISOString(),
    to: period.to === Number.MAX_SAFE_INTEGER ? null : new Date(period.to).toISOString(),
    ledger,
    currency: 'USD',
    by,
    far: referenceJson(references.far),
    best: referenceJson(references.best),
    total: groupJson(report.total),
    quality: quality === null ? null : qualityJson(quality, judges),
    routing: routeJson(route, references),
    observed: observedJson(observed),
    cascade: cascadeJson(cascades),
    groups: report.groups.map((group) => ({
      ...Object.fromEntries(by.map((dimension, index) => [dimension, group.labels[index] ?? null])),
      ...groupJson(group),
    })),
  };
}

function referenceJson(model: NamedReference | null): object | null {
  if (model === null) return null;
  const { name, price, source, reason } = model;
  return {
    model: name,
    inputUsdPerMillion: usd(price.promptMicrosPerMillion),
    outputUsdPerMillion: usd(price.completionMicrosPerMillion),
    cacheReadUsdPerMillion: usd(price.cachedMicrosPerMillion),
    source,
    reason,
  };
}

function groupJson(group: CostGroup): object {
  const { comparison } = group;
  const isBound = group.lowerBoundCount > 0 || group.unknownCostCount > 0;
  return {
    requests: group.requestCount,
    failedRequests: group.failedCount,
    promptTokens: group.promptTokenCount,
    cachedTokens: group.cachedTokenCount,
    cacheWriteTokens: group.cacheWriteTokenCount,
    completionTokens: group.completionTokenCount,
    spent: {
      usd: usd(group.spentMicros),
      basis: isBound ? 'lower_bound' : 'measured',
      unknownRequests: group.unknownCostCount,
      lowerBoundRequests: group.lowerBoundCount,
      lowerBoundUsd: usd(group.lowerBoundMicros),
    },
    semanticChecks: { usd: usd(group.checkMicros), basis: 'measured', requests: group.checkCount },
    saved: group.savings.map((saving) => ({
      technique: saving.technique,
      usd: usd(microsOf(saving.saved.low)),
      upToUsd: usd(microsOf(saving.saved.high)),
      basis: saving.basis,
      requests: saving.requestCount,
      tokens: saving.tokenCount,
      unknownRequests: saving.unknownCount,
    })),
    everythingToBest:
      comparison === null
        ? null
        : {
            usd: usd(microsOf(comparison.cost.low)),
            upToUsd: usd(microsOf(comparison.cost.high)),
            basis: 'estimated',
            requests: comparison.requestCount,
            leftOutRequests: comparison.leftOutCount,
            sameRequestsSpentUsd: usd(comparison.spentMicros),
            sameRequestsUnknown: comparison.spentUnknownCount,
          },
  };
}

function usd(micros: number): number {
  return micros / 1_000_000;
}

/** A line for each group, by RFC 4180. Names of columns say what is estimated; ranges have two columns. */
export function costsCsv({ by, references, report }: ShownReport): string {
  const techniques = report.total.savings.map(({ technique, basis }) => ({ technique, basis }));
  const header = [
    ...by,
    'requests',
    'failed_requests',
    'prompt_tokens',
    'cached_tokens',
    'cache_write_tokens',
    'completion_tokens',
    'spent_usd_measured',
    'unknown_cost_requests',
    'lower_bound_requests',
    'lower_bound_usd',
    'semantic_check_requests',
    'semantic_check_usd_measured',
    ...techniques.flatMap(({ technique, basis }) =>
      basis === 'measured'
        ? [`saved_${technique}_usd_measured`]
        : [`saved_${technique}_usd_estimated_low`, `saved_${technique}_usd_estimated_high`],
    ),
    'everything_to_model',
    'everything_to_usd_estimated_low',
    'everything_to_usd_estimated_high',
  ];
  const rows = report.groups.map((group) => [
    ...group.labels.map((label) => label ?? ''),
    group.requestCount,
    group.failedCount,
    group.promptTokenCount,
    group.cachedTokenCount,
    group.cacheWriteTokenCount,
    group.completionTokenCount,
    decimal(group.spentMicros),
    group.unknownCostCount,
    group.lowerBoundCount,
    decimal(group.lowerBoundMicros),
    group.checkCount,
    decimal(group.checkMicros),
    ...techniques.flatMap(({ technique, basis }) => {
      const saved = group.savings.find((saving) => saving.technique === technique)?.saved;
      const low = decimal(microsOf(saved?.low ?? 0n));
      return basis === 'measured' ? [low] : [low, decimal(microsOf(saved?.high ?? 0n))];
    }),
    references.best?.name ?? '',
    group.comparison === null ? '' : decimal(microsOf(group.comparison.cost.low)),
    group.comparison === null ? '' : decimal(microsOf(group.comparison.cost.high)),
  ]);
  return [header, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function decimal(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}

/** Clients choose names: one that begins like a formula is kept from being one in a spreadsheet. */
function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+@\t\r]|^-(?![\d.]+$)/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
