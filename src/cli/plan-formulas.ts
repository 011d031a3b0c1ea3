import process from 'node:process';
import { breakEvenReuseCount, expectedCacheSaving } from '../plan/calculate/cache-break-even.ts';
import {
  apiCost,
  daysPerMonth,
  ownMachineCost,
  rentedCost,
  type MonthlyCost,
  type Traffic,
} from '../plan/calculate/monthly-cost.ts';
import { bestDraft, draftingGain, expectedTokenCount } from '../plan/calculate/speculation-gain.ts';
import { UsageError, type CommandInput, type OptionValues } from './command.ts';
import { renderTable } from './table.ts';

const share = { min: 0, max: 1 };
const price = { min: 0, max: 1e6 };

function print(options: OptionValues, report: object, lines: readonly string[]): number {
  process.stdout.write(
    options.flag('json') ? `${JSON.stringify(report, null, 2)}\n` : `${lines.join('\n')}\n`,
  );
  return 0;
}

function required(options: OptionValues, name: string, range: { min?: number; max?: number }): number {
  const value = options.number(name, range);
  if (value === undefined) throw new UsageError(`--${name}: expected a number`);
  return value;
}

export function planDraft({ options }: CommandInput): number {
  const acceptanceRate = required(options, 'acceptance', share);
  const costRatio = options.number('draft-cost', { min: 0, max: 1000 }) ?? 0;
  const best = bestDraft(acceptanceRate, costRatio);
  const asked = options.number('draft-tokens', { min: 0, max: 1000 }) ?? best.draftTokenCount;
  const gain = draftingGain({ acceptanceRate, draftTokenCount: asked, costRatio });
  const tokensPerRound = expectedTokenCount(acceptanceRate, asked);
  const report = {
    basis: 'estimated',
    acceptanceRate,
    costRatio,
    draftTokenCount: asked,
    tokensPerRound,
    gain,
    best,
  };
  return print(options, report, [
    `Estimated: ${tokensPerRound.toFixed(2)} tokens a round of ${asked} drafted, ${gain.toFixed(2)} times as fast as without.`,
    best.draftTokenCount === 0
      ? 'No length pays at this rate and cost.'
      : `Most is gained with ${best.draftTokenCount}: ${best.gain.toFixed(2)} times.`,
    'Formula: (1 - a^(n+1)) / (1 - a) tokens for n x cost + 1 steps (Leviathan et al. 2023, equation 1 and theorem 3.8), where',
    'checking n + 1 tokens costs no more than one: true where memory bounds a step, not on a CPU that computes.',
    'The guide says 1.5x to 3x for code, 1.2x to 1.5x for general text; `npm run bench -- speculate` measures it here.',
  ]);
}

export function planCache({ options }: CommandInput): number {
  const input = required(options, 'input-price', price);
  const cacheRead = required(options, 'read-price', price);
  const cacheWrite = options.number('write-price', price) ?? input;
  const ttlMinutes = options.number('ttl', { min: 0, max: 1e6 }) ?? 5;
  const perHour = options.number('per-hour', { min: 0, max: 1e9 });
  const prices = { input, cacheRead, cacheWrite };
  const reuseCount = breakEvenReuseCount(prices);
  const saving = perHour === undefined ? null : expectedCacheSaving(prices, perHour, ttlMinutes * 60_000);
  const report = { basis: 'estimated', ...prices, ttlMinutes, reuseCount, perHour: perHour ?? null, saving };
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  return print(options, report, [
    reuseCount === Infinity
      ? 'Reading from the cache costs no less than reading anew: it never pays.'
      : `It pays from ${reuseCount === 0 ? 'the first reuse on, at no risk' : `${reuseCount.toFixed(2)} reuses a write on`}: (write - input) / (input - read).`,
    ...(saving === null
      ? ['With --per-hour: what is saved when requests come at random.']
      : [
          `${perHour ?? 0} requests an hour, kept ${ttlMinutes} minutes after each use: ${
            saving >= 0 ? `saves ${percent(saving)}` : `costs ${percent(-saving)} more`
          } of what the beginning costs without (requests at random: found with 1 - exp(-rate x time)).`,
        ]),
    'The guide says 50 to 90% on repeated prefixes; `nearfar costs --cache` shows what your traffic really saved.',
  ]);
}

export function planCost({ options }: CommandInput): number {
  const traffic: Traffic = {
    requestsPerDay: required(options, 'requests-per-day', { min: 0, max: 1e12 }),
    promptTokenCount: options.number('prompt', { min: 0, max: 1e8 }) ?? 500,
    outputTokenCount: options.number('answer', { min: 0, max: 1e8 }) ?? 200,
    repeatedPromptShare: options.number('repeated-share', share) ?? 0,
    peakFactor: options.number('peak', { min: 1, max: 1000 }) ?? 3,
  };
  const rows = [...apiRows(traffic, options), ...machineRows(traffic, options)];
  if (rows.length === 0) {
    throw new UsageError(
      'expected prices of an API (--input-price and --output-price) or a machine (--machine-rate with --rent or --machine-price)',
    );
  }
  const requestCount = traffic.requestsPerDay * daysPerMonth;
  const report = { basis: 'estimated', traffic, requestsPerMonth: requestCount, options: rows };
  const dollars = (usd: number): string => (usd < 10 ? usd.toFixed(2) : Math.round(usd).toLocaleString('en'));
  return print(options, report, [
    `${Math.round(requestCount).toLocaleString('en')} requests a month of ${traffic.promptTokenCount} tokens in and ${traffic.outputTokenCount} out. Estimated from your figures:`,
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
  ]);
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
