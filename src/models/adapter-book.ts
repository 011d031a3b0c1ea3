import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { AdapterRef } from '../engine/adapter.ts';
import type { AdapterRoom } from '../engine/adapter-store.ts';
import { checkAdapter } from './adapter-header.ts';
import { sha256OfFile } from './file-digest.ts';
import { readGguf } from './gguf.ts';
import { ggufFacts } from './gguf-facts.ts';
import { formatReference, parseReference, splitFiles, type ModelReference } from './reference.ts';
import type { InstalledModel, ModelStore } from './store.ts';

/** An adapter as the settings name it. */
export interface AdapterSetting {
  /** The model that it was made for. */
  readonly model: string;
  readonly reference: string;
  readonly scale: number;
}

/** An adapter whose file is here and fits its model. */
export interface InstalledAdapter {
  readonly ref: AdapterRef;
  readonly base: InstalledModel;
  /** As listings show it: its own size and licence, its model's context and grade. */
  readonly listed: InstalledModel;
  /** Norm tensors of the file that libllama leaves out. */
  readonly leftOut: readonly string[];
}

export interface AdapterProblem {
  readonly name: string;
  readonly error: NearfarError;
  /** True where `pull` could mend it. */
  readonly isMissing: boolean;
}

/** The adapters of the settings: which are here, what is wrong with the others. Files are looked at anew each time. */
export interface AdapterBook {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws NearfarError saying what is wrong with its file, its model or both together */
  find(name: string): Promise<InstalledAdapter>;
  /** Those that can be used. */
  list(): Promise<readonly InstalledAdapter[]>;
  /** What is wrong with the others. */
  problems(): Promise<readonly AdapterProblem[]>;
  /** What to set aside for a model's adapters: the largest of them, as many as may be in memory at once. */
  roomFor(modelId: string): Promise<AdapterRoom>;
  /** Fetches one that is not here. @throws NearfarError */
  pull(name: string, options?: Parameters<ModelStore['pull']>[1]): Promise<InstalledAdapter>;
  /** Removes what was pulled. @throws NearfarError `forbidden` for a file that is used in place */
  remove(name: string): Promise<void>;
}

export interface AdapterBookOptions {
  readonly settings: Readonly<Record<string, AdapterSetting>>;
  readonly models: Pick<ModelStore, 'find'>;
  /** Keeps the ones that are pulled. */
  readonly pulled: ModelStore;
  /** What `file:` references are relative to. */
  readonly folder: string;
  /** The id of the model that a setting means. @throws NearfarError `model_not_found` */
  readonly resolveModel: (name: string) => Promise<string>;
  /** Adapters of one model in memory at once. */
  readonly mostLoaded: number;
}

interface KnownFile {
  readonly stamp: string;
  readonly digest: string;
}

interface Checked {
  readonly stamp: string;
  readonly leftOut: readonly string[];
  readonly license: string | null;
  readonly parameterCount: number;
  readonly format: string | null;
}

export function createAdapterBook(options: AdapterBookOptions): AdapterBook {
  const { settings, models, pulled, mostLoaded } = options;
  const names = Object.keys(settings);
  const digests = new Map<string, KnownFile>();
  const checks = new Map<string, Checked>();

  function settingOf(name: string): AdapterSetting {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting !== undefined) return setting;
    throw new NearfarError('model_not_found', `The settings name no adapter ${name}.`, { field: 'model' });
  }

  function referenceOf(name: string): ModelReference {
    const reference = parseReference(settingOf(name).reference);
    return reference.scheme === 'file'
      ? { ...reference, path: resolve(options.folder, reference.path) }
      : reference;
  }

  async function fileOf(name: string): Promise<{ path: string; isVerified: boolean }> {
    const reference = referenceOf(name);
    if (reference.scheme === 'file') return { path: reference.path, isVerified: false };
    const found = await pulled.find(adapterIdOf(formatReference(referenceOf(name))));
    if (found === null) throw notHere(name);
    return { path: found.path, isVerified: found.facts.verified };
  }

  async function digestOf(path: string, stamp: string): Promise<string> {
    const known = digests.get(path);
    if (known?.stamp === stamp) return known.digest;
    const digest = await sha256OfFile(path);
    digests.set(path, { stamp, digest });
    return digest;
  }

  async function check(name: string, path: string, stamp: string, base: InstalledModel): Promise<Checked> {
    const { mtimeMs } = await stat(base.path);
    const both = `${path} ${stamp} ${base.path} ${mtimeMs}`;
    const known = checks.get(name);
    if (known?.stamp === both) return known;
    const adapter = await readGguf(path);
    const parts = splitFiles(basename(base.path)).map((file) => join(dirname(base.path), file));
    const model = await Promise.all(parts.map((part) => readGguf(part)));
    const leftOut = checkAdapter({ name, adapter, modelId: base.id, model });
    const { license, parameterCount, format } = ggufFacts(adapter);
    const checked = { stamp: both, leftOut, license, parameterCount, format };
    checks.set(name, checked);
    return checked;
  }

  async function find(name: string): Promise<InstalledAdapter> {
    const setting = settingOf(name);
    const modelId = await options.resolveModel(setting.model);
    const base = await models.find(modelId);
    if (base === null)
      throw new NearfarError('model_not_found', `${modelId}, the model of ${name}, is not here.`);
    const { path, isVerified } = await fileOf(name);
    const found = await stat(path).catch(() => null);
    if (found?.isFile() !== true) {
      throw new NearfarError('unavailable', `The adapter ${name}: there is no file ${path}.`);
    }
    const stamp = `${found.size} ${found.mtimeMs}`;
    const checked = await check(name, path, stamp, base);
    const digest = await digestOf(path, stamp);
    return {
      ref: { name, path, digest, scale: setting.scale, byteCount: found.size },
      base,
      leftOut: checked.leftOut,
      listed: {
        id: name,
        path,
        files: [path],
        reference: setting.reference,
        owner: 'nearfar',
        adapterOf: { model: base.id, scale: setting.scale },
        facts: {
          ...base.facts,
          id: name,
          license: checked.license,
          parameterCount: checked.parameterCount,
          format: checked.format,
          sizeBytes: found.size,
          createdAt: found.mtime,
          sha256: digest,
          verified: isVerified,
        },
      },
    };
  }

  /** Each by itself: one that is wrong must not hide the others. */
  async function look(name: string): Promise<InstalledAdapter | AdapterProblem> {
    try {
      return await find(name);
    } catch (thrown) {
      const error = toNearfarError(thrown);
      return { name, error, isMissing: error.kind === 'not_found' };
    }
  }

  const all = () => Promise.all(names.map(look));
  const isProblem = (one: InstalledAdapter | AdapterProblem): one is AdapterProblem => 'error' in one;
  const isUsable = (one: InstalledAdapter | AdapterProblem): one is InstalledAdapter => !isProblem(one);
  const list = async () => (await all()).filter(isUsable);

  return {
    names,
    has: (name) => Object.hasOwn(settings, name),
    find,
    list,
    problems: async () => (await all()).filter(isProblem),
    async roomFor(modelId) {
      const sizes = (await list())
        .filter(({ base }) => base.id === modelId)
        .map(({ ref }) => ref.byteCount)
        .sort((a, b) => b - a)
        .slice(0, mostLoaded);
      return { byteCount: sizes.reduce((sum, size) => sum + size, 0), count: mostLoaded };
    },
    async pull(name, pullOptions) {
      if (referenceOf(name).scheme !== 'file') await pulled.pull(settingOf(name).reference, pullOptions);
      return find(name);
    },
    async remove(name) {
      const reference = referenceOf(name);
      if (reference.scheme === 'file') {
        const text = `${name} is an adapter of the settings, and its file ${reference.path} is used in place; take it out of \`adapters\` there.`;
        throw new NearfarError('forbidden', text, { field: 'model' });
      }
      await pulled.remove(adapterIdOf(formatReference(referenceOf(name))));
    },
  };
}

/** Adapters are often called adapter.gguf, so the whole reference is the id in their store. */
export function adapterIdOf(reference: string): string {
  return reference
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+/g, '')
    .slice(0, 150);
}

function notHere(name: string): NearfarError {
  return new NearfarError('not_found', `The adapter ${name} is not here yet: nearfar pull ${name}`, {
    field: 'model',
  });
}

/** The models of this machine with the usable adapters behind them, as listings show them. */
export function withAdapters(models: ModelStore, book: AdapterBook): ModelStore {
  if (book.names.length === 0) return models;
  return {
    ...models,
    async list() {
      const own = await models.list();
      const taken = new Set(own.map(({ id }) => id));
      const adapters = (await book.list()).map(({ listed }) => listed);
      return [...own, ...adapters.filter(({ id }) => !taken.has(id))];
    },
    async find(id) {
      const own = await models.find(id);
      return own ?? (book.has(id) ? (await book.find(id)).listed : null);
    },
    async remove(id) {
      if (book.has(id) && (await models.find(id)) === null) await book.remove(id);
      else await models.remove(id);
    },
  };
}
