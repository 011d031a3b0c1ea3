import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { LoadedSettings } from '../config/load.ts';
import { settingLeaves } from '../config/schema.ts';
import { commentedSettings } from '../config/template.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { commandSettings } from './settings.ts';

export const config: Command = {
  name: 'config',
  usage: 'init [FILE] | check | show [--json]',
  description: [
    'init   write a settings file with every setting, its default and what it means',
    'check  validate the settings; every mistake is shown with its file and line',
    'show   print every setting with its value and where it came from',
    '',
    'Settings come from nearfar.config.yaml (or .json) in this folder or in the nearfar home, then from the',
    'environment (engine.parallelCount is NEARFAR_ENGINE_PARALLEL_COUNT), then from flags. Later wins.',
  ].join('\n'),
  options: {
    force: { type: 'boolean', description: 'init: replace the file that is there' },
    ...jsonOption,
  },
  examples: ['nearfar config init', 'nearfar config check', 'nearfar config show --set port=8080'],
  run: async (input) => {
    const [verb, ...rest] = input.words;
    if (verb === 'init') return init(input, rest[0]);
    if (verb === 'check') return check(await commandSettings(input.options));
    if (verb === 'show') return show(await commandSettings(input.options), input.options.flag('json'));
    throw new UsageError(`expected init, check or show${verb === undefined ? '' : `, got "${verb}"`}`);
  },
};

function init(input: CommandInput, name = 'nearfar.config.yaml'): number {
  const file = path.resolve(name);
  if (!/\.(ya?ml|json)$/.test(file))
    throw new UsageError(`${name}: expected a name ending in .yaml or .json`);
  if (existsSync(file) && !input.options.flag('force')) {
    process.stderr.write(`${file} is there already; --force replaces it.\n`);
    return 1;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, commentedSettings(file.endsWith('.json') ? 'json' : 'yaml'));
  process.stdout.write(`Wrote ${file}. Check it after changes with: nearfar config check\n`);
  return 0;
}

function check(loaded: LoadedSettings): number {
  process.stdout.write(`${loaded.file ?? 'No settings file; defaults, environment and flags'}: good.\n`);
  return 0;
}

function show(loaded: LoadedSettings, asJson: boolean): number {
  const rows = settingLeaves().map((leaf) => ({
    setting: leaf.path,
    value: valueAt(loaded.settings, leaf.path),
    source: loaded.sources.get(leaf.path) ?? 'default',
  }));
  if (asJson) {
    const settings = Object.fromEntries(
      rows.map(({ setting, value, source }) => [setting, { value, source }]),
    );
    const report = { home: loaded.home, file: loaded.file, settings };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return 0;
  }
  process.stdout.write(`home: ${loaded.home}\nfile: ${loaded.file ?? 'none'}\n\n`);
  const shown = rows.map((row) => ({ ...row, text: JSON.stringify(row.value) }));
  const left = Math.max(...shown.map((row) => row.setting.length));
  const middle = Math.min(40, Math.max(...shown.map((row) => row.text.length)));
  for (const row of shown) {
    process.stdout.write(`${row.setting.padEnd(left)}  ${row.text.padEnd(middle)}  ${row.source}\n`);
  }
  return 0;
}

function valueAt(settings: object, leafPath: string): unknown {
  return leafPath
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], settings);
}
