import { requireNumber } from './figure.ts';

/** Traffic of a month, as a description or from the ledger. */
export interface Traffic {
  readonly requestsPerDay: number;
  readonly promptTokenCount: number;
  readonly outputTokenCount: number;
  /** Share of the prompt that came before within the cache's time, 0 to 1. */
  readonly repeatedPromptShare: number;
  /** Busiest hour over the mean hour; 1 where traffic is even. */
  readonly peakFactor: number;
}

export const daysPerMonth = 365.25 / 12;

/** Prices in US dollars of a million tokens. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  /** `null`: no cache. */
  readonly cacheRead: number | null;
  /** Off for jobs that may wait, 0 to 1. */
  readonly batchDiscount: number;
}

export interface MonthlyCost {
  readonly usd: number;
  /** Its parts, by name. */
  readonly parts: Readonly<Record<string, number>>;
}

/** @throws RangeError naming the field */
export function checkTraffic(traffic: Traffic): Traffic {
  requireNumber('requestsPerDay', traffic.requestsPerDay);
  requireNumber('promptTokenCount', traffic.promptTokenCount);
  requireNumber('outputTokenCount', traffic.outputTokenCount);
  requireNumber('repeatedPromptShare', traffic.repeatedPromptShare, 0, 1);
  requireNumber('peakFactor', traffic.peakFactor, 1);
  return traffic;
}

/** All of it at a provider. `isCached`: repeated parts are read from its cache; what writing costs is in `cache-break-even.ts`. */
export function apiCost(
  traffic: Traffic,
  prices: TokenPrices,
  { isCached, isBatch }: { readonly isCached: boolean; readonly isBatch: boolean },
): MonthlyCost {
  const { requestsPerDay, promptTokenCount, outputTokenCount, repeatedPromptShare } = checkTraffic(traffic);
  const requests = requestsPerDay * daysPerMonth;
  const cachedShare = isCached && prices.cacheRead !== null ? repeatedPromptShare : 0;
  const off = isBatch ? 1 - requireNumber('batchDiscount', prices.batchDiscount, 0, 1) : 1;
  const millions = (tokens: number): number => (requests * tokens) / 1e6;
  const parts = {
    prompt: millions(promptTokenCount * (1 - cachedShare)) * prices.input * off,
    'cached prompt': millions(promptTokenCount * cachedShare) * (prices.cacheRead ?? 0) * off,
    answer: millions(outputTokenCount) * prices.output * off,
  };
  return { usd: parts.prompt + parts['cached prompt'] + parts.answer, parts };
}

/**
 * Machines rented by the hour, around the clock, as many as the busiest hour needs.
 * @param requestsPerSecond what one carries
 */
export function rentedCost(
  traffic: Traffic,
  requestsPerSecond: number,
  rentPerHour: number,
): MonthlyCost & { readonly machineCount: number } {
  requireNumber('requestsPerSecond', requestsPerSecond, Number.MIN_VALUE);
  requireNumber('rentPerHour', rentPerHour);
  const machineCount = machinesFor(traffic, requestsPerSecond);
  const usd = machineCount * rentPerHour * 24 * daysPerMonth;
  return { usd, parts: { rent: usd }, machineCount };
}

/** A machine of one's own: written off over its life, and what it draws. */
export function ownMachineCost(
  traffic: Traffic,
  machine: {
    readonly requestsPerSecond: number;
    /** US dollars; 0 where it is there anyway. */
    readonly price: number;
    readonly lifeYears: number;
    readonly busyWatts: number;
    readonly idleWatts: number;
    /** US dollars a kilowatt-hour. */
    readonly energyPrice: number;
  },
): MonthlyCost & { readonly machineCount: number; readonly utilisation: number } {
  const { requestsPerSecond, price, lifeYears, busyWatts, idleWatts, energyPrice } = machine;
  requireNumber('requestsPerSecond', requestsPerSecond, Number.MIN_VALUE);
  requireNumber('price', price);
  requireNumber('lifeYears', lifeYears, 0.1);
  const machineCount = machinesFor(traffic, requestsPerSecond);
  const utilisation =
    machineCount === 0 ? 0 : traffic.requestsPerDay / 86_400 / (machineCount * requestsPerSecond);
  const watts = idleWatts + utilisation * Math.max(0, busyWatts - idleWatts);
  const parts = {
    'write-off': (machineCount * price) / (lifeYears * 12),
    energy: ((machineCount * watts * 24 * daysPerMonth) / 1000) * requireNumber('energyPrice', energyPrice),
  };
  return { usd: parts['write-off'] + parts.energy, parts, machineCount, utilisation };
}

function machinesFor(traffic: Traffic, requestsPerSecond: number): number {
  const { requestsPerDay, peakFactor } = checkTraffic(traffic);
  return Math.ceil((requestsPerDay * peakFactor) / 86_400 / requestsPerSecond - 1e-9);
}
