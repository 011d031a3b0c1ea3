import type { TokenPrice, TokenRates } from './cost.ts';
import type { CostCell, LongPrompts } from './cost-cells.ts';

/** What was spent, what was saved and by what, and what one model would have cost for everything. Pure. */

/** A model that requests are priced by which it did not answer. */
export interface ReferenceModel {
  /** As it is shown, e.g. `openai/gpt-6-sol`. */
  readonly name: string;
  readonly price: TokenPrice;
}

/**
 * Trillionths of a dollar: a token's price in millionths for a million, times tokens, without rounding, so that parts add up to
 * the whole exactly.
 */
export type Trillionths = bigint;

/** Rounded half up, to millionths of a dollar. */
export function microsOf(amount: Trillionths): number {
  const half = amount < 0n ? -500_000n : 500_000n;
  return Number((amount + half) / 1_000_000n);
}

const perMicro = 1_000_000n;

/** An estimate between two bounds: with the prompt's cached tokens as cache reads, and with all of it as new. */
export interface Estimate {
  readonly low: Trillionths;
  readonly high: Trillionths;
}

export interface Saving {
  /** `near`, `prompt_cache`, or where the answer came from: `exact_cache`, `flight`, whatever else the ledger says. */
  readonly technique: string;
  readonly requestCount: number;
  /** Tokens that no upstream's model had to read or write for it, or was paid less for. */
  readonly tokenCount: number;
  readonly saved: Estimate;
  /** Of the requests, those of which it is not known what they saved. */
  readonly unknownCount: number;
  readonly basis: 'measured' | 'estimated';
}

/** All that could be compared, by the price of one model. */
export interface Comparison {
  readonly requestCount: number;
  readonly cost: Estimate;
  /** What the same requests did cost, as far as is known. */
  readonly spentMicros: number;
  readonly spentUnknownCount: number;
  /** Prompts that were never counted, or are longer than the model's price is known for. */
  readonly leftOutCount: number;
}

export interface CostGroup {
  readonly labels: readonly (string | null)[];
  readonly requestCount: number;
  readonly failedCount: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly cacheWriteTokenCount: number;
  readonly completionTokenCount: number;
  readonly spentMicros: number;
  readonly unknownCostCount: number;
  readonly lowerBoundCount: number;
  readonly lowerBoundMicros: number;
  /** Of `spentMicros`, what checks of the semantic cache cost, and how many they were. */
  readonly checkCount: number;
  readonly checkMicros: number;
  readonly savings: readonly Saving[];
  /** Null where there is no model to compare with. */
  readonly comparison: Comparison | null;
}

export interface CostReport {
  readonly groups: readonly CostGroup[];
  readonly total: CostGroup;
}

/** The cells' `longPrompts` are in this order. */
export interface References {
  readonly far: ReferenceModel | null;
  readonly best: ReferenceModel | null;
}

/** The question's `longPromptsAbove` for these. */
export function longPromptBounds({ far, best }: References): readonly (number | null)[] {
  return [far, best].map((model) => model?.price.longPrompt?.aboveTokenCount ?? null);
}

/** Techniques that are always told of, in this order; others follow by name. */
const usualTechniques = ['near', 'prompt_cache', 'exact_cache', 'flight'];

/** Groups by spent, then by requests, the most first. */
export function costReport(cells: readonly CostCell[], references: References): CostReport {
  const byLabels = Map.groupBy(cells, ({ labels }) => JSON.stringify(labels));
  const groups = [...byLabels.values()].map((group) => groupOf(group[0]?.labels ?? [], group, references));
  groups.sort((one, other) => other.spentMicros - one.spentMicros || other.requestCount - one.requestCount);
  return { groups, total: groupOf([], cells, references) };
}

function groupOf(
  labels: readonly (string | null)[],
  cells: readonly CostCell[],
  references: References,
): CostGroup {
  const sum = (of: (cell: CostCell) => number): number => cells.reduce((total, cell) => total + of(cell), 0);
  return {
    labels,
    requestCount: sum((cell) => cell.requestCount),
    failedCount: sum((cell) => cell.failedCount),
    promptTokenCount: sum((cell) => cell.promptTokenCount),
    cachedTokenCount: sum((cell) => cell.cachedTokenCount),
    cacheWriteTokenCount: sum((cell) => cell.cacheWriteTokenCount),
    completionTokenCount: sum((cell) => cell.completionTokenCount),
    spentMicros: sum((cell) => cell.costMicros),
    unknownCostCount: sum((cell) => cell.unknownCostCount),
    lowerBoundCount: sum((cell) => cell.lowerBoundCount),
    lowerBoundMicros: sum((cell) => cell.lowerBoundMicros),
    checkCount: sum((cell) => cell.checkCount),
    checkMicros: sum((cell) => cell.checkMicros),
    savings: savingsOf(cells, references.far),
    comparison: references.best === null ? null : comparisonOf(cells, references.best),
  };
}

function savingsOf(cells: readonly CostCell[], far: ReferenceModel | null): readonly Saving[] {
  const parts = cells.flatMap((cell) => savingsIn(cell, far));
  const names = new Set([...usualTechniques, ...parts.map(({ technique }) => technique).sort()]);
  return [...names].map((technique) =>
    parts.filter((part) => part.technique === technique).reduce(add, nothing(technique)),
  );
}

function nothing(technique: string): Saving {
  const basis = technique === 'prompt_cache' ? 'measured' : 'estimated';
  return { technique, requestCount: 0, tokenCount: 0, saved: { low: 0n, high: 0n }, unknownCount: 0, basis };
}

function add(one: Saving, other: Saving): Saving {
  return {
    ...one,
    requestCount: one.requestCount + other.requestCount,
    tokenCount: one.tokenCount + other.tokenCount,
    saved: { low: one.saved.low + other.saved.low, high: one.saved.high + other.saved.high },
    unknownCount: one.unknownCount + other.unknownCount,
  };
}

/**
 * No dollar is counted twice: what a model of this machine answered, or would have, was saved by asking near; of upstreams'
 * models a request either ran, and its provider's cache made it cheaper, or did not run at all.
 */
function savingsIn(cell: CostCell, far: ReferenceModel | null): readonly Saving[] {
  const tokenCount = cell.promptTokenCount + cell.completionTokenCount;
  const ran = cell.answerSource === 'model';
  const savings: Saving[] = [];
  if (cell.place === 'none') return savings;
  const isNear = cell.place === 'near';
  if (isNear && cell.comparison !== 'none') {
    const { cost, unknownCount } = priced(cell, 0, far);
    savings.push({
      ...nothing('near'),
      requestCount: cell.requestCount,
      tokenCount,
      saved: cost,
      unknownCount,
    });
  }
  if (!ran && cell.comparison !== 'none') {
    const saved = isNear ? 0n : BigInt(cell.uncachedMicros) * perMicro;
    savings.push({
      ...nothing(cell.answerSource),
      requestCount: cell.requestCount,
      tokenCount,
      // Had it run its provider's cache might have held all of the prompt: what is saved at least is not known.
      saved: { low: 0n, high: saved },
      unknownCount: isNear ? 0 : cell.requestCount - cell.uncachedCount,
    });
  }
  if (!isNear && ran && cell.cacheUseCount > 0) {
    const saved = BigInt(cell.uncachedMicros - cell.uncachedCostMicros) * perMicro;
    savings.push({
      ...nothing('prompt_cache'),
      requestCount: cell.cacheUseCount,
      tokenCount: cell.cachedTokenCount,
      saved: { low: saved, high: saved },
      unknownCount: cell.unknownCacheUseCount,
    });
  }
  return savings;
}

function comparisonOf(cells: readonly CostCell[], best: ReferenceModel): Comparison {
  const start: Comparison = {
    requestCount: 0,
    cost: { low: 0n, high: 0n },
    spentMicros: 0,
    spentUnknownCount: 0,
    leftOutCount: 0,
  };
  return cells
    .filter(({ comparison }) => comparison !== 'none')
    .reduce((total, cell): Comparison => {
      const { cost, unknownCount } = priced(cell, 1, best);
      return {
        requestCount: total.requestCount + cell.requestCount,
        cost: { low: total.cost.low + cost.low, high: total.cost.high + cost.high },
        spentMicros: total.spentMicros + cell.costMicros,
        spentUnknownCount: total.spentUnknownCount + cell.unknownCostCount,
        leftOutCount: total.leftOutCount + unknownCount,
      };
    }, start);
}

/** A cell's tokens by another model's price. */
function priced(
  cell: CostCell,
  index: number,
  model: ReferenceModel | null,
): { readonly cost: Estimate; readonly unknownCount: number } {
  const none = { low: 0n, high: 0n };
  if (model === null || cell.comparison !== 'compared')
    return { cost: none, unknownCount: cell.requestCount };
  const { longPrompt } = model.price;
  const long = longPrompt === undefined ? undefined : cell.longPrompts[index];
  const short: LongPrompts = {
    requestCount: cell.requestCount - (long?.requestCount ?? 0),
    promptTokenCount: cell.promptTokenCount - (long?.promptTokenCount ?? 0),
    cachedTokenCount: cell.cachedTokenCount - (long?.cachedTokenCount ?? 0),
    completionTokenCount: cell.completionTokenCount - (long?.completionTokenCount ?? 0),
  };
  const ordinary = estimate(short, model.price);
  const rates = longPrompt?.rates ?? null;
  if (long === undefined) return { cost: ordinary, unknownCount: 0 };
  if (rates === null) return { cost: ordinary, unknownCount: long.requestCount };
  const dearer = estimate(long, rates);
  return {
    cost: { low: ordinary.low + dearer.low, high: ordinary.high + dearer.high },
    unknownCount: 0,
  };
}

function estimate(
  { promptTokenCount, cachedTokenCount, completionTokenCount }: LongPrompts,
  rates: TokenRates,
): Estimate {
  const written = BigInt(completionTokenCount) * BigInt(rates.completionMicrosPerMillion);
  const rate = BigInt(rates.promptMicrosPerMillion);
  const high = BigInt(promptTokenCount) * rate + written;
  const less = rate - BigInt(rates.cachedMicrosPerMillion);
  return { low: high - BigInt(cachedTokenCount) * (less > 0n ? less : 0n), high };
}
