import process from 'node:process';
import { NearfarError } from '../chat/error.ts';
import { nearest } from '../config/nearest.ts';
import type { LoadedSettings } from '../config/load.ts';
import { formatNamed, quantizeFormats, simulatedFormats } from '../models/formats/quantize-formats.ts';
import type { Quantized, QuantizePlan, QuantizeSource } from '../models/quantize-model.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import { readMeasuringText, runMeasuring } from './measuring-job.ts';
import { measureCost, renderCost } from './quantize-cost.ts';
import { nearfarCommand } from './invocation.ts';
import { openStore } from './open-store.ts';
import { formatBytes } from './progress.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

export const quantize: Command = {
  name: 'quantize',
  usage: '--to FORMAT [options] MODEL',
  description: [
    'Writes a model in another weight format, in a process of its own. MODEL is an id of "nearfar models", an alias, or a',
    '.gguf file. The result is kept as a model of its own (MODEL:FORMAT-local), or written to --out. Nothing half-written',
    'gets a name; Ctrl-C leaves nothing behind. Formats: --list; the names FP16, INT8 (Q8_0) and INT4 (Q4_K_M) work too.',
  ].join('\n'),
  options: {
    to: { type: 'string', placeholder: 'FORMAT', description: 'Weight format to write, e.g. Q4_K_M' },
    list: { type: 'boolean', description: 'List the formats and what they take' },
    'dry-run': {
      type: 'boolean',
      description: 'Say what would be written, with its exact size, and write nothing',
    },
    imatrix: {
      type: 'string',
      placeholder: 'FILE',
      description: 'Importance matrix, from "nearfar imatrix" or llama-imatrix',
    },
    'allow-requantize': {
      type: 'boolean',
      description: 'Take a source that is quantized already, and round its weights a second time',
    },
    out: {
      type: 'string',
      placeholder: 'FILE',
      description: 'Write this file, and keep nothing in the store',
    },
    id: { type: 'string', placeholder: 'ID', description: 'What the new model is called' },
    measure: {
      type: 'boolean',
      description:
        'Measure what it cost: perplexity, KL divergence, same likeliest token, against the source',
    },
    text: {
      type: 'string',
      placeholder: 'FILE',
      description: "With --measure: text to measure with, UTF-8 (default: one of nearfar's own)",
    },
    threads: { type: 'string', placeholder: 'N', description: 'Threads (default: one per core)' },
    ...jsonOption,
  },
  examples: [
    'nearfar quantize --to Q4_K_M --dry-run model-f16.gguf',
    'nearfar quantize --to Q4_K_M --imatrix imatrix.gguf --out model-q4_k_m.gguf model-f16.gguf',
    'nearfar quantize --to Q8_0 --allow-requantize --measure smollm2-135m-instruct',
  ],
  run: async (input) => {
    const { options } = input;
    const asJson = options.flag('json');
    if (options.flag('list')) return listFormats(asJson);
    const [name, ...more] = input.words;
    if (name === undefined || more.length > 0) throw new UsageError('expected one model');
    const format = formatOption(options.text('to'));
    const loaded = await commandSettings(options);
    const threadCount = options.number('threads', { min: 1, max: 512 }) ?? null;
    if (options.text('out') !== undefined && options.text('id') !== undefined)
      throw new UsageError('--id names a model of the store; with --out there is none');
    const textFile = options.text('text');
    if (textFile !== undefined && !options.flag('measure'))
      throw new UsageError('--text is what --measure measures with');
    const text = textFile === undefined ? null : readMeasuringText(textFile);
    const [{ planQuantization, quantizeModel }, { quantizeFile }] = await Promise.all([
      import('../models/quantize-model.ts'),
      import('../engine/llama/quantize-job.ts'),
    ]);
    const source = await findSource(name, loaded);
    const plan = await planQuantization(
      source,
      {
        format,
        allowRequantize: options.flag('allow-requantize'),
        imatrix: options.text('imatrix') ?? null,
        threadCount,
      },
      quantizeFile,
      new AbortController().signal,
    );
    if (options.flag('dry-run')) {
      const shown = asJson ? JSON.stringify(planFigures(plan), null, 2) : renderPlan(plan);
      process.stdout.write(`${shown}\n`);
      return 0;
    }
    const made = await runMeasuring(`writing ${format}`, (job) =>
      quantizeModel(
        plan,
        { home: loaded.home, path: options.text('out') ?? null, id: options.text('id') ?? null },
        quantizeFile,
        job,
      ),
    );
    if (!asJson) process.stdout.write(`${renderMade(plan, made)}\n`);
    const [sourceFile = ''] = source.files;
    const cost = options.flag('measure')
      ? await measureCost(loaded, { source: sourceFile, made: made.path }, text)
      : null;
    if (asJson) {
      process.stdout.write(`${JSON.stringify({ ...planFigures(plan), ...made, cost }, null, 2)}\n`);
    } else if (cost !== null) process.stdout.write(`${renderCost(cost)}\n`);
    return 0;
  },
};

/** @throws UsageError naming the nearest format */
export function formatOption(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--to: expected a weight format; --list shows them');
  const format = formatNamed(text);
  if (format === null) {
    const near = nearest(
      text.toUpperCase(),
      quantizeFormats.map((one) => one.name),
    );
    const hint = near === null ? '' : `; did you mean ${near}?`;
    throw new UsageError(`--to: ${JSON.stringify(text)} is no weight format${hint} (--list shows all)`);
  }
  if (simulatedFormats.some((one) => one === format)) {
    throw new UsageError(
      `--to: libllama has no kernels for ${format}, so no file can be written in it; ` +
        `"nearfar measure --what weights --formats ${format}" measures what it costs and names engines that run it`,
    );
  }
  return format;
}

/** A model's id, an alias or a .gguf file. */
export async function findSource(name: string, loaded: LoadedSettings): Promise<QuantizeSource> {
  const { sourceOfFile, sourceOfModel } = await import('../models/quantize-model.ts');
  if (name.toLowerCase().endsWith('.gguf')) return sourceOfFile(name);
  const store = await openStore(loaded, (line) => process.stderr.write(`${line}\n`));
  const { resolveModelName } = await import('../route/resolve-model-name.ts');
  const { aliases, near } = loaded.settings;
  const modelIds = (await store.list()).map((one) => one.id);
  const { modelId } = resolveModelName(name, { aliases, near, modelIds });
  const model = await store.find(modelId);
  if (model === null) throw new NearfarError('model_not_found', `There is no model named ${name} here.`);
  return sourceOfModel(model);
}

function listFormats(asJson: boolean): number {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(quantizeFormats, null, 2)}\n`);
    return 0;
  }
  const rows = quantizeFormats.map((format) => [
    format.name,
    format.commonName ?? '',
    format.bitsPerWeight.toFixed(2),
    { required: 'required', helps: 'helps', unused: '' }[format.importanceMatrix],
    format.note,
  ]);
  const table = renderTable(['FORMAT', 'ALSO', 'BITS', 'IMATRIX', 'NOTE'], rows);
  const notes = [
    'BITS: a weight in most of the tensors, with its share of the scales; some tensors are kept finer. --dry-run has the',
    `size of the file to the byte. ${simulatedFormats.join(' and ')}: measured, not written (nearfar measure --what weights).`,
  ];
  process.stdout.write(`${table}\n\n${notes.join('\n')}\n`);
  return 0;
}

function planFigures(plan: QuantizePlan) {
  const { source, format, fileBytes, tensorBytes, parameterCount, bitsPerWeight } = plan;
  const { tensorCounts, needsImportance } = plan;
  return {
    source: source.name,
    sourceLoss: source.loss,
    format,
    fileBytes,
    tensorBytes,
    parameterCount,
    bitsPerWeight,
    tensorCounts,
    needsImportanceMatrix: needsImportance,
  };
}

function describePlan(plan: QuantizePlan): string {
  const counts = Object.entries(plan.tensorCounts).map(([type, count]) => `${count} ${type}`);
  return `${plan.bitsPerWeight.toFixed(3)} bits per weight (tensors: ${counts.join(', ')})`;
}

function lossNote({ source, format }: QuantizePlan): readonly string[] {
  if (source.loss === null) return [];
  const isCopy = format === 'F16' || format === 'F32';
  return [
    isCopy
      ? `${source.name} was quantized before (${source.loss}): ${format} of it is larger and no better.`
      : `${source.name} was quantized before (${source.loss}): its weights are rounded a second time.`,
  ];
}

function renderPlan(plan: QuantizePlan): string {
  return [
    `${plan.source.name} (${plan.source.format ?? '?'}) as ${plan.format}: ${plan.fileBytes} bytes (${formatBytes(plan.fileBytes)}), exactly`,
    describePlan(plan),
    ...lossNote(plan),
    ...(plan.needsImportance ? ['It can only be written with --imatrix.'] : []),
    'Nothing was written.',
  ].join('\n');
}

function renderMade(plan: QuantizePlan, made: Quantized): string {
  const missing = made.withoutImportance.filter((name) => name.startsWith('blk.'));
  return [
    `${made.model?.id ?? made.path}: ${plan.format}, ${formatBytes(made.fileBytes)}, ${describePlan(plan)}`,
    ...lossNote(plan),
    ...(missing.length === 0
      ? []
      : [`The importance matrix says nothing of ${missing.length} tensors, e.g. ${missing[0] ?? ''}.`]),
    ...(made.model === null ? [] : [`Talk with it: ${nearfarCommand(`chat --model ${made.model.id}`)}`]),
  ].join('\n');
}
