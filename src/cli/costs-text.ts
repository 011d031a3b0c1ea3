import {
  microsOf,
  type Comparison,
  type CostGroup,
  type CostReport,
  type Estimate,
  type Saving,
} from '../ledger/cost-report.ts';
import type { CascadeReport } from '../ledger/cascade-report.ts';
import type { CostDimension } from '../ledger/cost-cells.ts';
import type { ObservedReport } from '../ledger/observed-report.ts';
import type { RouteReport } from '../ledger/route-report.ts';
import type { JudgeEvaluation } from '../evaluate/judge-files.ts';
import type { QualityReport } from '../quality/quality-report.ts';
import { cascadeLines } from './costs-cascade.ts';
import { observedLines } from './costs-observed.ts';
import { qualityLines } from './costs-quality.ts';
import { routeLines } from './costs-route.ts';
import { dollarRange, dollars } from './dollars.ts';
import type { Period } from './period.ts';
import type { NamedReference, ReferenceModels } from './reference-models.ts';
import { renderTable } from './table.ts';

/** A report with all that a reader must know of it. */
export interface ShownReport {
  readonly period: Period;
  readonly ledger: string;
  readonly by: readonly CostDimension[];
  readonly references: ReferenceModels;
  readonly report: CostReport;
  /** Null: nothing was left to the router. */
  readonly route: RouteReport | null;
  /** Null: nothing was ever recorded. */
  readonly quality: QualityReport | null;
  /** What `nearfar eval MODEL --judge` measured. */
  readonly judges: readonly JudgeEvaluation[];
  /** Null: nothing was observed. */
  readonly observed: ObservedReport | null;
  /** Null: no cascade judged a near model. */
  readonly cascades: CascadeReport | null;
}

/** For a person. Every figure says whether it was measured or estimated, and from what. */
export function renderCosts(shown: ShownReport): string {
  const { period, ledger, report, references, by, route, quality, judges, observed, cascades } = shown;
  const { total } = report;
  const failed = total.failedCount === 0 ? '' : `, ${count(total.failedCount)} failed`;
  const head = `Costs ${periodWords(period)} · ${requests(total.requestCount)}${failed} · ${ledger}`;
  if (total.requestCount === 0) return `${head}\nNothing was recorded in this time.\n`;
  return [
    head,
    '',
    ...spentLines(total),
    '',
    ...(by.length === 0 ? [] : [groupTable(report, by, references), '']),
    renderTable(
      ['SAVED BY', 'REQUESTS', 'TOKENS', 'SAVED', 'HOW IT IS KNOWN'],
      total.savings.map((saving) => savingRow(saving, references.far)),
    ),
    '',
    ...(quality === null ? [] : [...qualityLines(quality, judges), '']),
    ...routeLines(route, references),
    ...observedLines(observed),
    ...cascadeLines(cascades),
    ...comparisonLines(total.comparison, references.best),
    '',
  ].join('\n');
}

function spentLines(total: CostGroup): readonly string[] {
  const isBound = total.lowerBoundCount > 0 || total.unknownCostCount > 0;
  const lines = [
    `Spent ${isBound ? 'at least ' : ''}${dollars(total.spentMicros)}, measured: tokens as the upstreams counted them, by their prices of that day. Models of this machine bill nothing.`,
  ];
  if (total.unknownCostCount > 0)
    lines.push(
      `  Unknown, and not in it: ${requests(total.unknownCostCount)} of models without a price, or broken off before the upstream had told what it read.`,
    );
  if (total.lowerBoundCount > 0)
    lines.push(
      `  A lower bound: ${requests(total.lowerBoundCount)} broke off; ${dollars(total.lowerBoundMicros)} of the sum is what was seen of them.`,
    );
  if (total.checkCount > 0)
    lines.push(
      `  Of it ${dollars(total.checkMicros)}, measured: ${requests(total.checkCount)} that the semantic cache had an answer for, asked all the same to check it.`,
    );
  return lines;
}

function groupTable({ groups }: CostReport, by: readonly CostDimension[], { best }: ReferenceModels): string {
  const header = [
    ...by.map((dimension) => dimension.toUpperCase()),
    'REQUESTS',
    'PROMPT',
    'CACHED',
    'ANSWER',
    'SPENT',
    'UNKNOWN',
    'SAVED NEAR*',
    'PROMPT CACHE',
    'ANSWER CACHES*',
    ...(best === null ? [] : [`ALL TO ${best.name}*`]),
  ];
  const rows = groups.map((group) => [
    ...group.labels.map((label) => label ?? '-'),
    count(group.requestCount),
    count(group.promptTokenCount),
    count(group.cachedTokenCount),
    count(group.completionTokenCount),
    `${group.lowerBoundCount > 0 ? '>=' : ''}${dollars(group.spentMicros)}`,
    group.unknownCostCount === 0 ? '-' : count(group.unknownCostCount),
    ...groupSavings(group),
    ...(group.comparison === null ? [] : [range(group.comparison.cost)]),
  ]);
  return `${renderTable(header, rows)}\n* estimated; all other figures are measured. UNKNOWN counts requests whose cost is not known.`;
}

function groupSavings({ savings }: CostGroup): readonly string[] {
  const near = savings.filter(({ technique }) => technique === 'near');
  const prompt = savings.filter(({ technique }) => technique === 'prompt_cache');
  const answers = savings.filter(({ technique }) => technique !== 'near' && technique !== 'prompt_cache');
  return [near, prompt, answers].map((some) =>
    range({
      low: some.reduce((sum, { saved }) => sum + saved.low, 0n),
      high: some.reduce((sum, { saved }) => sum + saved.high, 0n),
    }),
  );
}

const techniqueNames: Readonly<Record<string, string>> = {
  near: 'answered near instead of far',
  prompt_cache: "providers' prompt caches",
  exact_cache: 'answers given again',
  flight: 'asked at the same moment, computed once',
  semantic_cache: 'answers to the same question in other words',
};

function savingRow(saving: Saving, far: NamedReference | null): readonly string[] {
  const { technique, requestCount, tokenCount, saved, unknownCount } = saving;
  const unknown = unknownCount === 0 ? '' : `; not known of ${requests(unknownCount)}`;
  return [
    techniqueNames[technique] ?? technique,
    count(requestCount),
    count(tokenCount),
    range(saved),
    `${howKnown(technique, far)}${unknown}`,
  ];
}

function howKnown(technique: string, far: NamedReference | null): string {
  if (technique === 'near')
    return far === null
      ? 'not known: no far model with a price'
      : `estimated: the tokens of the near answers by the price of ${far.name} (${far.source}), ${far.reason}`;
  if (technique === 'prompt_cache')
    return 'measured: the same tokens at the price of new ones, less what they cost';
  return "estimated: what running them would have cost without the provider's cache; near models' cost nothing";
}

function comparisonLines(comparison: Comparison | null, best: NamedReference | null): readonly string[] {
  if (comparison === null || best === null)
    return ['Everything sent to the best single model: not known, for no model has a price.'];
  const { cost, requestCount, spentMicros, spentUnknownCount, leftOutCount } = comparison;
  const spent = `${spentUnknownCount > 0 ? 'at least ' : ''}${dollars(spentMicros)}`;
  return [
    `Everything sent to ${best.name} would have cost ${range(cost)}, estimated; the same requests cost ${spent}, measured.`,
    `  From ${requests(requestCount)} that were written for, by the tokens that the answering models counted and the price of ${best.name} (${best.source}): ${best.reason}.`,
    '  The lower figure takes what came from a cache here for cache reads there, the higher one for new tokens.',
    ...(leftOutCount === 0
      ? []
      : [
          `  Left out: ${requests(leftOutCount)} whose prompt nobody counted, or for whose length no price is known.`,
        ]),
  ];
}

function range({ low, high }: Estimate): string {
  return dollarRange(microsOf(low), microsOf(high));
}

function periodWords({ from, to }: Period): string {
  const time = (at: number): string =>
    new Date(at)
      .toISOString()
      .replace(/:\d\d\.\d+Z$/, 'Z')
      .replace('T00:00Z', '');
  const begin = from === 0 ? 'since the beginning' : `since ${time(from)}`;
  return `${begin}${to === Number.MAX_SAFE_INTEGER ? '' : `, until ${time(to)}`} (UTC)`;
}

function requests(number: number): string {
  return `${count(number)} request${number === 1 ? '' : 's'}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
