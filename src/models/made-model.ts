import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelGrade } from '../chat/part.ts';
import { NearfarError } from '../chat/error.ts';
import { landFile, sha256OfFile } from './file-digest.ts';
import { lockFile } from './file-lock.ts';
import { ggufFacts } from './gguf-facts.ts';
import { readGguf } from './gguf.ts';
import { folderOfId, readManifest, writeManifest, type Manifest } from './manifest.ts';
import { installedOf, modelsPathOf, type InstalledModel } from './store.ts';

/** How the reference of a model begins that was made here: it has no source that could deliver it again. */
export const madeReferencePrefix = 'quantized:';

export interface MadeModel {
  /** nearfar's home. */
  readonly home: string;
  readonly id: string;
  readonly fileName: string;
  /** What it was made of: a model's id or a file's name. */
  readonly from: string;
  readonly grade: ModelGrade;
  readonly license: string | null;
  readonly family: string | null;
  readonly signal: AbortSignal;
}

const idShape = /^[a-z0-9][a-z0-9._-]{0,99}(?::[a-z0-9._-]{1,99})?$/;

/** @throws NearfarError `invalid_request` for what cannot be a model's id */
export function requireId(id: string): void {
  if (idShape.test(id)) return;
  const shape = 'lower-case letters, digits, dots and dashes, then perhaps a colon and a tag';
  throw new NearfarError('invalid_request', `${JSON.stringify(id)} is no id of a model: expected ${shape}.`, {
    field: 'id',
  });
}

/** @throws NearfarError `conflict` where the id is taken */
export async function requireFree(home: string, id: string): Promise<void> {
  const present = await readManifest(join(modelsPathOf(home), folderOfId(id)));
  if (present === null) return;
  throw new NearfarError(
    'conflict',
    `${id} is here already, from ${present.reference}; \`nearfar rm ${id}\` makes room, --id gives the new one another name.`,
    { field: 'id' },
  );
}

/**
 * Lets `make` write a model's file and keeps it in the store, as if it had been pulled: it appears when it is whole.
 * @throws NearfarError `conflict` where the id is taken, and what `make` throws; nothing is left behind then
 */
export async function keepMadeModel(
  model: MadeModel,
  make: (path: string) => Promise<void>,
): Promise<InstalledModel> {
  const modelsPath = modelsPathOf(model.home);
  const folderName = folderOfId(model.id);
  const folder = join(modelsPath, folderName);
  const staging = join(modelsPath, '.partial', `${folderName}.quantize`);
  await mkdir(modelsPath, { recursive: true });
  const lock = await lockFile(join(modelsPath, '.locks', `${folderName}.lock`), { signal: model.signal });
  try {
    await requireFree(model.home, model.id);
    // What a killed run left behind is worth nothing.
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    const path = join(staging, model.fileName);
    await make(path);
    const header = await readGguf(path);
    const facts = ggufFacts(header);
    const sha256 = await sha256OfFile(path, { signal: model.signal });
    await mkdir(folder, { recursive: true });
    await landFile(path, join(folder, basename(path)));
    const manifest: Manifest = {
      version: 1,
      id: model.id,
      reference: `${madeReferencePrefix}${model.from}`,
      grade: model.grade,
      license: model.license ?? facts.license,
      family: model.family ?? facts.architecture,
      format: facts.format,
      contextTokenCount: facts.contextTokenCount,
      parameterCount: facts.parameterCount,
      pulledAt: new Date().toISOString(),
      files: [{ name: basename(path), bytes: header.expectedFileBytes, sha256, verified: false }],
      requantization: null,
    };
    await writeManifest(folder, manifest);
    return installedOf(folder, manifest);
  } finally {
    await rm(staging, { recursive: true, force: true });
    lock.release();
  }
}
