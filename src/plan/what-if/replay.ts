// Over 300 lines: one replay, whose techniques act on one another.
import type { PromptPrefix } from '../../chat/prompt-prefix.ts';
import { costMicros, type TokenPrice } from '../../ledger/cost.ts';
import { requireNumber } from '../calculate/figure.ts';
import { createCacheReplay, type CachedTokens } from './cache-replay.ts';
import { combinations, effortOf, techniques, type Technique } from './techniques.ts';

/** One request that was answered by a model, as the ledger has it. */
export interface ReplayRow {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly tenant: string | null;
  /** With its upstream before it; of this machine alone. */
  readonly model: string;
  /** `null`: this machine. */
  readonly upstream: string | null;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly cacheWriteTokenCount: number;
  readonly completionTokenCount: number;
  /** Measured, in millionths of a dollar; `null`: not known. */
  readonly costMicros: number | null;
  /** 0-1; `null`: no router was asked. */
  readonly difficulty: number | null;
  /** A router chose the tier already. */
  readonly isRouted: boolean;
  /** Of the class `bulk`. */
  readonly canWait: boolean;
  /** Measured by the engine, of this machine's models; `null` elsewhere. */
  readonly prefillMs: number | null;
  readonly decodeMs: number | null;
  readonly prefix: PromptPrefix | null;
}

export interface ModelPrice {
  readonly price: TokenPrice;
  /** 0-1; `null`: no batches, or nobody told. */
  readonly batchDiscount: number | null;
}

/** What is assumed, because the ledger cannot tell it. */
export interface ReplayOptions {
  /** `null`: not known, and never taken for nothing. */
  readonly priceOf: (model: string) => ModelPrice | null;
  /** The cheaper model of the same upstream that would be asked; `null`: none is known. */
  readonly smallerOf: (model: string) => string | null;
  /** Below the first a request goes near, below the second to a smaller model. */
  readonly thresholds: readonly [near: number, smaller: number];
  /** Of requests whose difficulty is not known, the share that is simple; `null`: nobody says, and they stay where they were. */
  readonly simpleShare: number | null;
  /** Of requests that are not `bulk`, the share that could wait. */
  readonly waitShare: number;
  /** US dollars for an hour of this machine's work; `null`: not known. */
  readonly machineUsdPerHour: number | null;
  /** Bits of a weight near: today, and after quantizing; `null`: not known. */
  readonly nearBits: { readonly from: number; readonly to: number } | null;
}

export interface ReplayOutcome {
  readonly techniques: readonly Technique[];
  /** What the requests whose cost is known, before and after, did cost (measured) and would have (estimated), in dollars. */
  readonly spentUsd: number;
  readonly wouldUsd: number;
  readonly savedUsd: number;
  /** Requests that it changes. */
  readonly changedCount: number;
  /** Requests of which it is not known what it would do, by why. They count as unchanged, or not at all where their cost is unknown. */
  readonly unknown: Readonly<Record<string, number>>;
  /** Hours of this machine's work: before measured, after estimated; `null`: it never answered, so that its speed is not known. */
  readonly machineHours: { readonly before: number; readonly after: number } | null;
  readonly effort: number;
}

export interface WhatIf {
  readonly requestCount: number;
  /** Their cost is unknown: left out on both sides. */
  readonly unknownCostCount: number;
  /** Measured. */
  readonly spentUsd: number;
  /** Every combination, most money first, and of equal the least effort. */
  readonly outcomes: readonly ReplayOutcome[];
}

/** Replays recorded traffic under every combination of techniques. Pure. @throws RangeError naming the option */
export function replayTraffic(rows: readonly ReplayRow[], options: ReplayOptions): WhatIf {
  checkOptions(options);
  const ordered = rows.toSorted((one, other) => one.startedAt - other.startedAt);
  const known = ordered.filter((row) => row.costMicros !== null);
  const outcomes = combinations(techniques).map((set) => replay(known, new Set(set), set, options));
  return {
    requestCount: rows.length,
    unknownCostCount: rows.length - known.length,
    spentUsd: known.reduce((sum, row) => sum + (row.costMicros ?? 0), 0) / 1e6,
    outcomes: outcomes.toSorted(
      (one, other) =>
        other.savedUsd - one.savedUsd ||
        one.effort - other.effort ||
        one.techniques.length - other.techniques.length,
    ),
  };
}

function checkOptions(options: ReplayOptions): void {
  const [near, smaller] = options.thresholds;
  requireNumber('first threshold', near, 0, 1);
  requireNumber('second threshold', smaller, near, 1);
  if (options.simpleShare !== null) requireNumber('simple share', options.simpleShare, 0, 1);
  requireNumber('wait share', options.waitShare, 0, 1);
  if (options.machineUsdPerHour !== null) requireNumber('machine hour', options.machineUsdPerHour);
  if (options.nearBits !== null) {
    requireNumber('bits today', options.nearBits.from, 0.1, 64);
    requireNumber('bits after', options.nearBits.to, 0.1, 64);
  }
}

/** Milliseconds of this machine for a token, as measured in the same traffic. */
interface NearSpeed {
  readonly prefillMs: number;
  readonly decodeMs: number;
}

function nearSpeedOf(rows: readonly ReplayRow[]): NearSpeed | null {
  const own = rows.filter((row) => row.upstream === null && row.prefillMs !== null && row.decodeMs !== null);
  const sum = (of: (row: ReplayRow) => number): number => own.reduce((total, row) => total + of(row), 0);
  const read = sum((row) => row.promptTokenCount - row.cachedTokenCount);
  const written = sum((row) => row.completionTokenCount);
  return read > 0 && written > 0
    ? {
        prefillMs: sum((row) => row.prefillMs ?? 0) / read,
        decodeMs: sum((row) => row.decodeMs ?? 0) / written,
      }
    : null;
}

function replay(
  rows: readonly ReplayRow[],
  active: ReadonlySet<Technique>,
  set: readonly Technique[],
  options: ReplayOptions,
): ReplayOutcome {
  const speed = nearSpeedOf(rows);
  const cache = createCacheReplay();
  const unknown: Record<string, number> = {};
  const note = (why: string): void => {
    unknown[why] = (unknown[why] ?? 0) + 1;
  };
  let spent = 0;
  let would = 0;
  let changedCount = 0;
  let msBefore = 0;
  let msAfter = 0;
  for (const row of rows) {
    const before = row.costMicros ?? 0;
    const nearMs = { prefill: row.prefillMs ?? 0, decode: row.decodeMs ?? 0 };
    msBefore += nearMs.prefill + nearMs.decode;
    const share = active.has('routing') ? nearShareOf(row, options, note) : 0;
    const far = farCost(row, active, options, cache, note);
    const after = far * (1 - share);
    const routed = {
      prefill: share * row.promptTokenCount * (speed?.prefillMs ?? 0),
      decode: share * row.completionTokenCount * (speed?.decodeMs ?? 0),
    };
    const decodeRatio = active.has('quantization') ? quantizedRatio(row, share, options, note) : 1;
    const ms = nearMs.prefill + routed.prefill + (nearMs.decode + routed.decode) * decodeRatio;
    msAfter += ms;
    const isChanged = Math.abs(after - before) > 1e-9 || Math.abs(ms - nearMs.prefill - nearMs.decode) > 1e-9;
    if (isChanged) changedCount += 1;
    spent += before;
    would += after;
    if (Math.abs(ms - nearMs.prefill - nearMs.decode) > 1e-9 && options.machineUsdPerHour === null)
      note('what an hour of this machine costs is not known');
    if (share > 0 && speed === null) note('how fast this machine would answer is not known');
  }
  const perMs = (options.machineUsdPerHour ?? 0) / 3_600_000;
  const [spentUsd, wouldUsd] = [spent / 1e6 + msBefore * perMs, would / 1e6 + msAfter * perMs];
  return {
    techniques: set,
    ...{ spentUsd, wouldUsd, savedUsd: spentUsd - wouldUsd, changedCount, unknown },
    machineHours: speed === null ? null : { before: msBefore / 3_600_000, after: msAfter / 3_600_000 },
    effort: effortOf(set),
  };
}

/** Of a request, the share that would be answered near: 0 or 1, or what is assumed where nobody knows. */
function nearShareOf(row: ReplayRow, options: ReplayOptions, note: (why: string) => void): number {
  if (row.upstream === null || row.isRouted) return 0;
  if (row.difficulty !== null) return row.difficulty < options.thresholds[0] ? 1 : 0;
  if (options.simpleShare === null) note('no router told how difficult it is');
  return options.simpleShare ?? 0;
}

/** Millionths of a dollar for what is answered elsewhere. */
function farCost(
  row: ReplayRow,
  active: ReadonlySet<Technique>,
  options: ReplayOptions,
  cache: ReturnType<typeof createCacheReplay>,
  note: (why: string) => void,
): number {
  const measured = row.costMicros ?? 0;
  if (row.upstream === null) return measured;
  const smaller = active.has('smaller_models') ? smallerShareOf(row, options, note) : null;
  const kept = oneModel(row, row.model, measured, active, options, cache, note);
  const whole =
    smaller === null
      ? kept
      : kept * (1 - smaller.share) +
        smaller.share * oneModel(row, smaller.model, null, active, options, cache, note);
  if (!active.has('batching')) return whole;
  const waits = row.canWait ? 1 : options.waitShare;
  if (waits === 0) return whole;
  const discount = options.priceOf(row.model)?.batchDiscount ?? null;
  if (discount === null) note('no discount for batches is known');
  return whole * (1 - waits * (discount ?? 0));
}

function smallerShareOf(
  row: ReplayRow,
  options: ReplayOptions,
  note: (why: string) => void,
): { readonly model: string; readonly share: number } | null {
  const model = options.smallerOf(row.model);
  if (model === null || options.priceOf(model) === null) {
    note('no smaller model with a price is known');
    return null;
  }
  if (row.difficulty !== null) return row.difficulty < options.thresholds[1] ? { model, share: 1 } : null;
  if (options.simpleShare === null) {
    note('no router told how difficult it is');
    return null;
  }
  return { model, share: options.simpleShare };
}

/** @param measured what it did cost at this model; `null`: another one answered */
function oneModel(
  row: ReplayRow,
  model: string,
  measured: number | null,
  active: ReadonlySet<Technique>,
  options: ReplayOptions,
  cache: ReturnType<typeof createCacheReplay>,
  note: (why: string) => void,
): number {
  const price = options.priceOf(model)?.price ?? null;
  const asIs: CachedTokens = {
    cachedTokenCount: row.cachedTokenCount,
    writtenTokenCount: row.cacheWriteTokenCount,
  };
  const tokens = active.has('prompt_caching') ? cachedTokens(row, model, price, cache, note) : null;
  // What its cache did already is not done better by a replay that knows less.
  const didMore =
    row.cachedTokenCount + row.cacheWriteTokenCount > 0 &&
    (tokens?.cachedTokenCount ?? 0) <= row.cachedTokenCount;
  const better = tokens === null || (measured !== null && didMore) ? asIs : tokens;
  if (measured !== null && better === asIs) return measured;
  const cost =
    price === null
      ? null
      : costMicros(
          {
            promptTokenCount: row.promptTokenCount,
            completionTokenCount: row.completionTokenCount,
            cachedTokenCount: better.cachedTokenCount,
            cacheWriteTokenCount: better.writtenTokenCount,
          },
          price,
        );
  if (cost === null) note('no price is known');
  return cost ?? row.costMicros ?? 0;
}

function cachedTokens(
  row: ReplayRow,
  model: string,
  price: TokenPrice | null,
  cache: ReturnType<typeof createCacheReplay>,
  note: (why: string) => void,
): CachedTokens | null {
  if (price === null || price.cachedMicrosPerMillion >= price.promptMicrosPerMillion) {
    note('no price for reading from a cache is known');
    return null;
  }
  if (row.prefix === null) {
    note('no hashes of its prompt were kept');
    return null;
  }
  const writeRate = price.cacheWriteMicrosPerMillion ?? price.promptMicrosPerMillion;
  return cache.use({
    owner: `${row.tenant ?? ''}\n${model}`,
    atMs: row.startedAt,
    prefix: row.prefix,
    promptTokenCount: row.promptTokenCount,
    writesAreBilled: writeRate > price.promptMicrosPerMillion,
  });
}

/** Decoding reads every weight for each token, so it takes as much less time as they take less memory; reading prompts does not. */
function quantizedRatio(
  row: ReplayRow,
  share: number,
  options: ReplayOptions,
  note: (why: string) => void,
): number {
  if (row.upstream !== null && share === 0) return 1;
  if (options.nearBits === null) {
    note('the format of the near model is not known');
    return 1;
  }
  return Math.min(1, options.nearBits.to / options.nearBits.from);
}
