import process from 'node:process';
import { openModelsAndAdapters } from './adapters.ts';
import { jsonOption, type Command } from './command.ts';
import { formatBytes } from './progress.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

export const models: Command = {
  name: 'models',
  usage: '[--catalog] [--json]',
  description: [
    'Lists the models that are on this machine: those that nearfar pulled, and GGUF files of Ollama, LM Studio and',
    "the hub's cache, which are used where they are; then the LoRA adapters of the settings. With --catalog, models",
    'that nearfar knows by name.',
  ].join('\n'),
  options: {
    catalog: { type: 'boolean', description: 'List the models that could be pulled' },
    ...jsonOption,
  },
  examples: ['nearfar models', 'nearfar models --catalog', 'nearfar models --json'],
  run: async (input) => {
    const asJson = input.options.flag('json');
    if (input.options.flag('catalog')) return listCatalog(asJson);
    const loaded = await commandSettings(input.options);
    const { store, adapters } = await openModelsAndAdapters(loaded, () => undefined);
    const installed = await store.list();
    if (asJson) {
      process.stdout.write(`${JSON.stringify(installed, null, 2)}\n`);
      return 0;
    }
    if (installed.length === 0) {
      process.stdout.write('No model is here yet. Pull one: nearfar pull recommended\n');
      return 0;
    }
    const rows = installed.map(({ id, facts, owner, reference, adapterOf }) => [
      id === loaded.settings.near ? `${id} (near)` : id,
      facts.format ?? '?',
      facts.sizeBytes === null ? '?' : formatBytes(facts.sizeBytes),
      facts.contextTokenCount === null ? '?' : String(facts.contextTokenCount),
      facts.grade,
      facts.license ?? 'unknown',
      facts.verified ? 'verified' : 'unverified',
      adapterOf !== undefined
        ? `${reference}, adapter of ${adapterOf.model}`
        : owner === 'nearfar'
          ? reference
          : `${owner}, in place`,
    ]);
    const header = ['MODEL', 'FORMAT', 'SIZE', 'CONTEXT', 'GRADE', 'LICENCE', 'SHA-256', 'FROM'];
    process.stdout.write(`${renderTable(header, rows)}\n`);
    for (const { name, error } of await adapters.problems()) {
      process.stderr.write(`The adapter ${name} cannot be used: ${error.message}\n`);
    }
    return 0;
  },
};

async function listCatalog(asJson: boolean): Promise<number> {
  const { catalog } = await import('../models/catalog.ts');
  if (asJson) {
    process.stdout.write(`${JSON.stringify(catalog, null, 2)}\n`);
    return 0;
  }
  const rows = catalog.map((entry) => [
    entry.id,
    entry.files
      .map((file) => `${file.format} ${file.isSizeExact ? '' : '~'}${formatBytes(file.sizeBytes)}`)
      .join(', '),
    String(entry.contextTokenCount),
    entry.grade,
    entry.scores.map(({ benchmark, value }) => `${benchmark} ${value}`).join(', ') || '-',
    entry.license,
    entry.goodFor,
  ]);
  process.stdout.write(
    `${renderTable(['MODEL', 'FORMATS', 'CONTEXT', 'GRADE', 'PUBLISHED SCORES', 'LICENCE', 'GOOD FOR'], rows)}\n`,
  );
  return 0;
}
