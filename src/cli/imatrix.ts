import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { NearfarError } from '../chat/error.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import { nearfarCommand } from './invocation.ts';
import { readMeasuringText, runMeasuring } from './measuring-job.ts';
import { findSource } from './quantize.ts';
import { commandSettings } from './settings.ts';

export const imatrix: Command = {
  name: 'imatrix',
  usage: '--text FILE [options] MODEL',
  description: [
    'Collects an importance matrix: how strongly each column of each weight matrix is used while the model reads a text. With',
    'it "nearfar quantize --imatrix" rounds what is used more exactly. MODEL is an id of "nearfar models", an alias or a .gguf',
    'file, best in F16. The text should be of the kind that the model will read, some 50,000 words; it is read as llama-imatrix',
    'reads it, and the file is of the same format.',
  ].join('\n'),
  options: {
    text: { type: 'string', placeholder: 'FILE', description: 'Text to read, UTF-8' },
    out: { type: 'string', placeholder: 'FILE', description: 'Where to write it (default: imatrix.gguf)' },
    chunks: { type: 'string', placeholder: 'N', description: 'Most windows of the text (default: all)' },
    window: { type: 'string', placeholder: 'N', description: 'Tokens of a window (default: 512)' },
    threads: { type: 'string', placeholder: 'N', description: 'Threads (default: one per core)' },
    ...jsonOption,
  },
  examples: [
    'nearfar imatrix --text notes.txt model-f16.gguf',
    'nearfar imatrix --text notes.txt --chunks 100 --out notes-imatrix.gguf near',
  ],
  run: async (input) => {
    const { options } = input;
    const [name, ...more] = input.words;
    if (name === undefined || more.length > 0) throw new UsageError('expected one model');
    const file = options.text('text');
    if (file === undefined) throw new UsageError('--text: expected a file to read');
    const windowTokenCount = options.number('window', { min: 32, max: 4096 }) ?? 512;
    const windowCount = options.number('chunks', { min: 1, max: 1_000_000 }) ?? null;
    const threadCount = options.number('threads', { min: 1, max: 512 }) ?? availableParallelism();
    const output = path.resolve(options.text('out') ?? 'imatrix.gguf');
    if ((await stat(output).catch(() => null)) !== null)
      throw new NearfarError('conflict', `${output} is there already.`, { field: 'out' });
    const text = readMeasuringText(file);
    const loaded = await commandSettings(options);
    const source = await findSource(name, loaded);
    const { collectImportance } = await import('../measure/importance-job.ts');
    const [modelPath = ''] = source.files;
    const request = { path: modelPath, text, dataset: path.basename(file), windowTokenCount, windowCount };
    const made = await runMeasuring(`reading ${path.basename(file)}`, (job) =>
      collectImportance({ ...request, threadCount, output }, job),
    );
    if (options.flag('json')) {
      process.stdout.write(`${JSON.stringify({ path: output, source: source.name, ...made }, null, 2)}\n`);
      return 0;
    }
    const lines = [
      `${output}: ${made.tensorCount} matrices, ${made.tokenCount} tokens in ${made.windowCount} windows`,
      ...(made.partialTensors.length === 0
        ? []
        : [
            `${made.partialTensors.length} matrices have experts that no token was sent to: a longer text reaches more.`,
          ]),
      ...(source.loss === null
        ? []
        : [
            `${source.name} was quantized before (${source.loss}): what it computes is a little off from the original.`,
          ]),
      `Use it: ${nearfarCommand(`quantize --to Q4_K_M --imatrix ${options.text('out') ?? path.basename(output)} ${name}`)}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
