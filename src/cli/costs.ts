import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import type { CostDimension } from '../ledger/cost-cells.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import type { ShownReport } from './costs-text.ts';
import { openLedger } from './open-ledger.ts';
import { stateName } from './open-state.ts';
import { readPeriod, type Period } from './period.ts';
import { commandSettings } from './settings.ts';

export const costs: Command = {
  name: 'costs',
  usage: '[options]',
  description: [
    'What was spent on models elsewhere, what each technique saved, and what everything would have cost at the best single',
    'model. Figures come from the ledger alone; each says whether it was measured or estimated, and from what. It works',
    'while the gateway runs. Times are UTC, as providers bill.',
  ].join('\n'),
  options: {
    by: {
      type: 'string',
      multiple: true,
      placeholder: 'WHAT',
      description:
        'model (default), key, tenant, upstream, day, route, operation, tier, none; several: --by day,model',
    },
    since: {
      type: 'string',
      placeholder: 'TIME',
      description: 'From then on: 2026-11-25, 2026-11, 7d, 24h, today, all (30d)',
    },
    until: {
      type: 'string',
      placeholder: 'TIME',
      description: 'Up to then; a day or month is included whole',
    },
    against: {
      type: 'string',
      placeholder: 'MODEL',
      description: 'The best single model to compare with (the dearest that your upstreams list)',
    },
    file: { type: 'string', placeholder: 'FILE', description: 'Another ledger, e.g. a copy of one' },
    cache: {
      type: 'boolean',
      description: "What providers' prompt caches did for each family of prompts, and what would help",
    },
    csv: { type: 'boolean', description: 'Print CSV, a line for each group' },
    ...jsonOption,
  },
  examples: [
    'nearfar costs',
    'nearfar costs --by day,key --since 2026-11',
    'nearfar costs --by route --since 7d --json',
    'nearfar costs --cache --since 7d',
    'nearfar costs --against claude-opus-5-5 --csv > costs.csv',
  ],
  run,
};

async function run(input: CommandInput): Promise<number> {
  const { options } = input;
  if (input.words.length > 0) throw new UsageError(`expected no "${input.words[0] ?? ''}"`);
  if (options.flag('json') && options.flag('csv')) throw new UsageError('expected one of --json and --csv');
  const period = readPeriod(options.text('since'), options.text('until'), Date.now());
  const by = await readDimensions(options.list('by'));
  if (options.flag('cache')) return cache(input, period);
  const loaded = withFile(await commandSettings(options), options.text('file'));
  const { loadPriceTable } = await import('../ledger/price-file.ts');
  const { referenceModels } = await import('./reference-models.ts');
  const prices = await loadPriceTable(loaded.home);
  const references = referenceModels(loaded, prices, options.text('against'));
  const { readCostCells } = await import('../ledger/cost-cells.ts');
  const { costReport, longPromptBounds } = await import('../ledger/cost-report.ts');
  const ledger = await openLedger(loaded);
  let shown: ShownReport;
  try {
    const question = { ...period, by, longPromptsAbove: longPromptBounds(references) };
    const cells = ledger === null ? [] : await readCostCells(ledger.store, question, ledger.waiting);
    const report = costReport(cells, references);
    const { routeReport } = await import('../ledger/route-report.ts');
    const byTier = { ...question, by: ['tier'] as const };
    const tiers = ledger === null ? [] : await readCostCells(ledger.store, byTier, ledger.waiting);
    const route = routeReport(tiers, references);
    const { readQuality } = await import('../quality/quality-report.ts');
    const quality = ledger === null ? null : await readQuality(ledger.store, period, ledger.waiting);
    const { readJudgeEvaluations } = await import('../evaluate/judge-files.ts');
    const judges = await readJudgeEvaluations(loaded.home);
    const { readObserved } = await import('../ledger/observed-report.ts');
    const { createBilling } = await import('./upstreams.ts');
    const billing = createBilling(loaded.settings.upstreams, prices);
    const priceOf = (model: string) => billing(model).price;
    const observed =
      ledger === null ? null : await readObserved(ledger.store, period, priceOf, ledger.waiting);
    const { readCascades } = await import('../ledger/cascade-report.ts');
    const cascades = ledger === null ? null : await readCascades(ledger.store, period, ledger.waiting);
    const name = ledger?.name ?? (await stateName(loaded));
    shown = { period, ledger: name, by, references, report, route, quality, judges, observed, cascades };
  } finally {
    await ledger?.store.close();
  }
  process.stdout.write(
    await rendered(shown, options.flag('json') ? 'json' : options.flag('csv') ? 'csv' : 'text'),
  );
  return 0;
}

async function cache({ options }: CommandInput, period: Period): Promise<number> {
  const given = {
    csv: options.flag('csv'),
    by: options.list('by').length > 0,
    against: options.text('against'),
  };
  for (const [name, value] of Object.entries(given)) {
    if (value !== false && value !== undefined) throw new UsageError(`--${name} does not go with --cache`);
  }
  const { costsCache } = await import('./costs-cache.ts');
  const loaded = withFile(await commandSettings(options), options.text('file'));
  process.stdout.write(await costsCache(loaded, period, options.flag('json') ? 'json' : 'text'));
  return 0;
}

async function rendered(shown: ShownReport, form: 'json' | 'csv' | 'text'): Promise<string> {
  if (form === 'text') return (await import('./costs-text.ts')).renderCosts(shown);
  const { costsCsv, costsJson } = await import('./costs-data.ts');
  return form === 'csv' ? costsCsv(shown) : `${JSON.stringify(costsJson(shown), null, 2)}\n`;
}

async function readDimensions(given: readonly string[]): Promise<readonly CostDimension[]> {
  const { costDimensions } = await import('../ledger/cost-cells.ts');
  const names = given.flatMap((text) => text.split(',')).map((name) => name.trim());
  if (names.length === 0) return ['model'];
  if (names.length === 1 && names[0] === 'none') return [];
  const dimensions = names.map((name) => {
    const dimension = costDimensions.find((candidate) => candidate === name);
    if (dimension === undefined)
      throw new UsageError(
        `--by: expected ${costDimensions.join(', ')} or none, got ${JSON.stringify(name)}`,
      );
    return dimension;
  });
  return [...new Set(dimensions)];
}

function withFile(loaded: LoadedSettings, file: string | undefined): LoadedSettings {
  if (file === undefined) return loaded;
  const ledgerPath = path.resolve(file);
  if (!existsSync(ledgerPath)) throw new UsageError(`--file: there is no file ${ledgerPath}`);
  return { ...loaded, settings: { ...loaded.settings, ledgerPath, databaseEnv: null } };
}
