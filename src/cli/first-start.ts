import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import { defaultModelId } from '../models/catalog.ts';
import type { InstalledModel } from '../models/store.ts';
import { mayBeFaster, useFasterFormat } from './faster-format.ts';
import { draftReference } from './load-options.ts';
import { findReference } from './model-index.ts';
import { openStore } from './open-store.ts';
import { createProgressPrinter } from './progress.ts';

/**
 * The model that `near` stands for, pulled first where it is not here. Nothing is pulled where the owner set `near`
 * to something that can only be a file of his own.
 * @throws NearfarError naming each source that was tried
 */
export async function prepareModel(
  loaded: LoadedSettings,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
  options: { readonly mayPull: boolean } = { mayPull: true },
): Promise<InstalledModel> {
  const printer = createProgressPrinter(out);
  const store = await openStore(loaded, (line) => {
    printer.end();
    out.write(`${line}\n`);
  });
  const { near } = loaded.settings;
  /** The default model is put into the format that is fastest here; for others that is the owner's to ask for. */
  const settle = async (model: InstalledModel): Promise<InstalledModel> => {
    if (!loaded.settings.fastestFormat || model.id !== defaultModelId || !mayBeFaster(model)) return model;
    return useFasterFormat(loaded, model, out, signal);
  };
  const here = await store.find(near);
  if (here !== null) return settle(here);
  if (!options.mayPull) {
    throw new NearfarError(
      'model_not_found',
      `${near} is not on this machine, and pulling was forbidden by --no-pull.`,
    );
  }
  out.write(`${near} is not here yet; pulling it.\n`);
  try {
    const model = await store.pull(near, { onProgress: printer.update, signal });
    printer.end();
    return await settle(model);
  } finally {
    printer.end();
  }
}

/**
 * Pulls the model that drafts for `near`, where the settings name one that is not here.
 * @throws NearfarError naming each source that was tried
 */
export async function prepareDraft(
  loaded: LoadedSettings,
  out: NodeJS.WriteStream,
  signal: AbortSignal,
  options: { readonly mayPull: boolean } = { mayPull: true },
): Promise<void> {
  const reference = draftReference(loaded.settings.near, loaded.settings);
  if (reference === null) return;
  const printer = createProgressPrinter(out);
  const store = await openStore(loaded, (line) => {
    printer.end();
    out.write(`${line}\n`);
  });
  if ((await findReference(store, reference)) !== null) return;
  if (!options.mayPull) {
    const text = `${reference}, which is to draft, is not on this machine, and pulling was forbidden by --no-pull.`;
    throw new NearfarError('model_not_found', text, { field: 'engine.draft' });
  }
  out.write(`${reference}, which is to draft, is not here yet; pulling it.\n`);
  try {
    await store.pull(reference, { onProgress: printer.update, signal });
  } finally {
    printer.end();
  }
}
