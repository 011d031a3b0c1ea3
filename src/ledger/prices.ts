import type { TokenPrice, TokenRates } from './cost.ts';
import builtIn from './price-table.json' with { type: 'json' };

/** US dollars for a million tokens, as providers write their lists. */
export interface ListPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  /** Of what is kept for minutes, */
  readonly cacheWrite?: number | undefined;
  /** and for an hour. */
  readonly cacheWriteLong?: number | undefined;
}

/** Pure: a list price in the ledger's units. What is not listed costs what it would cost without it. */
export function tokenPrice(list: ListPrice): TokenPrice {
  return { currency: 'USD', ...tokenRates(list) };
}

function tokenRates({ input, output, cacheRead, cacheWrite, cacheWriteLong }: ListPrice): TokenRates {
  return {
    promptMicrosPerMillion: micros(input),
    cachedMicrosPerMillion: micros(cacheRead ?? input),
    completionMicrosPerMillion: micros(output),
    ...(cacheWrite === undefined ? {} : { cacheWriteMicrosPerMillion: micros(cacheWrite) }),
    ...(cacheWriteLong === undefined ? {} : { longCacheWriteMicrosPerMillion: micros(cacheWriteLong) }),
  };
}

function micros(dollars: number): number {
  return Math.round(dollars * 1_000_000);
}

/** At some hours it costs less. */
export interface OffPeak {
  readonly price: ListPrice;
  /** UTC. */
  readonly windows: readonly {
    /** 1 is Monday. */
    readonly days: readonly number[];
    /** `HH:MM`, the first minute, and the one behind the last: `24:00` is midnight. */
    readonly from: string;
    readonly to: string;
  }[];
}

export interface ListedModelPrice extends ListPrice {
  readonly contextTokenCount?: number | undefined;
  readonly maxTokenCount?: number | undefined;
  /** Prompts above so many tokens have prices of their own; null: not known here. */
  readonly long?: { readonly above: number; readonly price: ListPrice | null } | undefined;
  /** Its price stands for all other hours. */
  readonly offPeak?: OffPeak | undefined;
  /** The last day of a price that the provider has already said will change; behind it nothing is known. */
  readonly until?: string | undefined;
  /** Where it differs from its list's. */
  readonly source?: string | undefined;
  readonly batchDiscount?: number | undefined;
}

/** A provider's public list for its standard tier. */
export interface PriceList {
  /** Host that the prices hold for; whoever resells a model has prices of his own. */
  readonly host: string;
  /** The day for which they were read, e.g. `2026-11-05`. */
  readonly date: string;
  readonly source: string;
  /** What a batch is cheaper by, 0-1, in all classes of tokens; absent: there are none, or nobody told. */
  readonly batchDiscount?: number | undefined;
  readonly models: Readonly<Record<string, ListedModelPrice>>;
}

export interface PriceEntry {
  readonly host: string;
  readonly model: string;
  readonly list: ListPrice;
  /** Of `find`, at that moment; of `entries`, at the dearest hour. */
  readonly price: TokenPrice;
  /** Absent: the price is the same at all hours. */
  readonly offPeak?: OffPeak;
  readonly batchDiscount: number | null;
  readonly contextTokenCount: number | null;
  readonly maxTokenCount: number | null;
  readonly date: string;
  readonly source: string;
  /** The last day on which it holds; null: none is known. */
  readonly until: string | null;
}

/** What providers ask, by the address that is asked. */
export interface PriceTable {
  readonly lists: readonly PriceList[];
  /**
   * What a provider's list says of one of its models, snapshots with a date behind the name included; null where it is
   * not in it: an unknown cost, never none.
   */
  find(host: string, model: string): PriceEntry | null;
  /** All of them, in the order of the lists. */
  readonly entries: readonly PriceEntry[];
}

/**
 * One list for each host.
 * @param now milliseconds since the epoch
 */
export function createPriceTable(
  lists: readonly PriceList[],
  now: () => number = () => Date.now(),
): PriceTable {
  const byHost = new Map(
    lists.map((list) => [
      list.host,
      new Map(Object.entries(list.models).map(([model, listed]) => [model, entryOf(list, model, listed)])),
    ]),
  );
  return {
    lists,
    find(host, model) {
      const entry = byHost.get(host)?.get(model.replace(/-(\d{4}-\d{2}-\d{2}|20\d{6})$/, ''));
      if (entry === undefined) return null;
      const moment = new Date(now());
      if (entry.until !== null && entry.until < moment.toISOString().slice(0, 10)) return null;
      const { offPeak } = entry;
      if (offPeak === undefined || !isOffPeak(offPeak, moment)) return entry;
      return { ...entry, price: { ...entry.price, ...tokenPrice(offPeak.price) } };
    },
    entries: [...byHost.values()].flatMap((entries) => [...entries.values()]),
  };
}

function isOffPeak({ windows }: OffPeak, moment: Date): boolean {
  const day = moment.getUTCDay() === 0 ? 7 : moment.getUTCDay();
  const time = moment.toISOString().slice(11, 16);
  return windows.some(({ days, from, to }) => days.includes(day) && time >= from && time < to);
}

function entryOf(list: PriceList, model: string, listed: ListedModelPrice): PriceEntry {
  const { long, input, output, cacheRead, cacheWrite, cacheWriteLong } = listed;
  const plain = { input, output, cacheRead, cacheWrite, cacheWriteLong };
  const longRates = long === undefined || long.price === null ? null : tokenRates(long.price);
  return {
    host: list.host,
    model,
    list: plain,
    price: {
      ...tokenPrice(plain),
      ...(long === undefined ? {} : { longPrompt: { aboveTokenCount: long.above, rates: longRates } }),
    },
    batchDiscount: listed.batchDiscount ?? list.batchDiscount ?? null,
    contextTokenCount: listed.contextTokenCount ?? null,
    maxTokenCount: listed.maxTokenCount ?? null,
    date: list.date,
    source: listed.source ?? list.source,
    until: listed.until ?? null,
    ...(listed.offPeak === undefined ? {} : { offPeak: listed.offPeak }),
  };
}

/** The lists that came with this version. */
export const builtInLists: readonly PriceList[] = builtIn.lists;

/** Pure: for each host the list of the later date; of two of one day the first. */
export function newestLists(...tables: readonly (readonly PriceList[])[]): readonly PriceList[] {
  const newest = new Map<string, PriceList>();
  for (const list of tables.flat()) {
    const known = newest.get(list.host);
    if (known === undefined || known.date < list.date) newest.set(list.host, list);
  }
  return [...newest.values()];
}
