import type { CatalogEntry, CatalogFile } from './catalog/entry.ts';
import { gemma } from './catalog/gemma.ts';
import { others } from './catalog/others.ts';
import { qwen } from './catalog/qwen.ts';
import { smollm2 } from './catalog/smollm2.ts';
import { formatReference, parseReference, type ModelReference } from './reference.ts';

/** Every model that nearfar knows by name. */
export const catalog: readonly CatalogEntry[] = [...smollm2, ...qwen, ...gemma, ...others];

/** Proves the installation without account or hub. */
export const defaultModelId = 'smollm2-135m-instruct';

export interface CatalogChoice {
  readonly entry: CatalogEntry;
  readonly file: CatalogFile;
}

/** What the model is called here: the entry's id, with its format where that is not the default one. */
export function idOfChoice({ entry, file }: CatalogChoice): string {
  return file === entry.files[0] ? entry.id : `${entry.id}:${file.format.toLowerCase()}`;
}

/** @returns `null` where the catalog has no such model, or not in this format */
export function chooseFromCatalog(id: string, format: string | null): CatalogChoice | null {
  const entry = catalog.find((candidate) => candidate.id === id);
  if (entry === undefined) return null;
  const file =
    format === null ? entry.files[0] : entry.files.find((candidate) => candidate.format === format);
  return file === undefined ? null : { entry, file };
}

function isSameSource(reference: ModelReference, other: ModelReference): boolean {
  if (reference.scheme === 'pypi' && other.scheme === 'pypi') {
    return (
      reference.packageName.toLowerCase() === other.packageName.toLowerCase() &&
      (reference.version ?? other.version) === other.version &&
      reference.file === other.file
    );
  }
  if (reference.scheme === 'hf' && other.scheme === 'hf' && reference.file !== other.file) return false;
  return formatReference(reference).toLowerCase() === formatReference(other).toLowerCase();
}

/** The entry whose source a direct reference names, so that it gets the entry's id, grade and SHA-256. */
export function findBySource(reference: ModelReference): CatalogChoice | null {
  for (const entry of catalog) {
    for (const file of entry.files) {
      if (file.sources.some((source) => isSameSource(reference, parseReference(source.reference)))) {
        return { entry, file };
      }
    }
  }
  return null;
}

/** The entry whose file this is, by its content, wherever it came from. */
export function findBySha256(sha256: string): CatalogChoice | null {
  for (const entry of catalog) {
    for (const file of entry.files) {
      if (file.sources.some((source) => source.sha256 === sha256)) return { entry, file };
    }
  }
  return null;
}
