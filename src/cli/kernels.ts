import os from 'node:os';
import process from 'node:process';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import { chooseKernels, gainOf, type BuiltKernels } from '../kernels/built-kernels.ts';
import { UsageError, jsonOption, type Command } from './command.ts';
import { cpuName } from './faster-format.ts';
import { foundKernels, libraryOfKernels } from './found-kernels.ts';
import { runMeasuring } from './measuring-job.ts';
import { commandSettings } from './settings.ts';
import { renderTable } from './table.ts';

export const kernels: Command = {
  name: 'kernels',
  usage: '[build|rm] [--json]',
  description: [
    'The CPU kernels that nearfar comes with were compiled elsewhere, by an older compiler. `build` compiles the same source, at the',
    "same commit and for the same instruction sets, with this machine's compiler (Linux; cmake, g++, git; a few minutes), checks that",
    'both compute the same, and measures both in each format. With engine.kernels auto (the default) a model is computed by those that',
    'are faster in its format. Without a word: what was built and found. `rm` forgets it.',
  ].join('\n'),
  options: { ...jsonOption },
  examples: ['nearfar kernels build', 'nearfar kernels', 'nearfar serve --set engine.kernels=shipped'],
  run: async (input) => {
    const loaded = await commandSettings(input.options);
    const [verb = 'show', ...more] = input.words;
    if (more.length > 0) throw new UsageError('expected one word');
    const isJson = input.options.flag('json');
    if (verb === 'rm') return await remove(loaded, isJson);
    if (verb !== 'build' && verb !== 'show')
      throw new UsageError(`expected build or rm, got ${JSON.stringify(verb)}`);
    const found =
      verb === 'build' ? { built: await build(loaded), problem: null } : foundKernels(loaded.home);
    process.stdout.write(`${isJson ? kernelsJson(found, loaded) : kernelsText(found, loaded)}\n`);
    return 0;
  },
};

async function build(loaded: LoadedSettings): Promise<BuiltKernels> {
  const [{ buildKernels }, { comparingTools }, { openLibrary }] = await Promise.all([
    import('../kernels/build-kernels.ts'),
    import('../kernels/kernel-run-job.ts'),
    import('../engine/llama/library.ts'),
  ]);
  const opened = openLibrary({ backend: 'cpu', onLog: () => undefined });
  const { cpuVariant } = opened;
  opened.close();
  const library = libraryOfKernels();
  if (library === null || cpuVariant === null)
    throw new NearfarError(
      'unsupported',
      'No CPU kernels are shipped for this machine that could be built anew.',
    );
  return await runMeasuring('building CPU kernels', ({ signal, onProgress }) =>
    buildKernels(
      {
        ...{ home: loaded.home, cpu: cpuName(), platform: process.platform, signal, onProgress },
        library: { ...library, variant: cpuVariant },
        threadCount: loaded.settings.engine.threadCount ?? os.availableParallelism(),
        environment: process.env,
        ...{ onWait: tellOfWait, onStatus: () => undefined },
      },
      comparingTools,
    ),
  );
}

type Found = ReturnType<typeof foundKernels>;

function kernelsJson({ built, problem }: Found, { settings }: LoadedSettings): string {
  const setting = settings.engine.kernels;
  const shown =
    built === null ? { file: null, problem, setting } : { ...built.record, file: built.file, setting };
  return JSON.stringify(shown, null, 2);
}

function kernelsText(found: Found, loaded: LoadedSettings): string {
  if (found.built !== null) return renderKernels(found.built, loaded);
  return found.problem ?? 'None were built here: the shipped kernels compute. nearfar kernels build';
}

async function remove({ home }: LoadedSettings, isJson: boolean): Promise<number> {
  const { removeBuiltKernels } = await import('../kernels/build-kernels.ts');
  const existed = await removeBuiltKernels(home, tellOfWait);
  const text = existed ? 'Removed: the shipped kernels compute.' : 'None were built here.';
  process.stdout.write(`${isJson ? JSON.stringify({ removed: existed }) : text}\n`);
  return 0;
}

function tellOfWait(): void {
  process.stderr.write('Waiting for a build of kernels that runs...\n');
}

function renderKernels(built: BuiltKernels, { settings }: LoadedSettings): string {
  const { record, file } = built;
  const setting = settings.engine.kernels;
  const found = { built, problem: null };
  const rows = record.comparisons.map((one) => [
    one.format,
    one.shipped.prefill.toFixed(0),
    one.built.prefill.toFixed(0),
    one.shipped.decode.toFixed(1),
    one.built.decode.toFixed(1),
    `${(100 * gainOf(one)).toFixed(0)}%`,
    `${(100 * one.difference).toFixed(2)}%`,
    chooseKernels(setting, found, one.format) === null ? 'shipped' : 'built',
  ]);
  return [
    file,
    `  ${record.variant}, by ${record.compiler}, for ${record.library} on ${record.cpu}, ${record.builtAt.slice(0, 10)}`,
    '',
    renderTable(['FORMAT', 'PREFILL', 'BUILT', 'DECODE', 'BUILT', 'SAVED', 'DIFFERENCE', 'USED'], rows),
    '',
    'Tokens/s of a made-up model in each format, measured: a prompt of 512, and one stream. SAVED: of the time for that prompt and an',
    'answer of 128. DIFFERENCE: of the logits. With engine.kernels auto the built ones are used from 3% on,',
    `where all runs of theirs were faster than all of the shipped ones. Here it is ${setting}.`,
  ].join('\n');
}
