import path from 'node:path';
import process from 'node:process';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { FoundModel } from '../engine/model-pool.ts';
import { createAdapterBook, withAdapters, type AdapterBook } from '../models/adapter-book.ts';
import type { ModelStore } from '../models/store.ts';
import { resolveModelName } from '../route/resolve-model-name.ts';
import { createModelIndex, type ModelIndex } from './model-index.ts';
import { modelLine } from './model-line.ts';
import { openStore } from './open-store.ts';
import { createProgressPrinter } from './progress.ts';

/** The adapters that the settings name, over the models that are here. `log` takes lines for people. */
export async function openAdapters(
  loaded: LoadedSettings,
  models: Pick<ModelIndex, 'ids' | 'find'>,
  log: (line: string) => void,
): Promise<AdapterBook> {
  const { settings, sources, file } = loaded;
  const isFromFile = file !== null && (sources.get('adapters') ?? '').startsWith(file);
  return createAdapterBook({
    settings: settings.adapters,
    models,
    pulled: await openStore(loaded, log, 'adapters'),
    folder: isFromFile ? path.dirname(file) : process.cwd(),
    resolveModel: async (name) => {
      const modelIds = await models.ids();
      return resolveModelName(name, { aliases: settings.aliases, near: settings.near, modelIds }).modelId;
    },
    mostLoaded: settings.engine.maxLoadedAdapters,
  });
}

/**
 * What a request's model id stands for: a model, or an adapter over one.
 * @throws NearfarError where the adapter is out of order
 */
export async function findModelOrAdapter(
  id: string,
  models: Pick<ModelIndex, 'find'>,
  book: AdapterBook,
): Promise<FoundModel | null> {
  const model = await models.find(id);
  if (model !== null || !book.has(id)) return model;
  const { base, ref, listed } = await book.find(id);
  return { facts: base.facts, path: base.path, adapter: { ref, facts: listed.facts } };
}

/** Every file that an answer of this model or adapter depends on. */
export async function filesBehind(id: string, index: Pick<ModelIndex, 'find'>): Promise<readonly string[]> {
  const found = await index.find(id);
  const model = found?.adapterOf === undefined ? null : await index.find(found.adapterOf.model);
  return [...(found?.files ?? []), ...(model?.files ?? [])];
}

/** Says at the start what is wrong with the adapters of the settings, and what of them is not applied. */
export async function reportAdapters(book: AdapterBook, warn: (text: string) => void): Promise<void> {
  for (const { name, error } of await book.problems())
    warn(`The adapter ${name} cannot be used: ${error.message}`);
  for (const { ref, leftOut } of await book.list()) {
    if (leftOut.length === 0) continue;
    warn(
      `The adapter ${ref.name}: libllama does not apply its ${leftOut.length} norm tensors (${leftOut[0] ?? ''} ...).`,
    );
  }
}

/** Fetches the adapters that are not here; one that cannot be had is reported and keeps nobody from starting. */
export async function pullMissingAdapters(
  loaded: LoadedSettings,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<void> {
  if (Object.keys(loaded.settings.adapters).length === 0) return;
  const printer = createProgressPrinter(out);
  const say = (line: string): void => {
    printer.end();
    out.write(`${line}\n`);
  };
  const book = await openAdapters(loaded, createModelIndex(await openStore(loaded, say)), say);
  for (const { name, isMissing } of await book.problems()) {
    if (!isMissing || signal.aborted) continue;
    say(`The adapter ${name} is not here yet; pulling it.`);
    try {
      await book.pull(name, { onProgress: printer.update, signal });
      printer.end();
    } catch (thrown) {
      say(`The adapter ${name} could not be pulled: ${toNearfarError(thrown).message}`);
    }
  }
}

/** `nearfar pull NAME` for an adapter of the settings. @throws NearfarError */
export async function pullAdapter(loaded: LoadedSettings, name: string, asJson: boolean): Promise<void> {
  const printer = createProgressPrinter(process.stderr);
  const interrupt = new AbortController();
  const stop = (): void => {
    interrupt.abort(new NearfarError('aborted', 'Stopped. The part that is here stays.'));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const log = (line: string): void => {
      printer.end();
      process.stderr.write(`${line}\n`);
    };
    const book = await openAdapters(loaded, createModelIndex(await openStore(loaded, log)), log);
    const { listed } = await book.pull(name, { onProgress: printer.update, signal: interrupt.signal });
    printer.end();
    process.stdout.write(asJson ? `${JSON.stringify(listed)}\n` : `${modelLine(listed.facts)}\n`);
  } finally {
    printer.end();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The models and adapters of the settings together, for the commands that list and remove. */
export async function openModelsAndAdapters(
  loaded: LoadedSettings,
  log: (line: string) => void,
): Promise<{ readonly store: ModelStore; readonly adapters: AdapterBook }> {
  const models = await openStore(loaded, log);
  const adapters = await openAdapters(loaded, createModelIndex(models), log);
  return { store: withAdapters(models, adapters), adapters };
}
