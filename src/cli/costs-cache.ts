import type { LoadedSettings } from '../config/load.ts';
import type { CacheAdvice, CacheReport, FamilyFigures } from '../promptcache/cache-report.ts';
import type { FirstDifference } from '../promptcache/first-difference.ts';
import { capturedDifferences } from './captured-differences.ts';
import { dollars } from './dollars.ts';
import { openLedger } from './open-ledger.ts';
import { stateName } from './open-state.ts';
import type { Period } from './period.ts';
import { renderTable } from './table.ts';

/** More requests would not fit into memory for long; which are left out is said. */
const rowLimit = 20_000;
const shownFamilies = 20;
const shownAdvice = 10;

export interface ShownCacheReport {
  readonly period: Period;
  readonly ledger: string;
  /** Older ones, beyond what is read at once. */
  readonly leftOutCount: number;
  readonly report: CacheReport;
  /** For each advice what differs first, where texts of its requests were captured; null where they were not. */
  readonly differences: readonly (FirstDifference | null)[];
}

/** `nearfar costs --cache`: what providers' prompt caches did for each family of prompts, and what would help. */
export async function costsCache(
  loaded: LoadedSettings,
  period: Period,
  form: 'text' | 'json',
): Promise<string> {
  const shown = await readReport(loaded, period);
  return form === 'json' ? `${JSON.stringify(cacheJson(shown), null, 2)}\n` : renderCache(shown);
}

async function readReport(loaded: LoadedSettings, period: Period): Promise<ShownCacheReport> {
  const { readCacheRows } = await import('../ledger/cache-rows.ts');
  const { cacheReport } = await import('../promptcache/cache-report.ts');
  const { loadPriceTable } = await import('../ledger/price-file.ts');
  const { createBilling } = await import('./upstreams.ts');
  const billing = createBilling(loaded.settings.upstreams, await loadPriceTable(loaded.home));
  const ledger = await openLedger(loaded);
  try {
    const { rows, leftOutCount } =
      ledger === null
        ? { rows: [], leftOutCount: 0 }
        : await readCacheRows(ledger.store, period, rowLimit, ledger.waiting);
    const report = cacheReport(rows, (model) => billing(model).price);
    const differences = await capturedDifferences(loaded, report.advice.slice(0, shownAdvice));
    return { period, ledger: ledger?.name ?? (await stateName(loaded)), leftOutCount, report, differences };
  } finally {
    await ledger?.store.close();
  }
}

export function renderCache({ ledger, leftOutCount, report, differences }: ShownCacheReport): string {
  const { total, families, once, advice } = report;
  const head = `Prompt caches of providers · ${count(total.requestCount)} requests elsewhere · ${ledger}`;
  if (total.requestCount === 0) return `${head}\nNothing was asked elsewhere in this time.\n`;
  const rows = families.slice(0, shownFamilies).map(familyRow);
  if (once.requestCount > 0) rows.push(familyRow({ ...once, family: 'asked once', medianGapMs: null }));
  const hidden = families.length - shownFamilies;
  return [
    head,
    ...(leftOutCount === 0
      ? []
      : [
          `Of the newest ${count(rowLimit)}; ${count(leftOutCount)} older ones are left out: ask for less time.`,
        ]),
    `Read from caches: ${percent(total.cachedTokenCount, total.promptTokenCount)} of ${count(total.promptTokenCount)} prompt tokens. Saved ${saved(total)}, measured: the same tokens at the price of new ones, less what they cost.`,
    '',
    renderTable(['FAMILY', 'KEY', 'MODEL', 'REQUESTS', 'EVERY', 'PROMPT', 'READ', 'WRITTEN', 'SAVED'], rows),
    ...(hidden > 0 ? [`and ${count(hidden)} smaller families (--json has all)`] : []),
    'A family is what has the same tools and system text; EVERY is the median time between two requests.',
    '',
    ...adviceLines(advice, differences),
    '',
  ].join('\n');
}

function familyRow(figures: FamilyFigures): readonly string[] {
  const { family, keyNames, models, requestCount, medianGapMs, promptTokenCount } = figures;
  return [
    family ?? 'no hashes',
    list(keyNames),
    list(models),
    count(requestCount),
    medianGapMs === null ? '-' : time(medianGapMs),
    count(promptTokenCount),
    percent(figures.cachedTokenCount, promptTokenCount),
    percent(figures.cacheWriteTokenCount, promptTokenCount),
    saved(figures),
  ];
}

function adviceLines(
  advice: readonly CacheAdvice[],
  differences: readonly (FirstDifference | null)[],
): readonly string[] {
  if (advice.length === 0) {
    return [
      'No prompts were found that would be cached if a part that changes moved behind one that does not.',
    ];
  }
  const lines = advice.slice(0, shownAdvice).flatMap((one, index) => {
    const { requestCount, agreeingTokenCount, changingTokenCount, stableTokenCount, wouldSaveMicros } = one;
    const worth =
      wouldSaveMicros === null
        ? 'What that would save is not known: the model has no price.'
        : `That would have saved about ${dollars(wouldSaveMicros)} in this time, estimated: read within five minutes, else written.`;
    return [
      `- ${count(requestCount)} requests of ${list(one.keyNames)} to ${list(one.models)} agree in their first ${count(agreeingTokenCount)} tokens, differ in about ${count(changingTokenCount)}, and agree again in ${count(stableTokenCount)} or more behind them. ${worth}`,
      differenceLine(differences[index] ?? null, one),
    ];
  });
  const hidden = advice.length - shownAdvice;
  return [
    'Would be cached if the part that changes moved behind the part that does not (by hashes; tokens estimated):',
    ...lines,
    ...(hidden > 0 ? [`and ${count(hidden)} more (--json has all)`] : []),
  ];
}

function differenceLine(difference: FirstDifference | null, { examples }: CacheAdvice): string {
  if (difference === null) {
    return `  Hashes tell where they part, not in which characters: no texts were captured of them (docs/capture.md), the last of which are ${examples[0]?.join(' and ') ?? ''}.`;
  }
  const { place, before, one, other } = difference;
  const where = place === 'message' ? 'messages' : place;
  return `  First difference, in the ${where}: ${quoted(before)} goes on with ${quoted(one)} and with ${quoted(other)}.`;
}

/** As JSON: what a prompt holds must not move the cursor of a terminal. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f]/g, '?');
}

function cacheJson({ period, ledger, leftOutCount, report, differences }: ShownCacheReport): object {
  return {
    from: period.from === 0 ? null : new Date(period.from).toISOString(),
    to: period.to === Number.MAX_SAFE_INTEGER ? null : new Date(period.to).toISOString(),
    ledger,
    currency: 'USD',
    leftOutRequests: leftOutCount,
    total: familyJson(report.total),
    families: report.families.map((figures) => ({ family: figures.family, ...familyJson(figures) })),
    askedOnce: familyJson(report.once),
    wouldCache: report.advice.map((advice, index) => ({
      keys: advice.keyNames,
      models: advice.models,
      requests: advice.requestCount,
      agreeingTokensEstimated: advice.agreeingTokenCount,
      changingTokensEstimated: advice.changingTokenCount,
      stableTokensEstimated: advice.stableTokenCount,
      wouldSaveUsdEstimated: advice.wouldSaveMicros === null ? null : advice.wouldSaveMicros / 1_000_000,
      exampleRequests: advice.examples,
      firstDifference: differences[index] ?? null,
    })),
  };
}

function familyJson(figures: FamilyFigures): object {
  const { promptTokenCount, cachedTokenCount } = figures;
  return {
    keys: figures.keyNames,
    models: figures.models,
    requests: figures.requestCount,
    promptTokens: promptTokenCount,
    cachedTokens: cachedTokenCount,
    cacheWriteTokens: figures.cacheWriteTokenCount,
    hitRate: promptTokenCount === 0 ? null : cachedTokenCount / promptTokenCount,
    savedUsdMeasured: figures.savedMicros / 1_000_000,
    unknownRequests: figures.unknownCount,
    medianGapMs: figures.medianGapMs,
  };
}

function saved({ savedMicros, unknownCount }: FamilyFigures): string {
  return `${dollars(savedMicros)}${unknownCount === 0 ? '' : ` (not known of ${count(unknownCount)})`}`;
}

function list(names: readonly string[]): string {
  const [first, second, ...more] = names;
  if (first === undefined) return '-';
  return more.length > 0 ? `${first} and ${more.length + 1} others` : [first, second ?? []].flat().join(', ');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}%`;
}

function time(milliseconds: number): string {
  if (milliseconds < 90_000) return `${Math.round(milliseconds / 1000)} s`;
  if (milliseconds < 5_400_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${(milliseconds / 3_600_000).toFixed(1)} h`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
