import {
  apiCost,
  daysPerMonth,
  ownMachineCost,
  rentedCost,
  type MonthlyCost,
  type Traffic,
} from '../plan/calculate/monthly-cost.ts';
import type { ComparedFigure } from '../plan/calculate/figure.ts';
import type { RecordedTraffic } from '../plan/what-if/traffic.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { claimed, claimLine, printPlan, requiredNumber } from './plan-formulas.ts';
import { renderTable } from './table.ts';

const share = { min: 0, max: 1 };
const price = { min: 0, max: 1e6 };

export async function planCost({ options }: CommandInput): Promise<number> {
  const recorded = options.flag('from-ledger') ? await recordedTraffic(options) : null;
  const traffic = recorded ?? describedTraffic(options);
  const apis = apiRows(traffic, options);
  const machines = machineRows(traffic, options);
  const rows = [...apis, ...machines, ...hybridRows(traffic, options)];
  if (rows.length === 0) {
    throw new UsageError(
      'expected prices of an API (--input-price and --output-price) or a machine (--machine-rate with --rent or --machine-price)',
    );
  }
  const requestCount = traffic.requestsPerDay * daysPerMonth;
  const guide = guideOf(rows);
  const report = {
    basis: 'estimated',
    guide,
    traffic: { ...traffic, basis: recorded === null ? 'as described' : 'measured' },
    requestsPerMonth: requestCount,
    options: rows,
  };
  const dollars = (usd: number): string => (usd < 10 ? usd.toFixed(2) : Math.round(usd).toLocaleString('en'));
  return printPlan(options, report, [
    `${Math.round(requestCount).toLocaleString('en')} requests a month of ${Math.round(traffic.promptTokenCount)} tokens in and ${Math.round(traffic.outputTokenCount)} out. Estimated from your figures:`,
    ...(recorded === null ? [] : recordedLines(recorded)),
    '',
    renderTable(
      ['WHERE', 'USD/MONTH', 'USD/REQUEST', 'OF WHICH'],
      rows
        .toSorted((one, other) => one.cost.usd - other.cost.usd)
        .map(({ name, cost }) => [
          name,
          dollars(cost.usd),
          requestCount === 0 ? '-' : (cost.usd / requestCount).toPrecision(2),
          Object.entries(cost.parts)
            .filter(([, usd]) => usd > 0)
            .map(([part, usd]) => `${part} ${dollars(usd)}`)
            .join(', '),
        ]),
    ),
    ...(guide.length === 0 ? [] : ['', ...guide.map(claimLine)]),
  ]);
}

/** What the guide says that techniques save, beside what they do here against the plain API. */
function guideOf(rows: readonly CostRow[]): readonly ComparedFigure[] {
  const plain = rows.find(({ name }) => name === 'API')?.cost.usd;
  if (plain === undefined || plain === 0) return [];
  const saved = (prefix: string): number | null => {
    const cost = rows.find(({ name }) => name.startsWith(prefix))?.cost.usd;
    return cost === undefined ? null : 1 - cost / plain;
  };
  const of = (prefix: string, text: string, range: readonly [number, number], why: string) => {
    const share = saved(prefix);
    return share === null ? [] : [claimed(share, `saved: ${prefix}`, 'share', text, range, why)];
  };
  return [
    ...of(
      'API, prompts cached',
      'Prompt caching: 50-90% on repeated prefixes',
      [0.5, 0.9],
      'of the whole bill, of which answers and what does not repeat are part',
    ),
    ...of(
      'hybrid',
      'Model routing: 60-80% overall',
      [0.6, 0.8],
      'machines cost what they cost, however few requests they get',
    ),
  ];
}

function describedTraffic(options: OptionValues): Traffic {
  return {
    requestsPerDay: requiredNumber(options, 'requests-per-day', { min: 0, max: 1e12 }),
    promptTokenCount: options.number('prompt', { min: 0, max: 1e8 }) ?? 500,
    outputTokenCount: options.number('answer', { min: 0, max: 1e8 }) ?? 200,
    repeatedPromptShare: options.number('repeated-share', share) ?? 0,
    peakFactor: options.number('peak', { min: 1, max: 1000 }) ?? 3,
  };
}

/** @throws UsageError where nothing was recorded in that time */
async function recordedTraffic(options: OptionValues): Promise<RecordedTraffic> {
  const { readRecorded } = await import('./plan-recorded.ts');
  const { trafficOf } = await import('../plan/what-if/traffic.ts');
  const { rows } = await readRecorded(options);
  const traffic = trafficOf(rows);
  if (traffic === null) throw new UsageError('--from-ledger: nothing was recorded in that time');
  return traffic;
}

function recordedLines(traffic: RecordedTraffic): readonly string[] {
  const unknown = traffic.unknownCostCount;
  return [
    `Traffic measured: ${traffic.requestCount.toLocaleString('en')} requests over ${traffic.spanDays.toFixed(1)} days; the busiest hour has ` +
      `${traffic.peakFactor.toFixed(1)} times the mean; ${Math.round(100 * traffic.repeatedPromptShare)}% of prompts came before.`,
    `Billed by upstreams, measured: $${(traffic.spentUsdPerDay * daysPerMonth).toFixed(2)} a month at that rate` +
      `${unknown === 0 ? '' : `, and what ${unknown.toLocaleString('en')} requests cost is not known and not in it`}.`,
  ];
}

/** Part on machines, the rest at the API. */
function hybridRows(traffic: Traffic, options: OptionValues): readonly CostRow[] {
  const nearShare = options.number('near-share', share) ?? 0.8;
  const part = (of: number): Traffic => ({ ...traffic, requestsPerDay: traffic.requestsPerDay * of });
  const far = apiRows(part(1 - nearShare), options)[0];
  if (far === undefined) return [];
  return machineRows(part(nearShare), options).map(({ name, cost }) => ({
    name: `hybrid: ${name} for ${Math.round(100 * nearShare)}%, API for the rest`,
    cost: {
      usd: cost.usd + far.cost.usd,
      parts: {
        ...cost.parts,
        ...Object.fromEntries(Object.entries(far.cost.parts).map(([key, usd]) => [`API ${key}`, usd])),
      },
    },
  }));
}

interface CostRow {
  readonly name: string;
  readonly cost: MonthlyCost;
}

function apiRows(traffic: Traffic, options: OptionValues): readonly CostRow[] {
  const input = options.number('input-price', price);
  const output = options.number('output-price', price);
  if (input === undefined || output === undefined) return [];
  const cacheRead = options.number('read-price', price) ?? null;
  const batchDiscount = options.number('batch-discount', share) ?? 0;
  const prices = { input, output, cacheRead, batchDiscount };
  return [
    { name: 'API', cost: apiCost(traffic, prices, { isCached: false, isBatch: false }) },
    ...(cacheRead !== null && traffic.repeatedPromptShare > 0
      ? [{ name: 'API, prompts cached', cost: apiCost(traffic, prices, { isCached: true, isBatch: false }) }]
      : []),
    ...(batchDiscount > 0
      ? [{ name: 'API, in batches', cost: apiCost(traffic, prices, { isCached: false, isBatch: true }) }]
      : []),
  ];
}

function machineRows(traffic: Traffic, options: OptionValues): readonly CostRow[] {
  const rate = options.number('machine-rate', { min: 1e-9, max: 1e9 });
  if (rate === undefined) return [];
  const rent = options.number('rent', price);
  const machinePrice = options.number('machine-price', { min: 0, max: 1e9 });
  const busyWatts = options.number('watts', { min: 0, max: 1e6 }) ?? 300;
  const rows: CostRow[] = [];
  if (rent !== undefined) {
    const cost = rentedCost(traffic, rate, rent);
    rows.push({ name: `${cost.machineCount} rented`, cost });
  }
  if (machinePrice !== undefined) {
    const cost = ownMachineCost(traffic, {
      requestsPerSecond: rate,
      price: machinePrice,
      lifeYears: options.number('life-years', { min: 0.1, max: 100 }) ?? 3,
      busyWatts,
      idleWatts: busyWatts / 5,
      energyPrice: options.number('energy-price', { min: 0, max: 1000 }) ?? 0.3,
    });
    rows.push({
      name: `${cost.machineCount} of your own, ${Math.round(100 * cost.utilisation)}% busy`,
      cost,
    });
  }
  return rows;
}
