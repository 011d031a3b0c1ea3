import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { nearest } from '../config/nearest.ts';
import {
  edgeFormat,
  edgeFormats,
  exportFormats,
  exportPrecisions,
  exportTargets,
  installCommands,
  type ExportFormat,
} from '../models/export/edge-formats.ts';
import type { Exported, ExportSource } from '../models/export/export-model.ts';
import { jsonOption, UsageError, type Command, type OptionValues } from './command.ts';
import { renderInspection } from './inspect.ts';
import { runMeasuring } from './measuring-job.ts';
import { formatBytes } from './progress.ts';
import { findSource } from './quantize.ts';
import { commandSettings } from './settings.ts';
import type { LoadedSettings } from '../config/load.ts';

export const exportCommand: Command = {
  name: 'export',
  usage: '--to FORMAT [options] MODEL',
  description: [
    "Converts a model to a format for devices, by the format's own tool, and reads what it made. MODEL is an id of",
    '"nearfar models", an alias, a .gguf file (of Llama or Qwen2) or a Hugging Face folder (config.json, *.safetensors). The tools',
    'are Python programs of other makers: where one is missing, how to install it is said, and nothing is installed. FORMAT is',
    ...edgeFormats.map(({ name, title, tool }) => `  ${name.padEnd(11)}${title}, by ${tool}`),
    'The result is a folder with the model and its tokenizer. Ctrl-C kills the tool and leaves nothing that is half-written.',
  ].join('\n'),
  options: {
    to: { type: 'string', placeholder: 'FORMAT', description: 'Format to write' },
    list: {
      type: 'boolean',
      description: 'Say of each format what it runs on, needs, and how its tool is installed',
    },
    out: { type: 'string', placeholder: 'DIR', description: 'Folder to write (default: NAME-FORMAT here)' },
    precision: {
      type: 'string',
      placeholder: 'P',
      description: `${exportPrecisions.join(', ')} (default: the format's usual one, see --list)`,
    },
    target: {
      type: 'string',
      placeholder: 'T',
      description: `What it is to run on: ${exportTargets.join(', ')} (default: the format's usual one)`,
    },
    context: {
      type: 'string',
      placeholder: 'N',
      description: 'Tokens of prompt and answer, where a format fixes them (default: 1024)',
    },
    python: {
      type: 'string',
      placeholder: 'FILE',
      description: "Python that has the tool (default: tools/FORMAT in nearfar's home, else python3)",
    },
    tool: { type: 'string', placeholder: 'FILE', description: 'gguf: path of convert_hf_to_gguf.py' },
    ...jsonOption,
  },
  examples: [
    'nearfar export --list',
    'nearfar export --to onnx smollm2-135m-instruct',
    'nearfar export --to onnx --precision int4 --target webgpu --out page-model model-f16.gguf',
    'nearfar export --to executorch --precision int4 --context 2048 ./SmolLM2-135M-Instruct',
  ],
  run: async (input) => {
    const { options } = input;
    const loaded = await commandSettings(options);
    if (options.flag('list')) return listFormats(loaded, options.flag('json'));
    const [name, ...more] = input.words;
    if (name === undefined || more.length > 0) throw new UsageError('expected one model');
    const to = formatOption(options.text('to'));
    const format = edgeFormat(to);
    const precision = choice(options, 'precision', exportPrecisions) ?? format.precisions[0] ?? 'fp32';
    const target = choice(options, 'target', exportTargets) ?? format.targets[0] ?? 'cpu';
    const contextTokenCount = options.number('context', { min: 16, max: 1_000_000 }) ?? 1024;
    const toolPath = options.text('tool') ?? null;
    if (toolPath !== null && to !== 'gguf') throw new UsageError('--tool is the script of --to gguf');
    const source = await sourceOf(name, loaded);
    const output = resolve(options.text('out') ?? `${plainName(name)}-${to}`);
    const [{ exportModel }, { quantizeFile }] = await Promise.all([
      import('../models/export/export-model.ts'),
      import('../engine/llama/quantize-job.ts'),
    ]);
    const made = await runMeasuring(`exporting ${name} to ${format.title}`, (job) =>
      exportModel(
        {
          ...{ source, format: to, output, home: loaded.home, python: options.text('python') ?? null },
          ...{ toolPath, precision, target, contextTokenCount, environment: process.env },
        },
        quantizeFile,
        { ...job, onStatus: () => undefined },
      ),
    );
    const loss = source.kind === 'gguf' ? source.source.loss : null;
    const shown = options.flag('json')
      ? JSON.stringify({ ...made, format: to, precision, target, sourceLoss: loss }, null, 2)
      : renderExported(made, loss);
    process.stdout.write(`${shown}\n`);
    return 0;
  },
};

/** @throws UsageError naming the nearest format */
function formatOption(text: string | undefined): ExportFormat {
  const known = exportFormats.find((one) => one === text?.toLowerCase());
  if (known !== undefined) return known;
  if (text === undefined) throw new UsageError(`--to: expected one of ${exportFormats.join(', ')}`);
  const near = nearest(text.toLowerCase(), [...exportFormats]);
  throw new UsageError(
    `--to: expected one of ${exportFormats.join(', ')}, got ${JSON.stringify(text)}${near === null ? '' : `; did you mean ${near}?`}`,
  );
}

function choice<Value extends string>(
  options: OptionValues,
  name: string,
  known: readonly Value[],
): Value | undefined {
  const given = options.text(name);
  if (given === undefined) return undefined;
  const found = known.find((one) => one === given);
  if (found === undefined)
    throw new UsageError(`--${name}: expected one of ${known.join(', ')}, got ${JSON.stringify(given)}`);
  return found;
}

async function sourceOf(name: string, loaded: LoadedSettings): Promise<ExportSource> {
  if (existsSync(name) && statSync(name).isDirectory()) return { kind: 'folder', path: resolve(name) };
  return { kind: 'gguf', source: await findSource(name, loaded) };
}

function plainName(name: string): string {
  return basename(name)
    .replace(/\.gguf$/i, '')
    .replaceAll(/[^\w.-]+/g, '-');
}

function listFormats(loaded: LoadedSettings, asJson: boolean): number {
  const formats = edgeFormats.map((format) => ({
    ...{
      name: format.name,
      title: format.title,
      runsOn: format.runsOn,
      needs: format.needs,
      tool: format.tool,
    },
    ...{ precisions: format.precisions, targets: format.targets, python: format.python, tried: format.tried },
    install: installCommands(format, `${loaded.home}/tools/${format.name}`),
  }));
  if (asJson) process.stdout.write(`${JSON.stringify(formats, null, 2)}\n`);
  else {
    const blocks = formats.map((format) =>
      [
        `${format.name}: ${format.title}`,
        `  runs on    ${format.runsOn}`,
        `  needs      ${format.needs}`,
        `  tool       ${format.tool}, Python ${format.python}; ${format.precisions.join(', ')}; for ${format.targets.join(', ')}`,
        `  tried here ${format.tried}`,
        ...format.install.map((line, index) => `  ${index === 0 ? 'install    ' : '           '}${line}`),
      ].join('\n'),
    );
    process.stdout.write(`${blocks.join('\n\n')}\n`);
  }
  return 0;
}

function renderExported(made: Exported, loss: string | null): string {
  const { output, product, byteCount, inspection, commands } = made;
  return [
    `${output}: ${formatBytes(byteCount)}`,
    ...(inspection === null ? [product] : [renderInspection(product, null, inspection)]),
    ...(loss === null
      ? []
      : [
          '',
          `It was made of weights that were quantized before (${loss}): what that lost is lost here too.`,
        ]),
    '',
    'Made by:',
    ...commands.map((command) => `  ${command}`),
  ].join('\n');
}
