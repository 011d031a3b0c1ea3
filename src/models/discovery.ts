import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

import { findBySha256, findBySource, idOfChoice, type CatalogChoice } from './catalog.ts';
import { readJson, writeJsonAtomically } from './file-digest.ts';
import { readGguf } from './gguf.ts';
import { ggufFacts } from './gguf-facts.ts';
import { ollamaModels } from './ollama-models.ts';
import { idOfFileName, parseReference, splitFiles, splitName } from './reference.ts';
import type { InstalledModel } from './store.ts';

/** Folders of other programs, which need not exist. They are only ever read. */
export interface DiscoveryFolders {
  /** Ollama's `models` folders, with `manifests` and `blobs`. */
  readonly ollama: readonly string[];
  /** LM Studio's `models` folders: owner/repo/file.gguf. */
  readonly lmStudio: readonly string[];
  /** The Hugging Face cache's `hub` folders: models--owner--repo/snapshots/revision/file.gguf. */
  readonly huggingFace: readonly string[];
}

/** A GGUF that another program keeps. */
export interface FoundFile {
  readonly id: string;
  readonly path: string;
  readonly files: readonly string[];
  readonly reference: string;
  readonly owner: 'ollama' | 'lm-studio' | 'huggingface';
  /** As the other program names its content; `null` where it does not. */
  readonly sha256: string | null;
}

/** Where the other programs keep their models by their own rules, given the home folder and environment. Pure. */
export function usualFolders(
  homePath: string,
  environment: Readonly<Record<string, string | undefined>>,
): DiscoveryFolders {
  const named = (name: string): string | null => {
    const value = environment[name];
    return value === undefined || value === '' ? null : value;
  };
  const huggingFaceHome =
    named('HF_HOME') ?? join(named('XDG_CACHE_HOME') ?? join(homePath, '.cache'), 'huggingface');
  return {
    // The second is where Ollama's service keeps them on Linux.
    ollama: [
      named('OLLAMA_MODELS') ?? join(homePath, '.ollama', 'models'),
      '/usr/share/ollama/.ollama/models',
    ],
    // The second is where older versions kept them.
    lmStudio: [join(homePath, '.lmstudio', 'models'), join(homePath, '.cache', 'lm-studio', 'models')],
    huggingFace: [named('HF_HUB_CACHE') ?? join(huggingFaceHome, 'hub')],
  };
}

const mostFiles = 2_000;
const mostDepth = 6;

/** First files of whole models below a folder; links are followed only by the caller. */
async function findGgufs(folder: string, depth: number, found: string[]): Promise<void> {
  if (depth > mostDepth || found.length >= mostFiles) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await findGgufs(path, depth + 1, found);
    } else if (/\.gguf$/i.test(entry.name) && !/^mmproj|mmproj-|imatrix/i.test(entry.name)) {
      if ((splitName(entry.name)?.index ?? 1) === 1 && found.length < mostFiles) found.push(path);
    }
  }
}

async function lmStudioModels(folder: string): Promise<readonly FoundFile[]> {
  const paths: string[] = [];
  await findGgufs(folder, 0, paths);
  return paths.map((path) => ({
    id: idOfFileName(basename(path)),
    path,
    files: splitFiles(basename(path)).map((name) => join(dirname(path), name)),
    reference: `file:${path}`,
    owner: 'lm-studio',
    sha256: null,
  }));
}

async function huggingFaceModels(folder: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const seen = new Set<string>();
  const repositories = await readdir(folder).catch(() => []);
  for (const repository of repositories) {
    const match = /^models--([^-].*?)--(.+)$/.exec(repository);
    if (match === null) continue;
    const snapshots = join(folder, repository, 'snapshots');
    const paths: string[] = [];
    await findGgufs(snapshots, 0, paths);
    for (const path of paths) {
      // Snapshots link to blobs; two snapshots of one blob are one model.
      const real = await realpath(path).catch(() => null);
      if (real === null || seen.has(real)) continue;
      seen.add(real);
      const inside = relative(snapshots, path).split(sep).slice(1).join('/');
      found.push({
        id: idOfFileName(basename(path)),
        path,
        files: splitFiles(basename(path)).map((name) => join(dirname(path), name)),
        reference: `hf:${match[1] ?? ''}/${match[2] ?? ''}/${inside}`,
        owner: 'huggingface',
        // The cache names large files' blobs by their SHA-256, others by a shorter hash.
        sha256: /^[0-9a-f]{64}$/.test(basename(real)) ? basename(real) : null,
      });
    }
  }
  return found;
}

/** Facts that are read from the file itself, kept so that a start does not read every header anew. */
interface KnownFacts {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly license: string | null;
  readonly contextTokenCount: number | null;
  readonly parameterCount: number;
  readonly format: string | null;
  readonly family: string | null;
}

type FactsCache = Record<string, KnownFacts>;

async function loadCache(path: string): Promise<FactsCache> {
  const raw = await readJson(path).catch(() => null);
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as FactsCache) : {};
}

async function factsOf(path: string, cache: FactsCache): Promise<KnownFacts | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return null;
  const known = Object.hasOwn(cache, path) ? cache[path] : undefined;
  if (known !== undefined && known.bytes === found.size && known.modifiedMs === found.mtimeMs) return known;
  // Adapters and damaged files are no models: they are left out, not reported.
  const header = await readGguf(path).catch(() => null);
  if (header === null || header.metadata.get('general.type') === 'adapter') return null;
  const facts = ggufFacts(header);
  if (facts.architecture === null || facts.vocabTokenCount === null) {
    return null;
  }
  return {
    bytes: found.size,
    modifiedMs: found.mtimeMs,
    license: facts.license,
    contextTokenCount: facts.contextTokenCount,
    parameterCount: facts.parameterCount,
    format: facts.format,
    family: facts.architecture,
  };
}

/** What the catalog knows of a file by its SHA-256, else by where it came from. */
function catalogChoice(file: FoundFile): CatalogChoice | null {
  const known = file.sha256 === null ? null : findBySha256(file.sha256);
  if (known !== null || file.owner !== 'huggingface') return known;
  try {
    return findBySource(parseReference(file.reference));
  } catch {
    // The hub's file names may hold what no reference can name.
    return null;
  }
}

async function totalBytes(paths: readonly string[]): Promise<number | null> {
  let total = 0;
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null) return null;
    total += found.size;
  }
  return total;
}

/**
 * Lists the models that Ollama, LM Studio and the Hugging Face cache keep on this machine, to be used in place.
 * Their files are never written, moved or deleted. Files that cannot be read as models are left out.
 * @param cachePath a file of nearfar's own where facts are kept between starts
 */
export async function discoverModels(
  folders: DiscoveryFolders,
  cachePath: string,
): Promise<readonly InstalledModel[]> {
  const found: FoundFile[] = [];
  for (const folder of new Set(folders.ollama)) found.push(...(await ollamaModels(folder)));
  for (const folder of new Set(folders.lmStudio)) found.push(...(await lmStudioModels(folder)));
  for (const folder of new Set(folders.huggingFace)) found.push(...(await huggingFaceModels(folder)));
  if (found.length === 0) return [];
  const cache = await loadCache(cachePath);
  const kept: FactsCache = {};
  const models: InstalledModel[] = [];
  for (const file of found) {
    const facts = await factsOf(file.path, cache);
    const sizeBytes = await totalBytes(file.files);
    if (facts === null || sizeBytes === null) continue;
    kept[file.path] = facts;
    const choice = catalogChoice(file);
    // Ollama's users know a model by Ollama's name for it.
    const id = choice === null || file.owner === 'ollama' ? file.id : idOfChoice(choice);
    models.push({
      id,
      path: file.path,
      files: file.files,
      reference: file.reference,
      owner: file.owner,
      facts: {
        id,
        grade: choice?.entry.grade ?? 'ungraded',
        license: choice?.entry.license ?? facts.license,
        contextTokenCount: facts.contextTokenCount,
        parameterCount: facts.parameterCount,
        format: facts.format,
        family: facts.family,
        sizeBytes,
        createdAt: new Date(facts.modifiedMs),
        sha256: file.sha256,
        verified: false,
      },
    });
  }
  if (JSON.stringify(kept) !== JSON.stringify(cache)) {
    await writeJsonAtomically(cachePath, kept).catch(() => undefined);
  }
  return models;
}
