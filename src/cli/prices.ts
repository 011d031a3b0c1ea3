import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { ListPrice, PriceEntry } from '../ledger/prices.ts';
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
    'update takes newer lists from a file or an address (the setting pricesUrl), the whole file or nothing of it. Your',
    'own prices stay, and hold before the lists. A gateway that runs takes them up when it is started again.',
  ].join('\n'),
  options: jsonOption,
  examples: ['nearfar prices', 'nearfar prices --json', 'nearfar prices update price-table.json'],
  run: async (input) => {
    const [verb, ...rest] = input.words;
    if (verb === 'update' && rest.length <= 1) return update(input, rest[0]);
    if (verb !== undefined) throw new UsageError('expected nothing, or: update [FILE|URL]');
    return list(await commandSettings(input.options), input.options.flag('json'));
  },
};

async function update(input: CommandInput, given: string | undefined): Promise<number> {
  const loaded = await commandSettings(input.options);
  const { ownPriceAddress, readPriceSource } = await import('./price-source.ts');
  const source = given ?? loaded.settings.pricesUrl ?? ownPriceAddress();
  if (source === null) {
    throw new UsageError(
      'expected a file or an address: this package names no repository, and the setting pricesUrl none either',
    );
  }
  const { takePrices } = await import('../ledger/price-file.ts');
  const { path, takenLists } = await takePrices(loaded.home, await readPriceSource(source), source);
  const lists = takenLists.map(({ host, date, models }) => ({
    host,
    date,
    modelCount: Object.keys(models).length,
  }));
  if (input.options.flag('json')) {
    process.stdout.write(`${JSON.stringify({ source, path, taken: lists })}\n`);
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
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** A price as it is shown. */
interface ShownPrice {
  readonly model: string;
  readonly list: ListPrice;
  readonly long: { readonly above: number; readonly isKnown: boolean } | null;
  readonly batchDiscount: number | null;
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
  const sources = new Set(
    table.entries.map(({ host, date, source }) => `${host}, list of ${date}: ${source}`),
  );
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
              date: null,
              source: 'settings',
            },
          ],
    ),
  );
}

function shownEntry({ host, model, list, price, batchDiscount, date, source }: PriceEntry): ShownPrice {
  const { longPrompt } = price;
  return {
    model: `${host}/${model}`,
    list,
    long:
      longPrompt === undefined
        ? null
        : { above: longPrompt.aboveTokenCount, isKnown: longPrompt.rates !== null },
    batchDiscount,
    date,
    source,
  };
}

function row({ model, list, long, batchDiscount, date }: ShownPrice): readonly string[] {
  const dollars = (price: number | undefined): string => (price === undefined ? '-' : String(price));
  const above =
    long === null
      ? ''
      : `; above ${long.above.toLocaleString('en')} prompt tokens ${long.isKnown ? 'dearer' : 'unknown'}`;
  return [
    model,
    dollars(list.input),
    dollars(list.output),
    dollars(list.cacheRead),
    dollars(list.cacheWrite),
    dollars(list.cacheWriteLong),
    batchDiscount === null ? '-' : `-${Math.round(batchDiscount * 100)}%`,
    `${date === null ? 'settings' : `list of ${date}`}${above}`,
  ];
}
