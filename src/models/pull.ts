import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { NearfarError } from '../chat/error.ts';
import { chooseFromCatalog, findBySha256, findBySource, idOfChoice, type CatalogChoice } from './catalog.ts';
import { requireLora } from './adapter-header.ts';
import { adapterIdOf } from './adapter-book.ts';
import { landFile } from './file-digest.ts';
import { readGguf } from './gguf.ts';
import { ggufFacts, type GgufFacts } from './gguf-facts.ts';
import { folderOfId, readManifest, writeManifest, type Manifest } from './manifest.ts';
import { formatReference, idOfFileName, parseReference, type ModelReference } from './reference.ts';
import { fetchFile } from './sources/file.ts';
import { fetchHub, type HubSettings } from './sources/huggingface.ts';
import { fetchHttps } from './sources/https.ts';
import type { PythonCommand } from './sources/pip.ts';
import { fetchPypi } from './sources/pypi.ts';
import type { FetchContext, FetchedFile } from './sources/source.ts';
import type { PullProgress } from './store.ts';

export interface PullSettings {
  readonly modelsPath: string;
  readonly keeps: 'models' | 'adapters';
  readonly hub: HubSettings;
  readonly pythonCommands: readonly PythonCommand[];
  readonly log: (line: string) => void;
}

/** One place to get the files from. */
interface Candidate {
  readonly reference: ModelReference;
  readonly sha256: string | null;
  readonly downloadBytes: number | null;
}

/** What is to be pulled, under which id, from where, in order. */
export interface PullPlan {
  /** `null` where only the source's answer tells the file's name. */
  readonly id: string | null;
  readonly choice: CatalogChoice | null;
  readonly candidates: readonly Candidate[];
}

/** Bytes that must stay free after a pull. */
const reserveBytes = 256 * 1024 * 1024;

/**
 * Decides what a reference means. Pure.
 * @throws NearfarError `model_not_found` for an unknown catalog id
 */
export function planPull(reference: ModelReference): PullPlan {
  if (reference.scheme === 'catalog') {
    const choice = chooseFromCatalog(reference.id, reference.format);
    if (choice === null) {
      const known = chooseFromCatalog(reference.id, null)?.entry;
      const formats = known?.files.map((file) => file.format.toLowerCase()).join(', ');
      const message =
        formats === undefined
          ? `The catalog has no model "${reference.id}"; \`nearfar models --catalog\` lists it. Other models are pulled as hf:owner/repo/file.gguf.`
          : `The catalog has ${reference.id} as ${formats}, not as ${formatReference(reference)}.`;
      throw new NearfarError('model_not_found', message, { field: 'reference' });
    }
    return planOfChoice(choice);
  }
  const choice = findBySource(reference);
  if (choice !== null) {
    const candidates = planOfChoice(choice).candidates.filter(
      (candidate) => candidate.reference.scheme === reference.scheme,
    );
    return { id: idOfChoice(choice), choice, candidates };
  }
  return {
    id: idOfReference(reference),
    choice: null,
    candidates: [{ reference, sha256: null, downloadBytes: null }],
  };
}

/** @throws NearfarError `invalid_request` for what can only be a model */
export function planAdapterPull(reference: ModelReference): PullPlan {
  const shown = formatReference(reference);
  if (reference.scheme === 'catalog' || reference.scheme === 'recommended') {
    const text = `${shown} is a model's name; an adapter is a file: hf:owner/repo/file.gguf, https:, file: or pypi:.`;
    throw new NearfarError('invalid_request', text, { field: 'reference' });
  }
  return {
    id: adapterIdOf(shown),
    choice: null,
    candidates: [{ reference, sha256: null, downloadBytes: null }],
  };
}

function planOfChoice(choice: CatalogChoice): PullPlan {
  return {
    id: idOfChoice(choice),
    choice,
    candidates: choice.file.sources.map((source) => ({
      reference: parseReference(source.reference),
      sha256: source.sha256,
      downloadBytes: source.downloadBytes ?? null,
    })),
  };
}

function idOfReference(reference: ModelReference): string | null {
  switch (reference.scheme) {
    case 'hf':
      return reference.file === null ? null : idOfFileName(reference.file);
    case 'https':
      return idOfFileName(new URL(reference.url).pathname);
    case 'file':
      return idOfFileName(reference.path);
    case 'pypi':
      return reference.file === null ? null : idOfFileName(reference.file);
    case 'catalog':
    case 'recommended':
      return null;
  }
}

function fetchFrom(
  candidate: Candidate,
  settings: PullSettings,
  context: FetchContext,
): Promise<readonly FetchedFile[]> {
  const { reference } = candidate;
  switch (reference.scheme) {
    case 'hf':
      return fetchHub(reference, settings.hub, context);
    case 'https':
      return fetchHttps(reference.url, context);
    case 'file':
      return fetchFile(reference.path, context);
    case 'pypi':
      return fetchPypi(reference, settings.pythonCommands, context);
    case 'catalog':
    case 'recommended':
      throw new NearfarError('internal', `Nothing fetches ${formatReference(reference)}.`);
  }
}

/** @throws NearfarError `unavailable` where the disk would be (nearly) full */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return;
  const free = disk.bavail * disk.bsize;
  if (free >= bytes + reserveBytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(2)} GB`;
  throw new NearfarError(
    'unavailable',
    `Not enough disk space in ${folder}: ${gigabytes(bytes + reserveBytes)} are needed, ${gigabytes(free)} are free.`,
  );
}

/**
 * Fetches the files from the first candidate that answers, checks that they are a model, and lands them
 * with their manifest. The caller holds the lock of `stagingName`.
 * @throws NearfarError naming each source that was tried and why it failed
 */
export async function runPull(
  plan: PullPlan,
  stagingName: string,
  settings: PullSettings,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<Manifest> {
  const stagingPath = join(settings.modelsPath, '.partial', stagingName);
  await mkdir(stagingPath, { recursive: true });
  if (plan.choice !== null) await requireSpace(stagingPath, plan.choice.file.sizeBytes);
  const failures: { readonly reference: string; readonly error: NearfarError }[] = [];
  for (const [index, candidate] of plan.candidates.entries()) {
    const shown = formatReference(candidate.reference);
    const isLast = index === plan.candidates.length - 1;
    try {
      const files = await fetchFrom(candidate, settings, {
        stagingPath,
        expectedSha256: candidate.sha256,
        expectedDownloadBytes: candidate.downloadBytes,
        connectTimeoutMs: isLast ? 10_000 : 2_000,
        requireSpace: (bytes) => requireSpace(stagingPath, bytes),
        onProgress,
        signal,
      });
      const manifest = await landFiles(plan, shown, files, settings);
      await rm(stagingPath, { recursive: true, force: true });
      onProgress({ stage: 'done', fileName: null, receivedBytes: 0, totalBytes: null });
      return manifest;
    } catch (error) {
      if (signal.aborted) {
        throw new NearfarError('aborted', 'The pull was cancelled; what was received is kept.', {
          cause: error,
        });
      }
      if (!(error instanceof NearfarError)) throw error;
      failures.push({ reference: shown, error });
      if (!isLast) settings.log(`${shown}: ${error.message} Trying the next source.`);
    }
  }
  const only = failures[0];
  if (only !== undefined && failures.length === 1) {
    throw new NearfarError(only.error.kind, `${only.reference}: ${only.error.message}`, {
      cause: only.error,
      ...(only.error.field === undefined ? {} : { field: only.error.field }),
    });
  }
  const list = failures.map(({ reference, error }) => `\n- ${reference}: ${error.message}`).join('');
  throw new NearfarError('unavailable', `No source could deliver ${plan.id ?? 'the model'}:${list}`, {
    cause: only?.error,
  });
}

async function landFiles(
  plan: PullPlan,
  reference: string,
  files: readonly FetchedFile[],
  settings: PullSettings,
): Promise<Manifest> {
  const first = files[0];
  if (first === undefined) throw new NearfarError('unavailable', 'The source delivered no file.');
  const facts: GgufFacts[] = [];
  const header = await readGguf(first.path);
  for (const file of files) facts.push(ggufFacts(await readGguf(file.path)));
  const head = facts[0];
  if (head === undefined) throw new NearfarError('unavailable', 'The source delivered no file.');
  const isAdapter = header.metadata.get('general.type') === 'adapter';
  if (settings.keeps === 'adapters') requireLora(reference, header);
  else if (isAdapter) {
    throw new NearfarError(
      'invalid_request',
      `${reference} is a LoRA adapter, not a model: name it in the settings, adapters: { NAME: { model: ID, reference: "${reference}" } }.`,
      { field: 'reference' },
    );
  }
  if (head.architecture === null) {
    throw new NearfarError(
      'invalid_request',
      `${reference} is a GGUF file, but not of a model: it names no architecture.`,
      {
        field: 'reference',
      },
    );
  }
  if (head.splitCount !== files.length && head.splitCount > 1) {
    throw new NearfarError(
      'unavailable',
      `The model is split into ${head.splitCount} files, and ${files.length} of them came.`,
    );
  }
  // The catalog's SHA-256 names a model wherever its file came from.
  const choice = plan.choice ?? (files.length === 1 && !isAdapter ? findBySha256(first.sha256) : null);
  const id = choice === null ? (plan.id ?? idOfFileName(basename(first.path))) : idOfChoice(choice);
  const folder = join(settings.modelsPath, folderOfId(id));
  const present = await readManifest(folder);
  if (present !== null) {
    if (choice !== null && present.files[0]?.sha256 === first.sha256) return present;
    throw new NearfarError('conflict', `${id} is already here, from ${present.reference}.`, {
      field: 'reference',
    });
  }
  await mkdir(folder, { recursive: true });
  const landed: Manifest['files'] = [];
  for (const file of files) {
    const name = basename(file.path);
    const target = join(folder, name);
    await landFile(file.path, target);
    const { size } = await stat(target);
    landed.push({ name, bytes: size, sha256: file.sha256, verified: file.verified || choice !== null });
  }
  const entry = choice?.entry;
  const manifest: Manifest = {
    version: 1,
    id,
    reference,
    grade: entry?.grade ?? 'ungraded',
    license: entry?.license ?? head.license,
    family: entry?.family ?? head.architecture,
    format: head.format,
    contextTokenCount: head.contextTokenCount,
    parameterCount: facts.reduce((sum, part) => sum + part.parameterCount, 0),
    pulledAt: new Date().toISOString(),
    files: landed,
    requantization: null,
  };
  await writeManifest(folder, manifest);
  return manifest;
}
