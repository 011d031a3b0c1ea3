import process from 'node:process';
import { z } from 'zod';
import type { LoadedSettings } from '../config/load.ts';
import type { LeftOutPrice } from '../ledger/litellm-prices.ts';
import type { ListPrice, OffPeak, PriceEntry, PriceTable } from '../ledger/prices.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

export const prices: Command = {
  name: 'prices',
  usage: '[--json] | update [FILE|URL]',
  description: [
    'Lists what models elsewhere cost, in US dollars for a million tokens: your own prices of the settings, then the',
    'lists of providers, each with its date and source. A model that is in neither has an unknown cost.',
    '',
    "update takes newer lists from a file or an address, in nearfar's own form or LiteLLM's; without either from the setting",
    "pricesUrl: LiteLLM's table, which is kept at its repository. The whole file is taken or nothing of it, and entries that",
    'could not be read are listed. Your own prices stay, and hold before the lists. A gateway that runs takes them up when it',
    'is started again.',
  ].join('\n'),
  options: {
    ...jsonOption,
    date: {
      type: 'string',
      placeholder: 'YYYY-MM-DD',
      description: "update: the day of a table in LiteLLM's form (today; of a file the day it was written)",
    },
    'left-out': {
      type: 'boolean',
      description: 'update: list every entry that was left out, not only how many',
    },
  },
  examples: [
    'nearfar prices',
    'nearfar prices --json',
    'nearfar prices update',
    'nearfar prices update model_prices_and_context_window.json --date 2026-11-30',
  ],
  run: async (input) => {
    const [verb, ...rest] = input.words;
    if (verb === 'update' && rest.length <= 1) return update(input, rest[0]);
    if (verb !== undefined) throw new UsageError('expected nothing, or: update [FILE|URL]');
    return list(await commandSettings(input.options), input.options.flag('json'));
  },
};

async function update(input: CommandInput, given: string | undefined): Promise<number> {
  const loaded = await commandSettings(input.options);
  const date = input.options.text('date');
  if (date !== undefined && !isDay(date))
    throw new UsageError(`--date ${date}: expected a day as 2026-11-30`);
  const { readPriceSource } = await import('./price-source.ts');
  const source = given ?? loaded.settings.pricesUrl;
  const read = await readPriceSource(source);
  const { takePrices } = await import('../ledger/price-file.ts');
  const taken = await takePrices(loaded.home, read.content, source, date ?? read.date);
  const { path, takenLists, leftOut } = taken;
  const lists = takenLists.map(({ host, date, models }) => ({
    host,
    date,
    modelCount: Object.keys(models).length,
  }));
  if (input.options.flag('json')) {
    process.stdout.write(`${JSON.stringify({ source, path, taken: lists, leftOut })}\n`);
    return 0;
  }
  const lines =
    lists.length === 0
      ? [`${source} has nothing newer than what is here.`]
      : [
          ...lists.map(
            ({ host, date, modelCount }) => `Took ${host}: ${modelCount} models, list of ${date}.`,
          ),
          `They lie in ${path}. A gateway that runs takes them up when it is started again.`,
        ];
  lines.push(...leftOutLines(leftOut, input.options.flag('left-out')));
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function isDay(text: string): boolean {
  // JavaScript takes the 31st of February for the 3rd of March.
  return z.iso.date().safeParse(text).success && text.startsWith('20');
}

/** Names of one reason that are shown. */
const shownNames = 5;

function leftOutLines(leftOut: readonly LeftOutPrice[], isWhole: boolean): readonly string[] {
  if (leftOut.length === 0) return [];
  if (isWhole) return ['Left out:', ...leftOut.map(({ name, why }) => `  ${name}: ${why}`)];
  const [known, others] = [true, false].map((isOf) =>
    leftOut.filter(({ isOfKnownProvider }) => isOfKnownProvider === isOf),
  );
  const byReason = Map.groupBy(known ?? [], ({ why }) => why);
  const reasons = [...byReason].sort(([, one], [, other]) => other.length - one.length);
  return [
    `Left out: ${(others ?? []).length} entries of providers that no address is known of, and of those above:`,
    ...reasons.map(([why, some]) => {
      const names = some.slice(0, shownNames).map(({ name }) => name);
      return `  ${why}: ${some.length} (${names.join(', ')}${some.length > shownNames ? ', ...' : ''})`;
    }),
    'All of them, each with its reason: --left-out, or --json.',
  ];
}

/** A price as it is shown. */
interface ShownPrice {
  readonly model: string;
  readonly list: ListPrice;
  readonly long: { readonly above: number; readonly isKnown: boolean } | null;
  readonly batchDiscount: number | null;
  readonly offPeak: OffPeak | null;
  readonly date: string | null;
  readonly source: string;
}

async function list(loaded: LoadedSettings, asJson: boolean): Promise<number> {
  const { loadPriceTable } = await import('../ledger/price-file.ts');
  const table = await loadPriceTable(loaded.home);
  const own = ownPrices(loaded);
  const listed = table.entries.map(shownEntry);
  const unknown = loaded.settings.upstreams.flatMap(({ name, baseUrl, models }) =>
    models
      .filter((model) => model.price === undefined)
      .filter((model) => table.find(new URL(baseUrl).hostname, model.name) === null)
      .map((model) => `${name}/${model.name}`),
  );
  if (asJson) {
    const report = { currency: 'USD', unit: 'a million tokens', prices: [...own, ...listed], unknown };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return 0;
  }
  const header = ['MODEL', 'INPUT', 'OUTPUT', 'CACHE READ', 'WRITE 5 MIN', 'WRITE 1 H', 'BATCH', 'FROM'];
  const rows = [...own, ...listed].map((shown) => row(shown));
  const sources = sourceLines(table);
  process.stdout.write(
    [
      'US dollars for a million tokens.',
      '',
      renderTable(header, rows),
      '',
      ...sources,
      ...(unknown.length === 0
        ? []
        : [
            '',
            `No price is known of: ${unknown.join(', ')}. Yours goes into the settings: upstreams, models, price.`,
          ]),
      '',
    ].join('\n'),
  );
  return 0;
}

/** One line for each list; pages of single models are counted, for there may be dozens. */
function sourceLines({ lists, entries }: PriceTable): readonly string[] {
  return lists.map(({ host, date, source }) => {
    const others = new Set(
      entries.flatMap((entry) => (entry.host === host && entry.source !== source ? [entry.source] : [])),
    );
    const [one] = others;
    const more =
      one === undefined ? '' : `; of some models ${others.size === 1 ? one : `${others.size} pages: --json`}`;
    return `${host}, list of ${date}: ${source}${more}`;
  });
}

function ownPrices({ settings }: LoadedSettings): readonly ShownPrice[] {
  return settings.upstreams.flatMap(({ name, models }) =>
    models.flatMap((model): ShownPrice[] =>
      model.price === undefined
        ? []
        : [
            {
              model: `${name}/${model.name}`,
              list: model.price,
              long: null,
              batchDiscount: null,
              offPeak: null,
              date: null,
              source: 'settings',
            },
          ],
    ),
  );
}

function shownEntry(entry: PriceEntry): ShownPrice {
  const { host, model, list, price, batchDiscount, offPeak = null, date, source } = entry;
  const { longPrompt } = price;
  return {
    model: `${host}/${model}`,
    list,
    long:
      longPrompt === undefined
        ? null
        : { above: longPrompt.aboveTokenCount, isKnown: longPrompt.rates !== null },
    batchDiscount,
    offPeak,
    date,
    source,
  };
}

function row({ model, list, long, batchDiscount, offPeak, date }: ShownPrice): readonly string[] {
  const dollars = (price: number | undefined): string => (price === undefined ? '-' : String(price));
  const above =
    long === null
      ? ''
      : `; above ${long.above.toLocaleString('en')} prompt tokens ${long.isKnown ? 'dearer' : 'unknown'}`;
  const cheaper =
    offPeak === null
      ? ''
      : `; off-peak ${dollars(offPeak.price.input)} in, ${dollars(offPeak.price.output)} out`;
  return [
    model,
    dollars(list.input),
    dollars(list.output),
    dollars(list.cacheRead),
    dollars(list.cacheWrite),
    dollars(list.cacheWriteLong),
    batchDiscount === null ? '-' : `-${Math.round(batchDiscount * 100)}%`,
    `${date === null ? 'settings' : `list of ${date}`}${above}${cheaper}`,
  ];
}
