import type { PromptPrefix } from '../chat/prompt-prefix.ts';
import type { TokenRates } from '../ledger/cost.ts';
import { hashesOf } from './prefix-hashes.ts';

/** One request to an upstream, as far as its prompt's caching is concerned. */
export interface CacheRow {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly keyName: string | null;
  readonly model: string | null;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly cacheWriteTokenCount: number;
  /** What the cache saved, in millionths of a dollar; negative where it cost; null: not known. */
  readonly savedMicros: number | null;
  /** Null: no hashes were kept. */
  readonly prefix: PromptPrefix | null;
}

/** Prompts with the same tools and system text, of one tenant. */
export interface FamilyFigures {
  /** Null: prompts that no hashes were kept of. */
  readonly family: string | null;
  readonly keyNames: readonly string[];
  readonly models: readonly string[];
  readonly requestCount: number;
  readonly promptTokenCount: number;
  readonly cachedTokenCount: number;
  readonly cacheWriteTokenCount: number;
  readonly savedMicros: number;
  /** Requests of which it is not known what the cache saved. */
  readonly unknownCount: number;
  /** Median time between two of them, in milliseconds; null for one alone. */
  readonly medianGapMs: number | null;
}

/** Prompts that agree behind a part that changes, so that nothing of it is cached. All token counts are estimated. */
export interface CacheAdvice {
  readonly keyNames: readonly string[];
  readonly models: readonly string[];
  readonly requestCount: number;
  /** From the beginning, until they differ. */
  readonly agreeingTokenCount: number;
  /** What differs there. */
  readonly changingTokenCount: number;
  /** What agrees again behind that. Of the first 48 blocks of a prompt: at least so much. */
  readonly stableTokenCount: number;
  /** What reading it from the cache would have saved, writing it included; null where prices are not known. */
  readonly wouldSaveMicros: number | null;
  /** Ids of requests that differ so, the newest pairs first. */
  readonly examples: readonly (readonly [string, string])[];
}

export interface CacheReport {
  readonly total: FamilyFigures;
  /** That came more than once, by tokens. */
  readonly families: readonly FamilyFigures[];
  /** Prompts whose family came once. */
  readonly once: FamilyFigures;
  readonly advice: readonly CacheAdvice[];
}

/** Less is kept by few models. */
const leastStableTokenCount = 1024;
/** Fewer pairs are chance. */
const leastPairCount = 3;
const exampleCount = 20;
const lifetimeMs = 5 * 60_000;

/**
 * Pure: what caching did for each family of prompts, and which prompts would be cached if a part that changes moved
 * behind one that does not.
 * @param ratesOf the prices of a model; null where they are not known
 */
export function cacheReport(
  rows: readonly CacheRow[],
  ratesOf: (model: string) => TokenRates | null,
): CacheReport {
  const ordered = [...rows].sort((one, other) => one.startedAt - other.startedAt);
  const byFamily = Map.groupBy(ordered, ({ prefix }) => prefix?.family ?? null);
  const groups = [...byFamily].map(([family, members]) => ({ family, members }));
  const repeated = groups.filter(({ family, members }) => family === null || members.length > 1);
  const single = groups.filter(({ family, members }) => family !== null && members.length === 1);
  return {
    total: figuresOf(null, ordered),
    families: repeated
      .map(({ family, members }) => figuresOf(family, members))
      .sort((one, other) => other.promptTokenCount - one.promptTokenCount),
    once: figuresOf(
      null,
      single.flatMap(({ members }) => members),
    ),
    advice: adviceOf(ordered, ratesOf),
  };
}

function figuresOf(family: string | null, rows: readonly CacheRow[]): FamilyFigures {
  const sum = (value: (row: CacheRow) => number): number => rows.reduce((all, row) => all + value(row), 0);
  const gaps = rows.slice(1).map(({ startedAt }, index) => startedAt - (rows[index]?.startedAt ?? startedAt));
  return {
    family,
    keyNames: distinct(rows.map(({ keyName }) => keyName)),
    models: distinct(rows.map(({ model }) => model)),
    requestCount: rows.length,
    promptTokenCount: sum((row) => row.promptTokenCount),
    cachedTokenCount: sum((row) => row.cachedTokenCount),
    cacheWriteTokenCount: sum((row) => row.cacheWriteTokenCount),
    savedMicros: sum((row) => row.savedMicros ?? 0),
    unknownCount: sum((row) => (row.savedMicros === null ? 1 : 0)),
    medianGapMs: gaps.sort((one, other) => one - other)[Math.floor((gaps.length - 1) / 2)] ?? null,
  };
}

interface Pair {
  readonly row: CacheRow;
  readonly earlier: CacheRow;
  readonly agreeing: number;
  readonly changing: number;
  readonly stable: number;
}

function adviceOf(
  rows: readonly CacheRow[],
  ratesOf: (model: string) => TokenRates | null,
): readonly CacheAdvice[] {
  /** The last prompt that had a block. */
  const lastWith = new Map<string, CacheRow>();
  /** Pairs that hang together by a prompt that they share are of one kind. */
  const groupOf = new Map<CacheRow, Pair[]>();
  for (const row of rows) {
    const hashes = hashesOf(row.prefix?.contents ?? '');
    const earlier = mostAlike(hashes, lastWith);
    const pair = earlier === null ? null : compared(row, earlier);
    if (pair !== null) {
      const group = groupOf.get(pair.earlier) ?? [];
      group.push(pair);
      groupOf.set(pair.earlier, group).set(row, group);
    }
    for (const hash of hashes) lastWith.set(hash, row);
  }
  return [...new Set(groupOf.values())]
    .filter((group) => group.length >= leastPairCount)
    .map((group) => adviceFor(group, ratesOf))
    .filter(({ wouldSaveMicros }) => wouldSaveMicros === null || wouldSaveMicros > 0)
    .sort((one, other) => (other.wouldSaveMicros ?? 0) - (one.wouldSaveMicros ?? 0));
}

function mostAlike(hashes: readonly string[], lastWith: ReadonlyMap<string, CacheRow>): CacheRow | null {
  const counts = new Map<CacheRow, number>();
  for (const hash of new Set(hashes)) {
    const row = lastWith.get(hash);
    if (row !== undefined) counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  let best: CacheRow | null = null;
  for (const [row, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = row;
  return best;
}

/** Null where nothing worth it agrees behind the first difference. */
function compared(row: CacheRow, earlier: CacheRow): Pair | null {
  const own = hashesOf(row.prefix?.contents ?? '');
  const before = hashesOf(earlier.prefix?.contents ?? '');
  const lengths = row.prefix?.contentTokenCounts ?? [];
  const parting = own.findIndex((hash, index) => hash !== before[index]);
  if (parting < 0) return null;
  const others = new Set(before.slice(parting));
  const tokens = (from: number, to: number, isCounted: (hash: string) => boolean): number =>
    own
      .slice(from, to)
      .reduce((sum, hash, index) => sum + (isCounted(hash) ? (lengths[from + index] ?? 0) : 0), 0);
  const again = own.findIndex((hash, index) => index >= parting && others.has(hash));
  if (again < 0) return null;
  const stable = tokens(again, own.length, (hash) => others.has(hash));
  if (stable < leastStableTokenCount) return null;
  return {
    row,
    earlier,
    agreeing: tokens(0, parting, () => true),
    changing: tokens(parting, again, () => true),
    stable,
  };
}

function adviceFor(pairs: readonly Pair[], ratesOf: (model: string) => TokenRates | null): CacheAdvice {
  let wouldSave: number | null = 0;
  for (const { row, earlier, stable } of pairs) {
    const rates = row.model === null ? null : ratesOf(row.model);
    if (rates === null) wouldSave = null;
    else if (wouldSave !== null) {
      const plain = rates.promptMicrosPerMillion;
      const write = rates.cacheWriteMicrosPerMillion ?? plain;
      const isInTime = row.startedAt - earlier.startedAt <= lifetimeMs && row.model === earlier.model;
      wouldSave += (stable * (isInTime ? plain - rates.cachedMicrosPerMillion : plain - write)) / 1_000_000;
    }
  }
  const median = (value: (pair: Pair) => number): number =>
    pairs.map(value).sort((one, other) => one - other)[Math.floor((pairs.length - 1) / 2)] ?? 0;
  const rows = new Set(pairs.flatMap(({ row, earlier }) => [row, earlier]));
  return {
    keyNames: distinct([...rows].map(({ keyName }) => keyName)),
    models: distinct([...rows].map(({ model }) => model)),
    requestCount: rows.size,
    agreeingTokenCount: median(({ agreeing }) => agreeing),
    changingTokenCount: median(({ changing }) => changing),
    stableTokenCount: median(({ stable }) => stable),
    wouldSaveMicros: wouldSave === null ? null : Math.round(wouldSave),
    examples: pairs
      .slice(-exampleCount)
      .reverse()
      .map(({ row, earlier }) => [earlier.requestId, row.requestId] as const),
  };
}

function distinct(names: readonly (string | null)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== null))].sort();
}
