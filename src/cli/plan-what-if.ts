import process from 'node:process';
import { findWeightFormat } from '../plan/calculate/weight-format.ts';
import { efforts, techniques, type Technique } from '../plan/what-if/techniques.ts';
import {
  replayTraffic,
  type ModelPrice,
  type ReplayOptions,
  type ReplayOutcome,
  type WhatIf,
} from '../plan/what-if/replay.ts';
import { trafficOf } from '../plan/what-if/traffic.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { readRecorded, type Recorded } from './plan-recorded.ts';
import { renderTable } from './table.ts';

const share = { min: 0, max: 1 };
/** Bits of a weight that quantizing is taken to lead to: Q4_K_M of Llama 3 8B. */
const quantizedBits = findWeightFormat('Q4_K_M')?.bitsPerWeight ?? 4.89;
const shownCount = 8;

/** `nearfar plan what-if --from-ledger`: recorded traffic under each technique, alone and together. */
export async function planWhatIf({ options }: CommandInput): Promise<number> {
  if (!options.flag('from-ledger'))
    throw new UsageError('what-if: expected --from-ledger: it replays the traffic that was recorded');
  const recorded = await readRecorded(options);
  const replayOptions = await readOptions(options, recorded);
  const report = replayTraffic(recorded.rows, replayOptions);
  process.stdout.write(
    options.flag('json')
      ? `${JSON.stringify(jsonOf(report, recorded, replayOptions), null, 2)}\n`
      : `${linesOf(report, recorded, replayOptions).join('\n')}\n`,
  );
  return 0;
}

async function readOptions(options: OptionValues, { loaded }: Recorded): Promise<ReplayOptions> {
  const { loadPriceTable } = await import('../ledger/price-file.ts');
  const { createBilling } = await import('./upstreams.ts');
  const prices = await loadPriceTable(loaded.home);
  const { upstreams, route } = loaded.settings;
  const billing = createBilling(upstreams, prices);
  const hostOf = (upstream: string | null): string | null => {
    const found = upstreams.find(({ name }) => name === upstream);
    return found === undefined ? null : new URL(found.baseUrl).hostname;
  };
  const priceOf = (model: string): ModelPrice | null => {
    const { upstream, price } = billing(model);
    if (upstream === null || price === null || price.currency !== 'USD') return null;
    const entry = prices.find(hostOf(upstream) ?? '', model.slice(upstream.length + 1));
    return { price, batchDiscount: entry?.batchDiscount ?? null };
  };
  const asked = options.text('smaller') ?? null;
  if (asked !== null && priceOf(asked) === null)
    throw new UsageError(
      `--smaller: no price is known of ${JSON.stringify(asked)}; expected UPSTREAM/MODEL with a price`,
    );
  const [near = 0.3, smaller = 0.7] = route.thresholds;
  return {
    priceOf,
    smallerOf: (model) => (asked === model ? null : asked) ?? cheapest(model),
    thresholds: [near, Math.max(near, smaller)],
    simpleShare: options.number('simple-share', share) ?? null,
    waitShare: options.number('wait-share', share) ?? 0,
    machineUsdPerHour: options.number('machine-hour', { min: 0, max: 1e6 }) ?? null,
    nearBits: nearBits(options.text('near-format') ?? (await formatOfNear(loaded))),
  };

  /** Of the same upstream, as its settings or its provider's list have it, by what answers cost; `null`: it is the cheapest. */
  function cheapest(model: string): string | null {
    const upstream = upstreams.find(({ name }) => model.startsWith(`${name}/`));
    if (upstream === undefined) return null;
    const host = hostOf(upstream.name);
    const names = new Set([
      ...upstream.models.map(({ name }) => `${upstream.name}/${name}`),
      ...prices.entries
        .filter((entry) => entry.host === host)
        .map((entry) => `${upstream.name}/${entry.model}`),
    ]);
    const rate = (name: string): number => priceOf(name)?.price.completionMicrosPerMillion ?? Infinity;
    const [first] = [...names].toSorted((one, other) => rate(one) - rate(other) || (one < other ? -1 : 1));
    return first !== undefined && rate(first) < rate(model) ? first : null;
  }
}

function nearBits(format: string | null): ReplayOptions['nearBits'] {
  if (format === null) return null;
  const found = findWeightFormat(format);
  return found === null
    ? null
    : { from: found.bitsPerWeight, to: Math.min(found.bitsPerWeight, quantizedBits) };
}

async function formatOfNear(loaded: Recorded['loaded']): Promise<string | null> {
  const { openStore } = await import('./open-store.ts');
  const model = await (await openStore(loaded, () => undefined)).find(loaded.settings.near);
  return model?.facts.format ?? null;
}

const names: Readonly<Record<Technique, string>> = {
  prompt_caching: 'prompt caching',
  routing: 'routing',
  smaller_models: 'smaller models',
  batching: 'batches of providers',
  quantization: 'quantization',
};

const nameOf = (set: readonly Technique[]): string => set.map((one) => names[one]).join(' + ');

/** Whether it saves time of this machine whose price nobody gave: then its money is not known, not nothing. */
function isMoneyUnknown({ machineHours, unknown }: ReplayOutcome, options: ReplayOptions): boolean {
  return (
    options.machineUsdPerHour === null &&
    ((machineHours !== null && Math.abs(machineHours.before - machineHours.after) > 1e-12) ||
      unknown['how fast this machine would answer is not known'] !== undefined)
  );
}

function money(outcome: ReplayOutcome, report: WhatIf, options: ReplayOptions): string {
  const percent =
    report.spentUsd === 0 ? '' : ` (${Math.round((100 * outcome.savedUsd) / outcome.spentUsd)}%)`;
  const known = `$${outcome.savedUsd.toFixed(4)}${percent}`;
  if (!isMoneyUnknown(outcome, options)) return known;
  return outcome.savedUsd === 0 ? 'not known' : `${known}, less this machine's work`;
}

function unknownWords({ unknown }: ReplayOutcome): string {
  return Object.entries(unknown)
    .map(([why, count]) => `${why} (${count.toLocaleString('en')})`)
    .join('; ');
}

function linesOf(report: WhatIf, recorded: Recorded, options: ReplayOptions): readonly string[] {
  const traffic = trafficOf(recorded.rows);
  const head = `${report.requestCount.toLocaleString('en')} requests that a model answered · ${recorded.ledger}`;
  if (traffic === null) return [head, 'Nothing was recorded in this time.'];
  const single = techniques.map((technique) =>
    report.outcomes.find((one) => one.techniques.length === 1 && one.techniques[0] === technique),
  );
  const alone = single
    .filter((one) => one !== undefined)
    .toSorted((one, other) => other.savedUsd - one.savedUsd || one.effort - other.effort);
  const together = report.outcomes.filter((one) => one.techniques.length > 1).slice(0, shownCount);
  const row = (outcome: ReplayOutcome): readonly string[] => [
    nameOf(outcome.techniques),
    money(outcome, report, options),
    outcome.changedCount.toLocaleString('en'),
    String(outcome.effort),
    unknownWords(outcome) || '-',
  ];
  const header = ['WHAT', 'SAVED', 'REQUESTS CHANGED', 'EFFORT', 'NOT KNOWN (REQUESTS)'];
  return [
    head,
    ...(recorded.leftOutCount === 0
      ? []
      : [
          `The newest; ${recorded.leftOutCount.toLocaleString('en')} older ones are left out: ask for less time.`,
        ]),
    `Spent, measured: $${report.spentUsd.toFixed(4)} over ${traffic.spanDays.toFixed(1)} days` +
      `${report.unknownCostCount === 0 ? '' : `; the cost of ${report.unknownCostCount.toLocaleString('en')} requests is not known, and they are left out on both sides`}.`,
    '',
    'Alone; all estimated, by replaying those requests:',
    renderTable(header, alone.map(row)),
    '',
    'Together, what saves most first, of equal what takes least effort:',
    renderTable(header, together.map(row)),
    '',
    'Effort, 1 (a setting) to 5 (a project):',
    ...techniques.map(
      (technique) => `  ${efforts[technique].grade}  ${names[technique]}: ${efforts[technique].what}`,
    ),
    '',
    'Quality is not replayed: what cheaper answers cost in quality, nearfar eval, shadow and calibrate measure.',
    `Simple is a difficulty below ${options.thresholds[0]} (near) and ${options.thresholds[1]} (a smaller model), as route.thresholds has it.` +
      (options.simpleShare === null
        ? ''
        : ` Of requests that no router judged ${Math.round(100 * options.simpleShare)}% are taken for simple, as you said.`),
    'Caches are taken to keep beginnings of 1,024 tokens or more for five minutes after each use.',
  ];
}

function jsonOf(report: WhatIf, recorded: Recorded, options: ReplayOptions): object {
  const { period, ledger, leftOutCount, rows } = recorded;
  return {
    ledger,
    from: period.from === 0 ? null : new Date(period.from).toISOString(),
    to: period.to === Number.MAX_SAFE_INTEGER ? null : new Date(period.to).toISOString(),
    traffic: trafficOf(rows),
    leftOutRequests: leftOutCount,
    requests: report.requestCount,
    unknownCostRequests: report.unknownCostCount,
    spentUsd: { value: report.spentUsd, basis: 'measured' },
    assumed: {
      thresholds: options.thresholds,
      simpleShare: options.simpleShare,
      waitShare: options.waitShare,
      machineUsdPerHour: options.machineUsdPerHour,
      nearBits: options.nearBits,
    },
    outcomes: report.outcomes.map((outcome) => ({
      techniques: outcome.techniques,
      savedUsd: {
        value: isMoneyUnknown(outcome, options) && outcome.savedUsd === 0 ? null : outcome.savedUsd,
        basis: 'estimated',
        withoutMachineWork: isMoneyUnknown(outcome, options),
      },
      wouldUsd: { value: outcome.wouldUsd, basis: 'estimated' },
      changedRequests: outcome.changedCount,
      machineHours: outcome.machineHours,
      effort: outcome.effort,
      unknown: outcome.unknown,
    })),
  };
}
